"""One study of trials that go wrong in every way: each fails alone, by name."""

import shutil
import signal

import pytest
from mlflow.tracking import MlflowClient
from ray import tune

from automl_on_ray.clusters import Resources, Stage
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies import StagePlan, run_trials
from automl_on_ray.tracking import Study, TrackingCallback
from tests.helpers.odd import Odd

SCORE = Objective("score")
EPOCHS = 3
FAILING = {
    "fails in setup": "ValueError: no such file: weights.bin",
    "is killed": "died",
}
# Each takes a process more. Other reports and errors, quickly: test_trials_in_the_loop.py and
# test_failures.py of tests/schedulers/tune_internals, tests/tracking/test_error_lines.py. One that
# hangs: tests/workflows/test_hpo.py.
ALIKE = {
    "hangs": "TimeoutError: the trial took over 0.6 minutes",
    "hangs in setup": "TimeoutError: the trial took over 0.6 minutes",
    "is interrupted": "TaskCancelledError",  # as Ray calls it
    "reports unreadable": "not to be read here",
    "fails to save": "OSError: cannot save",
    "exits in setup": "died",
    "exits": "died",
    "raises of two": "OfTwo",
    "raises unpicklable": "ValueError",
    "reports unpicklable": "TypeError: cannot pickle",
}
FINE = "reports arrays and no numbers"


def odd(folder, whats):
    return StagePlan(
        where=Stage(folder / "search"), name="search", title="odd", trainable=Odd,
        epochs=EPOCHS, objectives=[SCORE], param_space={"what": tune.grid_search(whats)},
        expected=len(whats),
        resources=Resources(slots=2, cpus=0.6, gpus=0.0),  # one may begin where one hangs
        max_failures=0, trial_minutes=0.6,
    )  # fmt: skip


def ran(folder, whats):
    """Rows and MLflow's runs of such trials, both by what their config says."""
    record = Study(
        name="odd", objectives=(SCORE,), dataset="none", dataset_digest="", dataset_context={},
        space="odd", searcher="random", scheduler="fifo", seed=0, command="", study_id="odd",
        max_t=EPOCHS,
    )  # fmt: skip
    uri = f"sqlite:///{folder}/mlflow.db"
    before = signal.getsignal(signal.SIGINT)
    with TrackingCallback(
        uri=uri, experiment="odd", study=record, folder=folder / "journal"
    ) as tracking:
        ended = run_trials(odd(folder, whats), tracking)
        assert tracking.study_end("completed")
    assert signal.getsignal(signal.SIGINT) is before
    client = MlflowClient(uri)
    runs = client.search_runs(["1"], "tags.`automl.role` = 'trial'", max_results=100)
    rows = {row.config["what"]: row for row in ended.rows}
    return rows, {run.data.params.get("what"): run for run in runs}


@pytest.fixture(scope="module")
def study(ray_cluster, storage):
    return ran(storage, [*FAILING, FINE])


@pytest.mark.slow
@pytest.mark.parametrize("what", FAILING)
def test_a_trial_fails_alone_by_name_with_its_params_in_mlflow(study, what):
    check_failed(*study, what, FAILING[what])


@pytest.mark.whole
def test_so_does_one_that_fails_as_another_does(ray_cluster, template, tmp_path):
    shutil.copy(template, tmp_path)
    rows, runs = ran(tmp_path, [*ALIKE])
    assert len(rows) == len(ALIKE)
    for what, error in ALIKE.items():
        check_failed(rows, runs, what, error)


def check_failed(rows, runs, what, error):
    assert rows[what].outcome == "failed"
    assert error in rows[what].error
    run = runs[what]
    assert run.info.status == "FAILED"
    assert run.info.run_name.startswith("trial-")
    assert run.data.tags["automl.outcome"] == "failed"
    assert run.data.tags["automl.error"] == rows[what].error


class Exiting(tune.Callback):
    def on_step_begin(self, **_):
        raise SystemExit(0)


def test_an_exit_in_the_driver_is_an_error_of_the_study(ray_cluster, tmp_path):
    with pytest.raises(RuntimeError, match=r"sys.exit\(0\)"):
        run_trials(odd(tmp_path, ["nothing"]), Exiting())


@pytest.mark.slow
def test_a_trial_completes_after_all_epochs_whatever_it_reports(study):
    """It never says that it is done."""
    rows, runs = study
    assert (rows[FINE].outcome, rows[FINE].iterations) == ("completed", EPOCHS)
    assert runs[FINE].data.tags["automl.outcome"] == "completed"
    assert runs[FINE].data.metrics["score"] == 1.0
