"""What Tune's own loop does with trials that fail or are not wanted, while no process is needed."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import ray
from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.air.execution._internal.tracked_actor_task import TrackedActorTask
from ray.exceptions import OutOfMemoryError, RayTaskError
from ray.train._internal.storage import StorageContext
from ray.tune import Callback
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.logger import LoggerCallback
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher
from ray.tune.search.search_generator import SearchGenerator

from automl_on_ray.schedulers.tune_internals import (
    ResumableScheduler,
    Watch,
    any_at_work,
    save_anew,
)
from automl_on_ray.schedulers.tune_internals.experiment_state import PacedStates
from automl_on_ray.search_spaces.core import ENDED_BY_ITSELF

WITHOUT = {"training_iteration": 1, "loss": 1.0}
SCORED = {"training_iteration": 1, "score": 0.5}


class Stage(StorageContext):
    """What is Ray's session's else."""

    @property
    def experiment_driver_staging_path(self):
        return self.experiment_fs_path


class Scheduler(FIFOScheduler):
    def __init__(self, told):
        super().__init__()
        self.told = told

    def on_trial_error(self, controller, trial):
        self.told.append(("scheduler", trial.trial_id))


class Asked(Searcher):
    def __init__(self, told):
        super().__init__()
        self.told = told

    def suggest(self, trial_id):
        return Searcher.FINISHED

    def on_trial_complete(self, trial_id, result=None, error=False):
        self.told.append(("searcher", trial_id, error))


class Listening(Callback):
    def __init__(self, told):
        self.told = told

    def on_trial_error(self, iteration, trials, trial, **info):
        self.told.append(("callback", iteration, trials, trial.trial_id))


class Loop:
    """One of Tune's, its trials at work, and what it has `told` of those that failed."""

    def __init__(self, folder, **watching):
        self.told = []
        self.storage = Stage(str(folder), experiment_dir_name="study")
        Path(self.storage.experiment_fs_path).mkdir(exist_ok=True)
        self.scheduler = ResumableScheduler(Scheduler(self.told), awaited=["score"])
        self.scheduler.watch = Watch(**watching)
        self.loop = TuneController(
            search_alg=SearchGenerator(Asked(self.told)), scheduler=self.scheduler,
            storage=self.storage, callbacks=[Listening(self.told)], reuse_actors=True,
        )  # fmt: skip

    def trial(self, name, result=None, status=Trial.RUNNING, **words):
        words |= {"trial_id": name, "storage": self.storage}
        trial = Trial("stub", stub=True, max_failures=1, **words)
        trial.init_local_path()
        self.loop.add_trial(trial)
        self.loop._set_trial_status(trial, status)
        if result:
            trial.update_last_result(dict(result))
        return trial

    def saved(self):
        """Each trial, and what it has reported, in the state that Tune would go on from."""
        self.loop.save_to_dir()
        (file,) = Path(self.storage.experiment_fs_path).glob("experiment_state-*.json")
        found = json.loads(file.read_text())["trial_data"]
        return [(json.loads(trial), json.loads(run)) for trial, run in found]

    def saved_status(self):
        return {trial["trial_id"]: trial["status"] for trial, _ in self.saved()}


@pytest.fixture
def loops(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNE_MAX_PENDING_TRIALS_PG", "1")  # else it asks Ray for its CPUs
    return lambda **watching: Loop(tmp_path, **watching)


@pytest.mark.parametrize("status", [Trial.RUNNING, Trial.PAUSED])
def test_a_trial_that_never_reported_its_metric_fails_for_good_and_all_are_told(loops, status):
    made = loops()
    trial = made.trial("one", WITHOUT, status)
    assert made.saved_status() == {"one": status}
    made.loop.stop_trial(trial)
    assert made.told == [
        ("scheduler", "one"), ("searcher", "one", True), ("callback", 0, [trial], "one"),
    ]  # fmt: skip
    assert (trial.status, trial.num_failures) == ("ERROR", 1)
    assert "MissingMetricError: never reported 'score'" in Path(trial.error_file).read_text()
    assert made.saved_status() == {"one": "ERROR"}
    made.loop.stop_trial(trial)
    assert len(made.told) == 3


@pytest.mark.parametrize("wrap", [lambda loop: loop, TuneController._wrapped])
def test_what_a_trial_has_become_is_in_the_next_state(loops, wrap):
    made = loops()
    trial = made.trial("one", SCORED, Trial.PAUSED)
    made.saved()
    trial.last_result["score"] = 0.75  # of which Tune hears nothing
    save_anew(wrap(made.loop), trial)
    ((_, run),) = made.saved()
    assert run["last_result"]["score"] == 0.75


def test_the_loop_knows_whether_a_trial_is_at_work_and_saves_at_a_pace(loops):
    made = loops()
    trial = made.trial("one", SCORED)
    assert isinstance(made.loop._checkpoint_manager, PacedStates)
    assert any_at_work(made.loop) is True
    made.loop._set_trial_status(trial, Trial.PAUSED)
    assert any_at_work(made.loop._wrapped()) is False


def test_a_trial_that_has_its_metric_or_nothing_yet_ends_as_any_other(loops):
    made = loops()
    for trial in (made.trial("scored", SCORED), made.trial("unborn")):
        made.loop.stop_trial(trial)
        assert (trial.status, trial.error_file) == ("TERMINATED", None)
    assert made.told == [("searcher", "scored", False), ("searcher", "unborn", False)]


def test_a_trial_that_the_user_does_not_want_is_stopped_at_work_or_paused(loops):
    made = loops(unwanted=lambda: {"one", "two", "three"})
    kept = [made.trial("four", SCORED), made.trial("three", status=Trial.PENDING)]
    ended = [made.trial("one", SCORED), made.trial("two", SCORED, Trial.PAUSED)]
    made.loop.on_step_end()
    assert [trial.status for trial in kept] == ["RUNNING", "PENDING"]
    assert [trial.status for trial in ended] == ["TERMINATED", "TERMINATED"]
    assert not any(made.loop._maybe_cache_trial_actor(trial) for trial in ended)


def test_trials_are_looked_at_when_it_is_due_and_not_before(loops):
    times = iter([10.0, 10.0, 10.5, 11.0, 11.0])
    asked = []
    made = loops(clock=lambda: next(times), unwanted=lambda: asked.append(1) or set())
    made.trial("one")
    for _ in range(3):
        made.loop.on_step_end()
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("report", "reason"),
    [({"a": {1: 2}}, "a metric's name must be text"), ({"training_iteration": "1"}, "the epoch")],
)
def test_an_odd_report_is_its_trials_failure(loops, report, reason):
    made = loops()
    trial = made.trial("one", SCORED)
    trial.run_metadata.num_failures = 1  # it is not tried again
    made.loop._on_training_result(trial, report)
    assert trial.status == "ERROR"
    assert reason in Path(trial.error_file).read_text()


@pytest.mark.parametrize("last", [{**SCORED, "done": True}, {"__duplicate__": True, "done": True}])
def test_a_trial_that_says_that_it_is_done_has_ended_by_itself(loops, last):
    made = loops()
    trial = made.trial("one", SCORED)
    made.loop._on_training_result(trial, last)
    assert trial.status == "TERMINATED"
    assert trial.last_result[ENDED_BY_ITSELF]


def test_whatever_a_task_raises_is_told_to_its_trial(loops):
    told = []
    made = loops()
    made.trial("one")  # the loop has become ours
    manager = made.loop._actor_manager
    for error in (
        OutOfMemoryError("full"),
        ValueError("no"),
        RayTaskError("step", "why", ValueError()),
    ):
        actor = TrackedActor("an actor")
        task = TrackedActorTask(actor, on_error=lambda *said: told.append(said))
        manager._actor_task_failed(task, error)
        assert told.pop() == (actor, error)
    manager._actor_task_failed(TrackedActorTask(actor), ValueError("nobody listens"))


@pytest.mark.parametrize("status", [Trial.RUNNING, Trial.PENDING])
def test_a_trial_over_its_time_fails_for_good_and_its_process_is_killed(loops, status, monkeypatch):
    """Pending is one whose process is there, and still sets it up."""
    made = loops(seconds=90.0, clock=lambda: 10.0)
    late, asked_for = TrackedActor("placed"), TrackedActor("asked for")
    trial, other = made.trial("late", status=status), made.trial("other")
    for each, actor in ((trial, late), (other, asked_for)):
        each.run_metadata.last_result = {"time_total_s": 91.0}
        made.loop._trial_to_actor[each], made.loop._actor_to_trial[actor] = actor, each
    removed, manager = [], made.loop._actor_manager
    monkeypatch.setitem(manager._live_actors_to_ray_actors_resources, late, None)
    monkeypatch.setattr(manager, "schedule_actor_task", lambda *args, **kw: None)
    monkeypatch.setattr(manager, "remove_actor", lambda *args, **kw: removed.append((args, kw)))
    if status == Trial.PENDING:
        made.loop._resetting_trials.add(trial)
        made.loop._staged_trials.add(trial)
        made.loop._actor_cache.increase_max(trial.placement_group_factory)
    made.loop.on_step_end()
    assert (trial.status, other.status) == ("ERROR", "RUNNING")
    assert trial.num_failures > trial.max_failures
    text = Path(trial.error_file).read_text()
    assert "TimeoutError: the trial took over 1.5 minutes (--trial-minutes)" in text
    assert removed[-1] == ((late,), {"kill": True})
    assert trial not in made.loop._staged_trials | made.loop._resetting_trials


def test_actors_are_cleaned_up_unless_their_ray_has_ended(loops, monkeypatch):
    made = loops()
    made.trial("one")
    manager = made.loop._actor_manager
    for dead, left in (([], set()), (["raylet"], {"actor"})):
        node = SimpleNamespace(dead_processes=lambda dead=dead: dead)
        monkeypatch.setattr(ray._private.worker, "_global_node", node)
        manager._failed_actor_ids.add("actor")
        manager.cleanup()
        assert manager._failed_actor_ids == left


class Noting(LoggerCallback):
    """Of results that are no exception."""

    def __init__(self):
        self.noted = []

    def log_trial_result(self, iteration, trial, result):
        if isinstance(result, Exception):
            raise result
        self.noted.append((iteration, trial, result))


def test_what_a_logger_of_rays_cannot_take_is_left_out_and_a_full_disk_is_told(loops):
    made, logger = loops(), Noting()
    made.loop._callbacks._callbacks.append(logger)
    trial = made.trial("one")
    for result in (SCORED, ValueError("an array of four dimensions"), WITHOUT):
        logger.log_trial_result(3, trial, result)
    assert logger.noted == [(3, trial, SCORED), (3, trial, WITHOUT)]
    with pytest.raises(OSError, match="full"):
        logger.log_trial_result(3, trial, OSError("full"))
