"""Every piece of Python in the README and the pages runs, with one trial in place of many."""

import ast
import functools
import importlib.util
import itertools
import re
import shutil
import sys
from pathlib import Path

import pytest

import automl_on_ray
from automl_on_ray.trainables.users_own import trainable_of

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?P<before>.*)\n```python *(?P<word>.*)\n(?P<code>(?s:.*?))^```", re.M)
ALONE = "Each section below is complete"  # in pages whose sections do not build on each other
MAX_NOT_RUN = 3
# Sections of own_code.md whose function reports a checkpoint each epoch: a config, and its epochs.
LIBRARIES = {
    "A PyTorch function with checkpoints": ({"lr": 1e-3, "width": 16}, 10),
    "PyTorch Lightning": ({"lr": 1e-3}, 5),
    "Hugging Face Trainer": ({"lr": 1e-3}, 5),
    "XGBoost": ({"eta": 0.3, "max_depth": 3}, 20),
    "Keras": ({"lr": 1e-3}, 5),
}


# Several studies each.
LONG = {*LIBRARIES, "Tutorial: fifteen minutes", "From a table to a model",
        "From series to forecasts", "From events to a recommender",
        "Classes of time series",         "Hypergradients: tune while training"}  # fmt: skip
# One each, of calls that tests/studies/from_python/test_calls.py makes too.
LIKE_OTHERS = {"A function without checkpoints", "A scikit-learn estimator"}


def blocks(text):
    return [one["code"] for one in BLOCK.finditer(text) if not one["word"]]


def sections(page):
    """Code by heading; of a page whose sections build on each other, all of it."""
    text = page.read_text(encoding="utf-8")
    parts = re.split(r"^## ", text, flags=re.M) if ALONE in text else [text]
    codes = {part.partition("\n")[0].strip("# "): "\n".join(blocks(part)) for part in parts}
    return {heading: code for heading, code in codes.items() if code}


def examples():
    """What is long runs in CI alone. The test of checkpoints runs the training of libraries."""
    return [
        pytest.param(
            page,
            heading,
            id=f"{page.name}: {heading}",
            marks=[pytest.mark.whole] if heading in LONG | LIKE_OTHERS else [],
        )
        for page in PAGES
        for heading in sections(page)
    ]


EXTRAS = {"lightning", "transformers", "accelerate", "keras", "xgboost"}


@pytest.mark.whole
def test_the_libraries_of_the_examples_are_installed():
    assert all(map(importlib.util.find_spec, EXTRAS))


def code_of(page, heading):
    """Skips where a library that an example is about is not installed; in CI all of them are."""
    code = sections(page)[heading]
    nodes = list(ast.walk(ast.parse(code)))
    names = [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [one.name for node in nodes if isinstance(node, ast.Import) for one in node.names]
    for name in sorted({name.partition(".")[0] for name in names} - {"digits_study"}):
        if name in EXTRAS and importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: pip install 'automl-on-ray[examples]'")
    return code


def run(code):
    names = {"__name__": "__main__"}
    exec(compile(code, "page.py", "exec"), names)
    return names


def before_the_study(code):
    """What stands above the first call of `tune`."""
    tree = ast.parse(code)
    calls = [
        node.lineno
        for node in tree.body
        for each in ast.walk(node)
        if isinstance(each, ast.Call) and getattr(each.func, "id", "") == "tune"
    ]
    tree.body = [node for node in tree.body if node.lineno < calls[0]]
    return ast.unparse(tree)


@pytest.fixture(autouse=True)
def _path_without_tests(monkeypatch):
    """pytest adds folders of tests; `datasets` in one of them is not the library of that name."""
    own = [path for path in sys.path if not Path(path).is_relative_to(ROOT / "tests")]
    monkeypatch.setattr(sys, "path", own)


USUAL = {"searcher": "sobol", "final_seeds": 1}  # of `tune`, unless a page says another
QUICK = "tests.workflows"
FEWER = {
    "tune": {},
    "automl": {"folds": 2, "space": f"{QUICK}.tables.quick_space:SPACE"},
    "forecast": {"origins": 1, "space": f"{QUICK}.forecasting.quick_forecasts:SPACE"},
    "classify_series": {"space": f"{QUICK}.series_classes.quick_series:SPACE"},
    "recommend": {
        "folds": 1, "subset": 100, "space": f"{QUICK}.recommendation.quick_recommenders:SPACE",
    },
}  # fmt: skip


@pytest.fixture
def small(monkeypatch, tmp_path, template):
    """In a folder of its own, each call tries one config, which no model proposes."""
    (tmp_path / "runs").mkdir()
    shutil.copy(template, tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, fewer in FEWER.items():
        real, usual = getattr(automl_on_ray, name), USUAL if name == "tune" else {}
        less = {"trials": 1, "slots": 1, "minutes": 60, **fewer}

        @functools.wraps(real)
        def call(*given, real=real, usual=usual, less=less, **options):
            return real(*given, **{**usual, **options, **less})

        monkeypatch.setattr(automl_on_ray, name, call)


@pytest.mark.parametrize(("page", "heading"), examples())
def test_the_python_of_a_page_runs(page, heading, ray_cluster, small, tmp_path):
    code = code_of(page, heading)
    # The page has its reader put its first block there, and later ones import it.
    (tmp_path / "digits_study.py").write_text(blocks(page.read_text(encoding="utf-8"))[0])
    names = run(code)
    sys.modules.pop("digits_study", None)
    results = [each for each in names.values() if isinstance(each, automl_on_ray.Result)]
    assert results
    for result in results:
        assert result.state == "finished"
        assert result.best is not None
        assert not result.failed


TUTORIAL = "the tutorial's function"
TRAINED = {**LIBRARIES, TUTORIAL: ({"lr": 1e-3, "width": 16}, 10)}
RATES, METRICS = ("lr", "eta"), ("loss", "accuracy")
# Their imports take seconds; torch and XGBoost show the same at once.
HEAVY = ("PyTorch Lightning", "Hugging Face Trainer", "Keras")


def trained(heading):
    """The trainable of an example."""
    if heading == TUTORIAL:
        code = blocks((ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8"))[0]
    else:
        code = code_of(ROOT / "docs" / "python" / "own_code.md", heading)
    return trainable_of(run(before_the_study(code))["train"])


def rest(trial):
    """What it reports until its end."""
    reports = iter(trial.train, None)
    return list(itertools.takewhile(lambda each: not each.get("__duplicate__", False), reports))


@pytest.mark.parametrize(
    "heading",
    [pytest.param(one, marks=[pytest.mark.whole] if one in HEAVY else []) for one in TRAINED],
)
def test_a_library_s_training_goes_on_from_its_checkpoint_with_its_own_rate_and_ends_when_told(
    heading, tmp_path
):
    """As a clone in a population does, whose rate is another one: with 0 it learns no more."""
    config, epochs = TRAINED[heading]
    kind = trained(heading)
    one = kind(config=dict(config))
    first, second = one.train(), one.train()
    (metric,) = set(METRICS) & set(second)
    assert first[metric] != second[metric]
    saved = one.save(str(tmp_path))
    assert one.reset_config(dict(config))
    one.stop()
    clone = kind(config={**config, **{rate: 0.0 for rate in RATES if rate in config}})
    clone.restore(saved)
    reports = rest(clone)
    clone.stop()
    assert len(reports) == epochs - 2
    assert [each[metric] for each in reports] == pytest.approx([second[metric]] * len(reports))


def test_code_that_is_not_run_is_rare_and_says_why():
    left_out = [
        (page.name, one["word"], one["before"])
        for page in PAGES
        for one in BLOCK.finditer(page.read_text(encoding="utf-8"))
        if one["word"]
    ]
    assert len(left_out) <= MAX_NOT_RUN
    for page, word, before in left_out:
        assert word == "no-run", page
        assert before.startswith("<!-- Not run: "), page


def test_the_readme_s_example_is_short():
    (block,) = blocks(README.read_text(encoding="utf-8"))
    assert sum(bool(line.strip()) for line in block.splitlines()) <= 15
