"""Whole studies by workflows/hpo.py: real Ray, real MLflow, scikit-learn's digits."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
import typer
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from workflows._folder import StudyFolder
from workflows.hpo import hpo

app = typer.Typer()
app.command()(hpo)

ROOT = Path(__file__).parents[2]
QUICK = ["--dataset", "digits", "--subset", 400, "--epochs", 2, "--trials", 4, "--slots", 2]
OWN = ["--space", "tests.workflows.crashing:SPACE", "--objective", "score", "--slots", 2]
SLOW = [*OWN, "--trainable", "tests.workflows.crashing:Slow", "--searcher", "random"]


@pytest.fixture(scope="module")
def storage(tmp_path_factory):
    """One for all studies of this file: to make MLflow's database takes seconds."""
    return tmp_path_factory.mktemp("studies") / "runs"


@pytest.fixture(autouse=True)
def _no_store_of_other_tests(monkeypatch):
    """`mlflow.set_tracking_uri` of a test before leaves its store in the environment."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_REGISTRY_URI", raising=False)


def run(storage, name, *arguments):
    every = ["--storage", storage, "--name", name, *arguments]
    return CliRunner().invoke(app, [str(argument) for argument in every])


def runs_of(storage, name):
    """MLflow's run of the study, and those of its trials by role."""
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    study_id = json.loads((storage / name / "study.json").read_text())["study_id"]
    found = client.search_runs(
        [experiment.experiment_id for experiment in client.search_experiments()],
        f"tags.`automl.study_id` = '{study_id}'",
        max_results=1000,
    )
    roles = {}
    for each in found:
        roles.setdefault(each.data.tags["automl.role"], []).append(each)
    return roles


def rows_of(storage, name):
    return json.loads((storage / name / "trials.json").read_text())


@pytest.mark.slow
def test_a_study_finds_tests_tracks_and_registers_a_model(storage, ray_cluster):
    result = run(storage, "whole", *QUICK, "--searcher", "random", "--final-seeds", 2)
    assert result.exit_code == 0, result.output
    roles = runs_of(storage, "whole")
    assert [len(roles[role]) for role in ("study", "trial", "final")] == [1, 4, 2]
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    outcomes = Counter(run.data.tags["automl.outcome"] for run in roles["trial"])
    assert set(outcomes) <= {"completed", "pruned"}
    assert not any("test_accuracy" in run.data.metrics for run in roles["trial"])
    assert all("test_accuracy" in run.data.metrics for run in roles["final"])
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    version = client.get_model_version_by_alias("hpo-digits", "champion")
    assert version.tags["automl.metric"] == "test_accuracy"
    for said in ("Best trials", "test_accuracy: ", "2 seeds", "the champion", "trials: http"):
        assert said in result.output

    again = run(storage, "whole", *QUICK, "--searcher", "random", "--final-seeds", 2)
    assert again.exit_code == 0, again.output
    assert {r: len(found) for r, found in runs_of(storage, "whole").items()} == {
        r: len(found) for r, found in roles.items()
    }
    fresh = run(storage, "whole", *QUICK, "--searcher", "random", "--final-seeds", 0, "--fresh")
    assert fresh.exit_code == 0, fresh.output
    assert len(list(storage.glob("whole*/study.json"))) == 2


@pytest.mark.slow
def test_more_trials_may_be_asked_of_a_study_that_has_ended(storage, ray_cluster):
    def best_and_rows():
        rows = rows_of(storage, "longer")
        return max(rows, key=lambda row: row["metrics"]["val_accuracy"])["trial_id"], rows

    quick = [*QUICK, "--final-seeds", 1, "--seed", 3]
    assert run(storage, "longer", *quick).exit_code == 0
    before, first = best_and_rows()
    longer = run(storage, "longer", *quick, "--trials", 9)
    assert longer.exit_code == 0, longer.output
    after, rows = best_and_rows()
    assert len(rows) == 9
    assert all(row in rows for row in first)
    roles = runs_of(storage, "longer")
    finals = len({before, after})
    assert [len(roles[role]) for role in ("study", "trial", "final")] == [1, 9, finals]
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    (study,) = {run.data.tags["automl.study_id"] for run in roles["study"]}
    models = [
        version.tags["automl.trial_id"]
        for version in client.search_model_versions("name = 'hpo-digits'")
        if version.tags["automl.study_id"] == study
    ]
    assert sorted(models) == sorted({before, after})
    fewer = run(storage, "longer", *quick)
    assert fewer.exit_code == 2
    assert "begun with trials = 9" in fewer.output


@pytest.mark.slow
def test_ax_finds_a_pareto_front_for_two_objectives(storage, ray_cluster):
    result = run(
        storage, "front", *QUICK, "--objective", "accuracy, -parameters", "--trials", 6,
        "--epochs", 1, "--final-seeds", 0,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Pareto front" in result.output


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["hyperband", "median-stopping", "pbt", "pb2"])
def test_every_scheduler_of_ray_brings_a_study_to_its_end(storage, ray_cluster, scheduler):
    result = run(
        storage, scheduler, *QUICK, "--scheduler", scheduler, "--searcher", "sobol",
        "--epochs", 3, "--final-seeds", 0,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    trials = runs_of(storage, scheduler)["trial"]
    assert len(trials) == 4
    assert {trial.info.status for trial in trials} == {"FINISHED"}


@pytest.mark.slow
def test_a_population_leaves_a_schedule_which_replayed_comes_to_about_the_same(
    storage, ray_cluster
):
    result = run(
        storage, "population", "--dataset", "digits", "--scheduler", "pbt", "--trials", 6,
        "--epochs", 8, "--interval", 2, "--slots", 2, "--final-seeds", 1,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    schedule = json.loads((storage / "population" / "schedule.json").read_text())
    assert schedule[-1]["end"] == 8
    study = runs_of(storage, "population")["study"][0]
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    kept = {file.path for file in client.list_artifacts(study.info.run_id)}
    assert {"schedule.json", "family.png", "schedule.png"} <= kept
    replayed = run(
        storage, "replayed", "--dataset", "digits", "--slots", 2, "--final-seeds", 0,
        "--replay", storage / "population" / "schedule.json",
    )  # fmt: skip
    assert replayed.exit_code == 0, replayed.output
    rows = rows_of(storage, "replayed")
    assert len(rows) == 3
    assert {row["metrics"]["training_iteration"] for row in rows} == {8}
    found = [row["metrics"]["val_accuracy"] for row in rows]
    lived = max(row["metrics"]["val_accuracy"] for row in rows_of(storage, "population"))
    assert abs(sum(found) / 3 - lived) < 0.04


@pytest.mark.slow
def test_failed_trials_are_named_and_tried_again_when_asked_and_do_not_end_the_study(storage):
    command = [
        *OWN, "--trainable", "tests.workflows.crashing:Crashing", "--searcher", "sobol",
        "--scheduler", "fifo", "--trials", 6, "--epochs", 2, "--max-failures", 0,
    ]  # fmt: skip

    def outcomes():
        trials = runs_of(storage, "crashing")["trial"]
        return Counter(trial.data.tags["automl.outcome"] for trial in trials)

    study = start(storage, "crashing", *command)
    output = study.communicate(timeout=120)[0]
    assert study.returncode == 1, output
    assert "ValueError: no x above zero" in output
    assert outcomes().total() == 6
    assert outcomes()["failed"] == output.count(" failed: ValueError") == 3
    (storage / "crashing" / "search" / "mended").touch()
    again = start(storage, "crashing", *command, "--retry-failed")
    output = again.communicate(timeout=120)[0]
    assert again.returncode == 0, output
    assert outcomes() == {"completed": 6}


@pytest.mark.slow
def test_a_changed_space_is_refused_unless_the_old_trials_are_taken_as_data(storage, ray_cluster):
    steady = ["--trainable", "tests.workflows.crashing:Steady", "--objective", "score",
              "--scheduler", "fifo", "--epochs", 2, "--slots", 2]  # fmt: skip
    higher = [*steady, "--space", "tests.workflows.crashing:HIGHER", "--trials", 3]
    old = run(storage, "warm", *steady, "--space", OWN[1], "--trials", 8)
    assert old.exit_code == 0, old.output
    refused = run(storage, "warm", *higher)
    assert refused.exit_code == 2
    assert "begun with space 'x' = 'uniform(-1.0, 1.0)'" in refused.stderr
    assert "--warm-start warm" in refused.stderr
    kept = sum(row["config"]["x"] >= 0 for row in rows_of(storage, "warm"))
    for _ in range(2):  # the same command goes on
        warm = run(storage, "warm", *higher, "--warm-start", "warm")
        assert warm.exit_code == 0, warm.output
        assert f"{kept} of 8 trials of 'warm' are known to the searcher" in warm.output
        assert f"{8 - kept} lie outside the space" in warm.output
    assert len(rows_of(storage, "warm")) == 3
    (aside,) = storage.glob("warm-*")
    assert len(rows_of(storage, aside.name)) == 8
    # The searcher goes on from there: the best is at the edge, x = 2.
    assert max(row["config"]["x"] for row in rows_of(storage, "warm")) > 1.5


def test_the_documented_example_of_ones_own_trainable_runs(storage, ray_cluster):
    result = run(
        storage, "own", "--trainable", "docs.own_trainable:Quadratic",
        "--space", "docs.own_trainable:SPACE", "--objective=-loss", "--searcher", "random",
        "--trials", 4, "--epochs", 3,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert len(runs_of(storage, "own")["trial"]) == 4


@pytest.mark.slow
def test_a_cost_budget_ends_the_search_says_so_and_may_be_raised(storage, ray_cluster):
    command = ["poor", *SLOW, "--scheduler", "fifo", "--epochs", 3, "--price-per-hour", 3.6]
    result = run(storage, *command, "--trials", 50, "--cost", 0.002)
    assert result.exit_code == 0, result.output
    assert "cost budget of 0.002 is used up" in " ".join(result.output.split())
    trials = runs_of(storage, "poor")["trial"]
    assert len(trials) < 20
    outcomes = {run.data.tags["automl.outcome"] for run in trials}
    assert "stopped" in outcomes
    assert "pruned" not in outcomes
    assert "unfinished" in result.output
    assert "stopped early by the scheduler" not in result.output
    more = run(storage, *command, "--trials", 51, "--cost", 0.006)
    assert more.exit_code == 0, more.output
    assert len(trials) + 2 <= len(runs_of(storage, "poor")["trial"]) < 30


def test_trials_that_a_budget_cut_stay_unfinished_when_the_driver_dies_before_it_says_so(
    storage, ray_cluster, monkeypatch
):
    command = [
        "cut", *OWN, "--trainable", "tests.workflows.crashing:Slow", "--searcher", "random",
        "--scheduler", "fifo", "--trials", 50, "--epochs", 3, "--cost", 0.002,
        "--price-per-hour", 3.6,
    ]  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(StudyFolder, "write_rows", lambda *_: 1 / 0)
        assert isinstance(run(storage, *command).exception, ZeroDivisionError)
    assert run(storage, *command).exit_code == 0
    rows = rows_of(storage, "cut")
    short = [row for row in rows if row["iterations"] < 3]
    assert short
    assert {row["outcome"] for row in short} == {"stopped"}


def start(storage, name, *arguments, **environment):
    command = [sys.executable, str(ROOT / "workflows" / "hpo.py"), "--storage", storage,
               "--name", name, *arguments]  # fmt: skip
    return subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, text=True, env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def wait_for(pattern, folder, process, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if list(folder.glob(pattern)):
            return
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    raise TimeoutError(pattern)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "later", "slots"),
    [
        ("search/tuner.pkl", 0.0, 2),
        ("search/experiment_state-*", 0.0, 2),
        ("search/kept/*", 6.0, 1),
    ],
    ids=["before the first state file", "at the first state file", "in the middle"],
)
def test_a_study_whose_driver_is_killed_goes_on_with_the_same_command_on_any_machine(
    storage, sign, later, slots
):
    name = f"killed-{abs(hash(sign)) % 1000}"
    options = [*SLOW, "--trials", 8, "--epochs", 5, "--seed", 7]
    process = start(storage, name, *options)
    wait_for(sign, storage / name, process)
    time.sleep(later)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with tempfile.TemporaryDirectory() as elsewhere:  # as on a machine with the same storage
        again = start(storage, name, *options, "--slots", slots, RAY_TMPDIR=elsewhere)
        output = again.communicate(timeout=200)[0]
    assert again.returncode == 0, output
    roles = runs_of(storage, name)
    assert len(roles["study"]) == 1
    trials = Counter(trial.data.tags["automl.trial_id"] for trial in roles["trial"])
    assert len(trials) == 8, output
    assert set(trials.values()) == {1}
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    for trial in roles["trial"]:
        steps = [m.step for m in client.get_metric_history(trial.info.run_id, "score")]
        assert steps == sorted(set(steps))


@pytest.mark.slow
def test_ray_job_stop_and_control_c_stop_cleanly_and_say_how_to_go_on(storage):
    """The former's signal is handed on as the latter's."""
    name = "stopped"
    options = [*SLOW, "--trials", 6, "--epochs", 6]
    process = start(storage, name, *options)
    wait_for("search/*/result.json", storage / name, process)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 130, output
    assert "everything is kept. To go on:" in output
    assert f"--name {name}" in output
    outcomes = {t.data.tags["automl.outcome"] for t in runs_of(storage, name)["trial"]}
    assert "stopped" in outcomes
    assert "RUNNING" not in {t.info.status for t in runs_of(storage, name)["trial"]}
    again = start(storage, name, *options)
    output = again.communicate(timeout=200)[0]
    assert again.returncode == 0, output
    assert len(runs_of(storage, name)["trial"]) == 6
