"""Every piece of Python in the README and the pages runs, with fewer trials than they ask for."""

import ast
import functools
import importlib.util
import itertools
import re
import shutil
import subprocess
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


@pytest.fixture
def small(monkeypatch, tmp_path, template):
    """In a folder of its own, `tune` has two trials that no model proposes; so have others."""
    (tmp_path / "runs").mkdir()
    shutil.copy(template, tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    real, of_tables, of_series = (
        automl_on_ray.tune, automl_on_ray.automl, automl_on_ray.forecast
    )  # fmt: skip

    @functools.wraps(real)
    def fewer(*given, trials=16, **options):
        usual = {"searcher": "sobol", "slots": 1, "final_seeds": 1}
        return real(*given, **{**usual, **options, "trials": min(trials, 2)})

    @functools.wraps(of_tables)
    def quicker(*given, **options):
        own = {**options, "trials": 2, "folds": 2, "slots": 1}
        return of_tables(*given, **own)

    @functools.wraps(of_series)
    def shorter(*given, **options):
        return of_series(*given, **{**options, "trials": 2, "origins": 1, "slots": 1})

    monkeypatch.setattr(automl_on_ray, "tune", fewer)
    monkeypatch.setattr(automl_on_ray, "forecast", shorter)
    monkeypatch.setattr(automl_on_ray, "automl", quicker)


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


@pytest.mark.whole
def test_the_readme_s_function_is_tuned_from_the_shell(tmp_path):
    """With fewer trials than the README asks for: each starts a process."""
    text = README.read_text(encoding="utf-8")
    (block,) = blocks(text)
    (command,) = re.findall(r"python (workflows/hpo\.py --trainable mine:.*)", text)
    (tmp_path / "mine.py").write_text(before_the_study(block))
    script, *words = command.split()
    done = subprocess.run(
        [sys.executable, ROOT / script, *words, "--trials", "4", "--name", "own"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 trials: " in done.stdout
    assert sum(bool(line.strip()) for line in block.splitlines()) <= 15
