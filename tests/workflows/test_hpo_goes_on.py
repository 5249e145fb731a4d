"""Studies by workflows/hpo.py that are stopped, killed or partly failed, and go on."""

import os
import signal
from collections import Counter

import psutil
import pytest
from mlflow.tracking import MlflowClient
from ray.tune.schedulers import FIFOScheduler

from automl_on_ray.studies.folder import StudyFolder
from tests.helpers.crashing import GATE
from tests.helpers.studies import (
    COSTLY,
    GATED,
    ONE,
    OWN,
    rows_of,
    run,
    runs_of,
    start,
    wait_for,
)


@pytest.mark.slow
def test_failed_trials_are_named_and_tried_again_when_asked_and_do_not_end_the_study(
    storage, ray_cluster
):
    command = [
        *OWN, *ONE, "--trainable", "tests.helpers.crashing:Crashing", "--searcher", "sobol",
        "--scheduler", "fifo", "--trials", 2, "--epochs", 2, "--max-failures", 0,
    ]  # fmt: skip

    def outcomes():
        trials = runs_of(storage, "crashing")["trial"]
        return Counter(trial.data.tags["automl.outcome"] for trial in trials)

    study = run(storage, "crashing", *command)
    assert study.exit_code == 1, study.output
    assert "ValueError: no x above zero" in study.output
    assert outcomes() == {"completed": 1, "failed": 1}
    assert study.output.count(" failed: ValueError") == 1
    (storage / "crashing" / "search" / "mended").touch()
    again = run(storage, "crashing", *command, "--retry-failed")
    assert again.exit_code == 0, again.output
    assert outcomes() == {"completed": 2}


POOR = ["poor", *COSTLY, "--epochs", 3, "--trials", 50]


@pytest.fixture(scope="module")
def poor(storage, ray_cluster):
    """What a study says whose driver died between its last trial and its word of that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StudyFolder, "write_rows", lambda *_: 1 / 0)
        died = run(storage, *POOR, "--cost", 0.002)
        assert "unexpected error: ZeroDivisionError" in died.stderr
    result = run(storage, *POOR, "--cost", 0.002)
    assert result.exit_code == 0, result.output
    return result, rows_of(storage, "poor")


@pytest.mark.slow
def test_a_cost_budget_ends_the_search_says_so_and_may_be_raised(poor, storage):
    result, _ = poor
    assert "cost budget of 0.002 is used up" in " ".join(result.output.split())
    trials = runs_of(storage, "poor")["trial"]
    assert len(trials) < 5
    outcomes = {run.data.tags["automl.outcome"] for run in trials}
    assert "stopped" in outcomes
    assert "pruned" not in outcomes
    assert "unfinished" in result.output
    assert "stopped early by the scheduler" not in result.output
    more = run(storage, *POOR, "--cost", 0.005)
    assert more.exit_code == 0, more.output
    assert len(trials) < len(runs_of(storage, "poor")["trial"]) < 10


def test_trials_that_a_budget_cut_stay_unfinished_when_the_driver_dies_before_it_says_so(poor):
    short = [row for row in poor[1] if row["iterations"] < 3]
    assert short
    assert {row["outcome"] for row in short} == {"stopped"}


def test_a_study_that_an_error_ends_leaves_no_run_running_and_goes_on(
    storage, ray_cluster, monkeypatch
):
    def break_down(self, tune_controller, trial, result):
        raise LookupError("nobody is in [rung 3]")

    command = [
        "broken", *OWN, *ONE, "--trainable", "tests.helpers.crashing:Steady",
        "--searcher", "random", "--scheduler", "fifo", "--trials", 2, "--epochs", 2,
    ]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(FIFOScheduler, "on_trial_result", break_down)
        broken = run(storage, *command)
    assert broken.exit_code == 1, broken.output
    (line,) = [line for line in broken.stderr.splitlines() if line.startswith("Error: ")]
    assert "LookupError: nobody is in [rung 3]" in line
    assert "break_down" in (storage / "broken" / "error.txt").read_text()
    statuses = {run.info.status for runs in runs_of(storage, "broken").values() for run in runs}
    assert "RUNNING" not in statuses
    again = run(storage, *command)
    assert again.exit_code == 0, again.output
    assert [row["outcome"] for row in rows_of(storage, "broken")] == ["completed"] * 2


@pytest.mark.whole
def test_a_study_whose_driver_is_killed_goes_on_with_the_same_command_on_any_machine(
    storage, ray_cluster
):
    """In the middle of a trial; it goes on under another Ray.

    By parts, quickly: tests/tracking/test_callback.py. What it decides then: tests/simulation.
    """
    options = [*GATED, *ONE, "--searcher", "random", "--trials", 3, "--epochs", 5,
               "--final-seeds", 0]  # fmt: skip
    study = storage / "killed"
    process = start(storage, "killed", *options, **{GATE: str(storage / "never")})
    for sign in ("search/*/checkpoint_000001", "search/kept/experiment_state*"):
        wait_for(sign, study, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for journal in (study / "journal").glob("*.jsonl"):
        with journal.open("a") as file:
            file.write('{"run":"torn in the mid')  # what a kill in mid-write leaves
    result = run(storage, "killed", *options)
    assert result.exit_code == 0, result.output

    roles = runs_of(storage, "killed")
    assert [len(roles[role]) for role in ("study", "trial")] == [1, 3]
    assert len({trial.data.tags["automl.trial_id"] for trial in roles["trial"]}) == 3
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    for trial in roles["trial"]:
        assert trial.data.tags["automl.outcome"] == "completed"
        history = client.get_metric_history(trial.info.run_id, "score")
        x = float(trial.data.params["x"])
        assert [(m.step, m.value) for m in sorted(history, key=lambda m: m.step)] == [
            (step, pytest.approx(step * x)) for step in range(1, 6)
        ]


def test_control_c_stops_a_study_and_says_how_to_go_on(storage, ray_cluster, monkeypatch):
    """After an epoch of many. What else began in a terminal gets it too: the next test."""
    reports = []

    def interrupted(self, tune_controller, trial, result):
        reports.append(result)
        if len(reports) == 1:
            signal.raise_signal(signal.SIGINT)
        return FIFOScheduler.CONTINUE

    monkeypatch.setattr(FIFOScheduler, "on_trial_result", interrupted)
    stopped = run(
        storage, "interrupted", *OWN, *ONE, "--trainable", "tests.helpers.crashing:Steady",
        "--searcher", "random", "--scheduler", "fifo", "--trials", 2, "--epochs", 50,
    )  # fmt: skip
    assert stopped.exit_code == 130, stopped.output
    assert len(reports) < 50
    assert "everything is kept. To go on:" in " ".join(stopped.output.split())
    assert "--name interrupted" in stopped.output
    trials = runs_of(storage, "interrupted")["trial"]
    assert {trial.data.tags["automl.outcome"] for trial in trials} == {"stopped"}
    assert {trial.info.status for trial in trials} == {"FINISHED"}


@pytest.mark.whole
def test_control_c_stops_cleanly_and_says_how_to_go_on(storage, ray_cluster):
    """Of a terminal: all processes in the foreground get it, Ax's too.

    To go on from what a kill leaves, which is less: the test before, and those that it names.
    """
    options = [*GATED, *ONE, "--searcher", "bayesian", "--trials", 2, "--epochs", 6]
    process = start(storage, "stopped", *options, **{GATE: str(storage / "never")})
    wait_for("search/*/checkpoint_000001", storage / "stopped", process)
    began = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert not psutil.wait_procs(began, timeout=10)[1]
    assert "everything is kept. To go on:" in output
    assert "--name stopped" in output
    outcomes = {t.data.tags["automl.outcome"] for t in runs_of(storage, "stopped")["trial"]}
    assert "stopped" in outcomes
    assert "RUNNING" not in {t.info.status for t in runs_of(storage, "stopped")["trial"]}
