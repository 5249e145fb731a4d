"""workflows/recommend.py from a file to a model that another process loads; killed, it goes on.

By parts, quickly: tests/studies/recommendation/test_recommend_ending.py,
tests/trainables/recommendation/test_registered_recommender.py. A command from end to end that
shares its course: tests/workflows/forecasting.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.clicks import clicks
from tests.helpers.studies import rows_of, runs_of, wait_for

ROOT = Path(__file__).parents[3]
LOADED = """
import json, sys, mlflow, pandas
sys.modules["automl_on_ray"] = None  # not to be imported
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
asked = pandas.DataFrame({"who": ["u0", "new"], "what": [None, "a0"]})
print(json.dumps(model.predict(asked, params={"count": 3}).to_dict("list")))
"""
# Fits of a moment, one at a time: what is found does not depend on the clock.
QUICK = ["--user", "who", "--item", "what", "--time", "when", "--folds", 2, "--trials", 5,
         "--slots", 1, "--cpus-per-trial", 1, "--scheduler", "fifo",
         "--space", "tests.workflows.recommendation.quick_recommenders:SPACE"]  # fmt: skip


def command(storage, name, *arguments):
    words = [ROOT / "workflows" / "recommend.py", "--storage", storage, "--name", name, *arguments]
    return [sys.executable, *map(str, words)]


def run(storage, name, *arguments):
    return subprocess.run(
        command(storage, name, *arguments), cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "clicks.csv"
    clicks().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def done(storage, events):
    return run(storage, "whole", events, *QUICK)


def report_of(storage, name):
    return json.loads((storage / name / "recommend_report.json").read_text())["report"]


@pytest.mark.whole
def test_a_command_finds_a_recommender_and_says_how_it_stands(done, storage):
    assert done.returncode == 0, done.stdout + done.stderr
    names = [one["name"] for one in report_of(storage, "whole")["compared"]]
    assert names == ["popularity", "recent popularity", "ItemKNN", "EASE", "found"]
    assert "by time: the last events" in done.stdout
    for name in names:
        assert any(line.strip().startswith(name) for line in done.stdout.splitlines())


@pytest.mark.whole
def test_the_registered_model_is_loaded_without_this_repository(done, storage, tmp_path):
    uri = json.loads((storage / "whole" / "summary.json").read_text())["model"]
    words = [sys.executable, "-c", LOADED, f"sqlite:///{storage}/mlflow.db", uri]
    loaded = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    answers = json.loads(loaded.stdout.splitlines()[-1])
    assert answers["who"] == ["u0"] * 3 + ["new"] * 3
    assert "a0" not in answers["what"][3:]


@pytest.mark.whole
def test_the_page_of_the_study_has_the_figures_of_its_test_part(done, storage):
    (study,) = runs_of(storage, "whole")["study"]
    page = next(Path(study.info.artifact_uri.removeprefix("file://")).rglob("*.html")).read_text()
    for name in ("Recommenders compared", "Coverage and accuracy", "Most recommended items"):
        assert f"<h2>{name}</h2>" in page


@pytest.mark.whole
def test_killed_and_resumed_it_ends_the_same(done, storage, events):
    process = subprocess.Popen(
        command(storage, "killed", events, *QUICK), cwd=ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for sign in ("search/*/checkpoint_000001", "search/kept/experiment_state*"):
        wait_for(sign, storage / "killed", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    again = run(storage, "killed", events, *QUICK)
    assert again.returncode == 0, again.stdout + again.stderr

    def told(name):
        return [(row["config"], row["outcome"], row["metrics"].get("val_ndcg"))
                for row in rows_of(storage, name)]  # fmt: skip

    assert told("killed") == told("whole")
    for key in ("metric", "users", "items", "same_as", "activity", "shown"):
        assert report_of(storage, "killed")[key] == report_of(storage, "whole")[key]


@pytest.mark.whole
def test_several_objectives_seek_a_front(storage, events):
    asked = [*QUICK, "--objective=ndcg,coverage"]
    several = run(storage, "front", events, *asked)
    assert several.returncode == 0, several.stdout + several.stderr
    assert "Pareto front" in several.stdout
    assert all({"val_ndcg", "val_coverage"} <= set(row["metrics"])
               for row in rows_of(storage, "front"))  # fmt: skip
