"""What a process imports before it works: each start of a driver or a worker pays for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKERS = """
import os, sys
from automl_on_ray.trainables.datasets._dataset import load_dataset
for worker in range(2):
    if os.fork() == 0:
        load_dataset("digits")
        print("sklearn" in sys.modules, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""
STUDIES = """
from automl_on_ray.studies.hpo import tune_hyperparameters
from automl_on_ray.studies.architecture import search_architectures
"""
FOLDS = """
from automl_on_ray.studies.tables import search_pipelines
from automl_on_ray.studies.forecasting import search_forecasts
from automl_on_ray.studies.recommendation import search_recommenders
from automl_on_ray.studies.series_classes import search_classifiers
"""
RUN = """
import runpy, sys
for words in {commands!r}:
    sys.argv = words.split()
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        assert ended.code == {code}, (words, ended.code)
    heavy = {heavy} & set(sys.modules)
    assert not heavy, (words, heavy)
"""
AFTER = {
    "a mistake": RUN.format(
        commands=["workflows/hpo.py --dataset digits --space docs.own_trainable:NONE"],
        code=2, heavy=set(),
    ),
    "folds": FOLDS,
    "a study": STUDIES,
    "a trainable of one's own": "import docs.own_trainable",
}  # fmt: skip
# All of them import Tune, so one process does that, and each is forked from it.
FORKS = """
import json, os, sys
import ray.tune
found = {{}}
for name, code in {after!r}.items():
    ours, theirs = os.pipe()
    if os.fork() == 0:
        exec(code, {{"__name__": "__main__"}})
        os.write(theirs, json.dumps(list(sys.modules)).encode())
        os._exit(0)
    os.close(theirs)
    with open(ours) as pipe:
        found[name] = json.load(pipe)
    assert os.wait()[1] == 0, name
print()
print(json.dumps(found))
"""
HELP = sorted(f"{path.relative_to(ROOT)} --help" for path in (ROOT / "workflows").glob("[a-z]*.py"))
SECONDS_EACH = {"ray", "torch", "ax", "mlflow", "matplotlib", "pandas", "sklearn", "scipy",
                "pyarrow"}  # fmt: skip
MISTAKES = [
    "workflows/hpo.py --trials 0",
    "workflows/hpo.py --n-trials 3",
    "workflows/hpo.py --dataset mnst",
    "workflows/hpo.py --dataset ./none.npz",
    "workflows/hpo.py --space mnist-cn",
    "workflows/hpo.py --searcher bayes",
    "workflows/hpo.py --searcher bayesan",
    "workflows/hpo.py --scheduler ahsa",
    "workflows/hpo.py --objective a,-",
    "workflows/hpo.py --dataset digits --objective acuracy",
    "workflows/hpo.py --dataset digits --scheduler pb2",
    "workflows/hpo.py --dataset digits --explore ax",
    "workflows/hpo.py --dataset digits --cpus-per-trial 99999",
    "workflows/hpo.py --name a/b",
    "workflows/hpo.py --try-first none.json",
    "workflows/hpo.py --cost 1",
    "workflows/hpo.py --tracking-uri http://me:secret@127.0.0.1:9",
    "workflows/hpo.py --config none.yaml",
    "workflows/nas.py --space darst",
    "workflows/nas.py --evaluation one-shoot",
    "workflows/nas.py --stage trian",
    "workflows/nas.py --remedy none",
    "workflows/nas.py --dataset digits --select magnitud",
    "workflows/automl.py none.csv --target y",
    "workflows/compare.py --base randm",
    "workflows/compare.py --method evoltion:population=4",
    "workflows/doctor.py",
]


def printed(code, cache):
    """What a process prints that does so, which must not fail."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT,
        env={**os.environ, "AUTOML_CACHE_DIR": str(cache)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_help_comes_without_what_takes_seconds_to_import(tmp_path):
    printed(RUN.format(commands=HELP, code=0, heavy=SECONDS_EACH), tmp_path)


def test_a_mistake_in_words_is_refused_before_that_is_imported(tmp_path):
    printed(RUN.format(commands=MISTAKES, code=2, heavy=SECONDS_EACH), tmp_path)


@pytest.fixture(scope="module")
def with_tune(tmp_path_factory):
    """The modules of processes that did what each of AFTER says, by its name."""
    code = FORKS.format(after=AFTER)
    return json.loads(printed(code, tmp_path_factory.mktemp("cache")).splitlines()[-1])


def test_too_many_gpus_are_refused_without_torch(tmp_path):
    asked = ["workflows/hpo.py --dataset digits --gpus-per-trial 99"]
    printed(RUN.format(commands=asked, code=2, heavy=SECONDS_EACH - {"ray"}), tmp_path)


def test_mistakes_in_ones_own_code_are_refused_without_torch(with_tune):
    assert not {"torch", "ax", "mlflow"} & set(with_tune["a mistake"])


def test_studies_by_folds_import_no_torch(with_tune):
    assert not {"torch", "skops", "mlflow", "ax", "matplotlib"} & set(with_tune["folds"])


def test_a_study_imports_nothing_slow_that_it_may_never_need(with_tune):
    slow = {"scipy", "matplotlib", "sklearn", "mlflow", "ax"}
    assert not slow & set(with_tune["a study"])


def test_a_look_at_studies_imports_neither_ray_nor_torch(tmp_path):
    looks = [f"workflows/studies.py list --storage {tmp_path}"]
    printed(RUN.format(commands=looks, code=0, heavy={"ray", "torch", "mlflow"}), tmp_path)


def test_a_trainable_of_ones_own_brings_none_of_our_libraries_to_its_workers(with_tune):
    assert not {"torch", "mlflow", "ax"} & set(with_tune["a trainable of one's own"])


def test_digits_need_scikit_learn_once_a_machine(tmp_path):
    first, second = printed(WORKERS, tmp_path).split()
    assert (first, second) == ("True", "False")
