"""What a wrapped scheduler is told."""

import pickle
import random
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from pyarrow.fs import LocalFileSystem
from ray.tune import Checkpoint
from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler

from automl_on_ray.schedulers.tune_internals import ResumableScheduler


class Recording(FIFOScheduler):
    """As a replay, it goes by epochs and asks for no metric."""

    def __init__(self):
        super().__init__()
        self.told = []

    def on_trial_result(self, tune_controller, trial, result):
        self.told.append(result)
        return self.CONTINUE


class RecordingHalving(Recording, ASHAScheduler):
    def __init__(self):
        ASHAScheduler.__init__(self, metric="score", mode="max")
        self.told = []


@pytest.mark.parametrize(("scheduler", "told"), [(Recording, [1, 2]), (RecordingHalving, [2])])
def test_reports_without_the_metric_are_passed_over_if_the_scheduler_has_one(scheduler, told):
    inner = scheduler()
    surviving = ResumableScheduler(inner)
    surviving.set_search_properties(None, None)  # as Tune does where it knows of no metric
    for epoch, report in enumerate(({"loss": 1.0}, {"score": 0.5}), start=1):
        surviving.on_trial_result(None, None, {"training_iteration": epoch, **report})
    assert [result["training_iteration"] for result in inner.told] == told


def made(name, status="PENDING"):
    trial = Trial("stub", stub=True, trial_id=name)
    trial.set_status(status)
    return trial


class Adding(FIFOScheduler):
    """Remembers which trials were added, and how each of its other calls was made."""

    def __init__(self):
        super().__init__()
        self.added, self.heard = [], []

    def on_trial_add(self, tune_controller, trial):
        self.added.append(trial.trial_id)

    def on_trial_error(self, tune_controller, trial):
        self.heard.append(("error", trial.trial_id))

    def on_trial_remove(self, tune_controller, trial):
        self.heard.append(("remove", trial.trial_id))

    def on_trial_complete(self, tune_controller, trial, result):
        self.heard.append(("complete", trial.trial_id, result))


class Loop:
    """As much of Tune's as is asked where a study goes on."""

    def __init__(self):
        self.search_alg, self.told = self, []

    def on_trial_complete(self, name, error=False):
        self.told.append((name, error))


def gone_on(before, now):
    """A scheduler of trials with these statuses, saved, and restored with those of now."""
    first = ResumableScheduler(Adding())
    for name, status in before.items():
        first.on_trial_add(None, made(name, status))
    again, loop = ResumableScheduler(Adding()), Loop()
    again.set_state(pickle.loads(pickle.dumps(first.get_state())))
    trials = {name: made(name, status) for name, status in now.items()}
    for trial in trials.values():
        again.on_trial_add(loop, trial)
    return again, trials, loop


def test_a_restored_scheduler_knows_its_trials_and_is_told_of_new_and_of_retried_ones():
    before = {"a": "RUNNING", "b": "ERROR", "c": "TERMINATED", "d": "TERMINATED", "e": "ERROR"}
    now = {"a": "PENDING", "b": "PENDING", "c": "PENDING", "d": "TERMINATED", "e": "ERROR",
           "new": "PENDING"}  # fmt: skip
    scheduler, _, loop = gone_on(before, now)
    assert scheduler.get_state()["status"] == before  # until it is first asked something
    assert scheduler.awake().added == [*before, "b", "c", "new"]
    assert scheduler.awake().added == [*before, "b", "c", "new"]
    assert loop.told == [("d", False), ("e", True)]
    assert scheduler.get_state()["status"] == now


def test_who_waited_for_its_turn_waits_and_who_ran_comes_first():
    before = {"a": "PENDING", "b": "PAUSED", "c": "RUNNING", "d": "PAUSED", "e": "RUNNING"}
    now = dict.fromkeys(before, "PENDING") | {"d": "TERMINATED"}
    scheduler, trials, _ = gone_on(before, now)
    assert [trial.status for trial in trials.values()] == [
        "PENDING", "PAUSED", "PENDING", "TERMINATED", "PENDING",
    ]  # fmt: skip
    order = []
    while (trial := scheduler.choose_trial_to_run(None)) is not None:
        order.append(trial.trial_id)
        trial.set_status("RUNNING")
    assert order == ["c", "e", "a", "b"]


def test_random_streams_go_on_where_they_were():
    scheduler = ResumableScheduler(Adding())
    scheduler.on_trial_add(None, made("a"))
    state = scheduler.get_state()
    drawn = random.random(), np.random.random()
    scheduler.set_state(state)
    scheduler.awake()
    assert (random.random(), np.random.random()) == drawn
    scheduler.awake()
    assert (random.random(), np.random.random()) != drawn


def test_waiting_trials_run_in_tunes_order_those_that_paused_behind_the_others():
    scheduler = ResumableScheduler(FIFOScheduler())
    trials = {name: made(name) for name in "abcd"}
    trials["a"].set_status("PAUSED")
    for trial in trials.values():
        scheduler.on_trial_add(None, trial)
    scheduler.on_trial_add(None, trials["b"])  # it failed, and is tried again
    trials["c"].set_status("TERMINATED")
    order = []
    while (trial := scheduler.choose_trial_to_run(None)) is not None:
        order.append(trial.trial_id)
        trial.set_status("RUNNING")
    assert order == ["d", "b", "a"]


def test_what_cannot_be_saved_is_told(capsys):
    inner = Adding()
    inner.lock = threading.Lock()
    assert ResumableScheduler(inner).get_state() is None
    said = capsys.readouterr()
    assert "cannot be saved, and will begin anew after a stop" in said.out + said.err


class Judging(Adding):
    metric = "score"


def test_ends_are_passed_on_with_the_value_that_was_reported_last():
    scheduler, trial = ResumableScheduler(Judging()), made("a")
    assert scheduler.metric == "score"
    scheduler.on_trial_complete(None, trial, {"loss": 1.0})  # it never reported a score
    trial.update_last_result({"score": 0.5, "training_iteration": 1})
    scheduler.on_trial_complete(None, trial, {"loss": 1.0})
    scheduler.on_trial_error(None, trial)
    scheduler.on_trial_remove(None, trial)
    assert scheduler.inner.heard == [
        ("complete", "a", {"loss": 1.0, "score": 0.5}), ("error", "a"), ("remove", "a"),
    ]  # fmt: skip


class Kept(Adding):
    """Must know when it is saved."""

    def will_be_saved(self):
        self.heard.append("will be")

    def was_saved(self):
        self.heard.append("was")


def test_a_scheduler_that_must_know_is_told_that_it_is_saved():
    scheduler = ResumableScheduler(Kept(), awaited=["score"])
    assert scheduler.awaited == ("score",)
    scheduler.get_state()
    assert scheduler.inner.heard == ["will be", "was"]


def test_a_scheduler_holds_trials_of_today_and_checkpoints_of_todays_folder(tmp_path):
    first = ResumableScheduler(Adding())
    before = made("a")
    first.on_trial_add(None, before)
    first.inner.best = before
    first.inner.lent = Checkpoint(str(tmp_path / "old" / "b" / "checkpoint_000003"))
    again = ResumableScheduler(Adding())
    again.set_state(first.get_state())
    now = made("a")
    now.storage = SimpleNamespace(
        experiment_fs_path=str(tmp_path / "new"), storage_filesystem=LocalFileSystem()
    )
    again.on_trial_add(Loop(), now)
    assert again.awake().best is now
    assert again.inner.lent.path == str(tmp_path / "new" / "b" / "checkpoint_000003")


def test_what_tune_asks_besides_is_answered_by_the_scheduler_within():
    inner = RecordingHalving()
    scheduler = ResumableScheduler(inner)
    assert scheduler.debug_string() == inner.debug_string()
    assert scheduler.set_search_properties(None, None) is True
    assert scheduler.set_search_properties("other", None) is False
    assert scheduler.supports_buffered_results == inner.supports_buffered_results
