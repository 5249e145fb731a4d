import json
import pickle
from collections import Counter

import numpy as np
import pytest
import tracked_learner
from ray import cloudpickle, tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler, PopulationBasedTraining
from tracked_learner import Learner
from tracking_checks import artifact, history, stored_runs

from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.store import connect

cloudpickle.register_pickle_by_value(tracked_learner)  # workers need not find this folder


def run_study(callback, folder, space, *, scheduler=None, max_failures=0, max_t=6, cpus=1):
    return tune.Tuner(
        tune.with_resources(Learner, {"cpu": cpus}),
        param_space=space,
        tune_config=tune.TuneConfig(scheduler=scheduler, reuse_actors=True),
        run_config=tune.RunConfig(
            name="search",
            storage_path=str(folder),
            callbacks=[callback],
            stop={"training_iteration": max_t},
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1),
            failure_config=tune.FailureConfig(max_failures=max_failures),
            verbose=0,
        ),
    ).fit()


@pytest.mark.usefixtures("ray_cluster")
def test_every_outcome_is_told_apart_and_the_parent_sums_them_up(uri, tmp_path, make_study):
    callback = TrackingCallback(
        uri=uri, experiment="test", study=make_study(), folder=tmp_path / "journal"
    )
    space = {"lr": tune.grid_search([0.3, 0.2, 0.1, 0.01]), "breaks_at": None}
    space["breaks_at"] = tune.sample_from(lambda config: 2 if config["lr"] == 0.3 else None)
    halving = ASHAScheduler(metric="accuracy", mode="max", max_t=6, grace_period=2)
    run_study(callback, tmp_path, space, scheduler=halving, cpus=2)
    assert callback.study_end("completed")

    parent, children = stored_runs(uri)
    outcomes = {r.data.params["lr"]: r.data.tags["automl.outcome"] for r in children.values()}
    assert outcomes == {"0.3": "failed", "0.2": "completed", "0.1": "pruned", "0.01": "pruned"}
    statuses = {r.data.params["lr"]: r.info.status for r in children.values()}
    assert statuses["0.3"] == "FAILED"
    assert statuses["0.1"] == statuses["0.2"] == "FINISHED"
    assert parent.info.status == "FINISHED"
    failed = next(r for r in children.values() if r.info.status == "FAILED")
    assert "broken on purpose" in failed.data.tags["automl.error"]

    done = next(r for r in children.values() if r.data.params["lr"] == "0.2")
    assert [step for step, _ in history(uri, done, "accuracy")] == [1, 2, 3, 4, 5, 6]
    assert set(done.data.metrics) == {"accuracy", "inner/loss"}
    assert done.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert done.info.end_time > done.info.start_time
    assert artifact(uri, done, "config.json")["lr"] == 0.2

    best = history(uri, parent, "best_accuracy")
    assert [value for _, value in best] == sorted(value for _, value in best)
    assert best[-1] == (4, pytest.approx(1.2))
    metrics = parent.data.metrics
    assert (metrics["trials_done"], metrics["trials_failed"], metrics["trials_pruned"]) == (4, 1, 2)
    assert parent.data.tags["automl.command"] == "python workflows/hpo.py --seed 3"
    assert parent.data.tags["version.ray"].startswith("2.")
    assert parent.inputs.dataset_inputs[0].dataset.name == "digits"
    assert "| 0.2 |" in parent.data.tags["mlflow.note.content"]
    assert all("workflowType=machine_learning" in link for link in callback.links().values())
    experiment = connect(uri).get_experiment_by_name("test").tags
    view = json.loads(experiment["mlflow.sharedViewState.study-1"])
    assert view["selectedColumns"][:3] == [
        "metrics.`accuracy`",
        "tags.`automl.outcome`",
        "params.`lr`",
    ]
    assert "**a study** [trials](/#/experiments/" in experiment["mlflow.note.content"]


def test_a_metric_whose_name_mlflow_does_not_take_is_told_like_any_other(uri, tmp_path, make_study):
    study = make_study(objectives=(Objective("map@50"),), max_t=2)
    tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "journal")
    tracker.setup()
    trial = Trial("x", stub=True, trial_id="t_00000", config={"lr": 0.1})
    hooks = {"iteration": 0, "trials": [trial], "trial": trial}
    for report in ({"map@50": np.float32(0.5), "map_50": 0.25}, {"loss": 1.0}):
        epoch = trial.last_result.get("training_iteration", 0) + 1
        result = {**report, "training_iteration": epoch}
        tracker.on_trial_result(**hooks, result=result)
        trial.update_last_result(result)
    tracker.on_trial_complete(**hooks)
    assert tracker.study_end("completed")

    parent, children = stored_runs(uri)
    name = mlflow_name("map@50")
    assert children["t_00000"].data.metrics == {name: 0.5, "map_50": 0.25, "loss": 1.0}
    assert children["t_00000"].data.tags["automl.outcome"] == "completed"
    assert parent.data.metrics[f"best_{name}"] == 0.5
    assert "Best map@50: **0.5**" in parent.data.tags["mlflow.note.content"]
    experiment = connect(uri).get_experiment_by_name("test").tags
    view = json.loads(experiment["mlflow.sharedViewState.study-1"])
    assert view["selectedColumns"][0] == view["orderByKey"] == f"metrics.`{name}`"


@pytest.mark.usefixtures("ray_cluster")
def test_population_based_training_keeps_first_params_and_logs_changes(uri, tmp_path, make_study):
    study = make_study(scheduler="pbt", changes_running_trials=True, max_t=8)
    callback = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    start = [0.3, 0.2, 0.003, 0.0005]
    exploiting = PopulationBasedTraining(
        metric="accuracy",
        mode="max",
        time_attr="training_iteration",
        perturbation_interval=2,
        synch=True,
        hyperparam_mutations={"lr": tune.loguniform(0.001, 1)},
    )
    space = {"lr": tune.grid_search(start)}
    exploiting = ResumableScheduler(exploiting)  # which gives processes on from turn to turn
    run_study(callback, tmp_path, space, scheduler=exploiting, max_t=8, cpus=2)
    assert callback.study_end("completed")

    parent, children = stored_runs(uri)
    assert sorted(float(r.data.params["lr"]) for r in children.values()) == sorted(start)
    cloned = [r for r in children.values() if "pbt.parent_trial" in r.data.tags]
    assert cloned
    for run in cloned:
        assert run.data.tags["pbt.parent_trial"] in children
        assert float(run.data.tags["hp.lr"]) == run.data.metrics["hp/lr"]
        assert run.data.metrics["hp/lr"] != float(run.data.params["lr"])
    for run in children.values():
        steps = [step for step, _ in history(uri, run, "accuracy")]
        assert steps == list(range(1, len(steps) + 1)), "a step was repeated or left out"
    lineage = artifact(uri, parent, "lineage.json")
    assert {entry["trial"] for entry in lineage} == {r.data.tags["automl.trial_id"] for r in cloned}
    assert all(entry["changed"]["lr"][0] != entry["changed"]["lr"][1] for entry in lineage)


@pytest.mark.usefixtures("ray_cluster")
def test_a_retried_trial_has_one_run_and_no_repeated_steps(uri, tmp_path, make_study):
    callback = TrackingCallback(
        uri=uri, experiment="test", study=make_study(), folder=tmp_path / "journal"
    )
    run_study(callback, tmp_path, {"lr": 0.1, "breaks_at": 4}, max_failures=1)
    callback.study_end("completed")
    _, children = stored_runs(uri)
    (run,) = children.values()
    assert history(uri, run, "accuracy") == [
        (1, pytest.approx(0.1)),
        (2, pytest.approx(0.2)),
        (3, pytest.approx(0.3)),
    ]
    assert run.data.tags["automl.retries"] == "1"


def tracked(tracker, trial, steps, outcome):
    """A run of a study until `outcome`, with what its one trial reports at these steps."""
    hooks = {"iteration": 0, "trials": [trial], "trial": trial}
    tracker.setup()
    tracker.on_trial_start(**hooks)
    for step in steps:
        result = {"training_iteration": step, "accuracy": step * 0.1}
        tracker.on_trial_result(**hooks, result=result)
        trial.update_last_result(result)
    if outcome == "completed":
        tracker.on_trial_complete(**hooks)
    assert tracker.study_end(outcome)


def test_a_study_that_goes_on_has_one_finished_run_a_trial_even_after_a_torn_line(
    uri, tmp_path, make_study
):
    """Tune repeats the step after the last checkpoint. A driver that is killed: tests/workflows."""
    study, folder = make_study(max_t=3), tmp_path / "journal"
    trial = Trial("x", stub=True, trial_id="t_00000", config={"lr": 0.1})
    for steps, outcome in (((1, 2), "stopped"), ((2, 3), "completed")):
        tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=folder)
        tracked(tracker, trial, steps, outcome)
        with next(folder.glob("*.jsonl")).open("a") as journal:
            journal.write('{"run":"torn in the mid')  # what a kill in mid-write leaves
    parent, children = stored_runs(uri)
    (run,) = children.values()
    assert [step for step, _ in history(uri, run, "accuracy")] == [1, 2, 3]
    assert (run.info.status, run.data.tags["automl.outcome"]) == ("FINISHED", "completed")
    assert (parent.info.status, parent.data.metrics["trials_done"]) == ("FINISHED", 1)


def test_a_trial_that_tune_has_forgotten_leaves_its_run_to_one_of_the_same_config(
    uri, tmp_path, make_study
):
    """As where the driver was killed before Tune's first state."""
    study, folder = make_study(max_t=3), tmp_path / "journal"
    for name, steps, outcome in (("lost", (1, 2), "stopped"), ("again", (1, 2, 3), "completed")):
        tracker = TrackingCallback(uri=uri, experiment="test", study=study, folder=folder)
        trial = Trial("x", stub=True, trial_id=name, config={"lr": 0.1})
        tracked(tracker, trial, steps, outcome)
    parent, children = stored_runs(uri)
    assert set(children) == {"again"}
    assert [step for step, _ in history(uri, children["again"], "accuracy")] == [1, 2, 3]
    assert children["again"].data.tags["automl.outcome"] == "completed"
    assert (parent.info.status, parent.data.metrics["trials_done"]) == ("FINISHED", 1)


class WhenBothHaveReported(tune.Stopper):
    def __init__(self):
        self.seen = set()

    def __call__(self, trial_id, result):
        self.seen.add(trial_id)
        return False

    def stop_all(self):
        return len(self.seen) == 2


@pytest.mark.usefixtures("ray_cluster")
def test_trials_that_an_ended_study_left_unfinished_are_stopped(uri, tmp_path, make_study):
    callback = TrackingCallback(
        uri=uri, experiment="test", study=make_study(), folder=tmp_path / "journal"
    )
    tune.Tuner(
        tune.with_resources(Learner, {"cpu": 1}),
        param_space={"lr": tune.grid_search([0.1, 0.2])},
        run_config=tune.RunConfig(
            storage_path=str(tmp_path),
            callbacks=[callback],
            verbose=0,
            name="search",
            stop=WhenBothHaveReported(),
        ),
    ).fit()
    callback.study_end("stopped")
    parent, children = stored_runs(uri)
    assert Counter(r.data.tags["automl.outcome"] for r in children.values()) == {"stopped": 2}
    assert {r.info.status for r in [parent, *children.values()]} == {"FINISHED"}
    assert parent.data.tags["automl.outcome"] == "stopped"


def test_a_callback_is_pickled_with_its_arguments_alone(uri, tmp_path, make_study):
    study = make_study()
    callback = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    callback.setup()
    copy = pickle.loads(pickle.dumps(callback))
    assert callback.study_end("completed")
    assert copy.study_end("completed")
    parent, children = stored_runs(uri)
    assert not children
    assert parent.data.params["dataset"] == "digits"


def test_a_hook_that_fails_does_not_reach_tune(uri, tmp_path, make_study, capsys):
    study = make_study()
    callback = TrackingCallback(uri=uri, experiment="test", study=study, folder=tmp_path / "j")
    callback.on_trial_result(iteration=1, trials=[], trial=None, result={})
    assert "Tracking goes on without what on_trial_result had to say" in capsys.readouterr().err


def test_the_same_journal_fills_another_store_from_the_start(uri, template, tmp_path, make_study):
    study, folder = make_study(), tmp_path / "journal"
    TrackingCallback(uri=uri, experiment="test", study=study, folder=folder).study_end("stopped")
    other = f"sqlite:///{tmp_path}/other.db"
    (tmp_path / "other.db").write_bytes(template.read_bytes())
    moved = TrackingCallback(uri=other, experiment="test", study=study, folder=folder)
    assert moved.study_end("completed")
    assert stored_runs(other)[0].data.tags["automl.outcome"] == "completed"
    assert stored_runs(uri)[0].data.tags["automl.outcome"] == "stopped"
