"""Which process a trial of Tune's loop gets, and whose failure its end is, without a process."""

import pytest
from ray import tune
from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.experiment import Trial

from tests.schedulers.tune_internals.test_trials_in_the_loop import SCORED, Loop


class Staffed(Loop):
    """One that notes what processes are asked to do, and which are to end."""

    def __init__(self, folder, monkeypatch):
        super().__init__(folder)
        self.asked, self.removed, self.manager = [], [], self.loop._actor_manager

        def ask(tracked_actor, method_name, **words):
            self.asked.append((tracked_actor.actor_id, method_name))

        def remove(tracked_actor, **words):
            self.removed.append(tracked_actor.actor_id)
            return True

        monkeypatch.setattr(self.manager, "schedule_actor_task", ask)
        monkeypatch.setattr(self.manager, "remove_actor", remove)

    def process(self, name, trial=None, *, reported=True):
        """One that Ray has started, of a trial."""
        actor = TrackedActor(name, on_error=self.loop._actor_failed, on_stop=lambda actor: None)
        self.manager._live_actors_to_ray_actors_resources[actor] = (name, None)
        if reported:
            self.loop._started_actors.add(actor)
        if trial is not None:
            self.loop._trial_to_actor[trial], self.loop._actor_to_trial[actor] = actor, trial
        return actor

    def paused(self, name):
        """A trial that gives its process away; whether that is kept for others."""
        trial = self.trial(name, SCORED)
        self.process(f"{name}'s", trial)
        kept = self.loop._maybe_cache_trial_actor(trial)
        self.loop._set_trial_status(trial, Trial.PAUSED)
        return trial, kept

    def staged(self, name):
        """A trial for which a process was asked."""
        trial = self.trial(name, status=Trial.PENDING)
        self.loop._pending_trials_list.clear()
        self.loop._resources_to_pending_trials.clear()
        self.loop._staged_trials.add(trial)
        self.loop._actor_cache.increase_max(trial.placement_group_factory)
        return trial

    def taking(self, name, process):
        """A trial that is given a process of before."""
        trial = self.staged(name)
        actor = self.process(process)
        assert self.loop._actor_cache.cache_object(trial.placement_group_factory, actor)
        assert self.loop._maybe_reuse_cached_actor(trial)
        return trial, actor

    @property
    def cached(self):
        return self.loop._actor_cache.num_cached_objects

    def awaits_a_process(self, trial):
        loop = self.loop
        return (
            loop._pending_trials_list == [trial]
            and loop._resources_to_pending_trials[trial.placement_group_factory] == {trial}
            and trial not in {*loop._trial_to_actor, *loop._resetting_trials, *loop._staged_trials}
            and loop._actor_cache.total_max_objects == 0
            and (trial.status, trial.num_failures) == ("PENDING", 0)
            and trial.temporary_state.ray_actor is None
        )


@pytest.fixture
def staffed(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNE_MAX_PENDING_TRIALS_PG", "1")  # else it asks Ray for its CPUs
    return Staffed(tmp_path, monkeypatch)


def test_as_many_processes_are_kept_as_trials_have_paused(staffed):
    assert [staffed.paused(name)[1] for name in "ab"] == [True, True]
    assert (staffed.cached, staffed.loop._actor_cache.total_max_objects) == (2, 0)
    assert not staffed.loop._staged_trials
    staffed.loop._cleanup_cached_actors()
    assert (staffed.cached, staffed.removed) == (2, [])
    staffed.loop._cleanup_cached_actors(force_all=True)
    assert (staffed.cached, staffed.removed) == (0, ["a's", "b's"])


def test_none_are_kept_from_a_trial_that_waits_and_wants_something_else(staffed):
    staffed.paused("a")
    two = tune.PlacementGroupFactory([{"CPU": 2}])
    staffed.trial("greedy", status=Trial.PENDING, placement_group_factory=two)
    assert staffed.paused("b")[1] is False
    assert staffed.cached == 1


def test_a_trial_gets_the_process_of_one_that_pauses_and_the_next_its_own(staffed):
    loop, trial = staffed.loop, staffed.staged("begins")
    own = staffed.process("own", trial, reported=False)
    waiting, _ = staffed.paused("waits")
    assert loop._maybe_reuse_cached_actor(trial)
    assert staffed.asked == [("waits's", "reset")]
    ((given, holder),) = loop._actor_to_trial.items()
    assert (given.actor_id, holder) == ("waits's", trial)
    assert loop._trial_to_actor == {trial: given}
    assert loop._stopping_actors == {own: loop._earliest_stopping_actor}
    assert own._on_error is None
    loop._on_trial_reset(trial, True)
    assert (trial.status, staffed.asked[-1]) == ("RUNNING", ("waits's", "train"))
    assert trial.temporary_state.ray_actor == "waits's"
    own._on_start(own)
    assert (staffed.cached, loop._stopping_actors, staffed.removed) == (1, {}, [])
    loop._staged_trials.add(waiting)
    loop._actor_cache.increase_max(waiting.placement_group_factory)
    loop._set_trial_status(waiting, Trial.PENDING)
    assert loop._maybe_reuse_cached_actor(waiting)
    assert staffed.asked[-1] == ("own", "reset")
    loop._on_trial_reset(waiting, True)
    own._on_error(own, RayActorError())
    assert (waiting.status, waiting.num_failures) == ("RUNNING", 0)  # what it was asked tells why


def test_a_process_that_was_only_asked_for_is_taken_back_where_another_is_idle(staffed):
    loop, trial = staffed.loop, staffed.staged("begins")
    own = TrackedActor("asked for")
    loop._trial_to_actor[trial], loop._actor_to_trial[own] = own, trial
    staffed.paused("waits")
    assert loop._maybe_reuse_cached_actor(trial)
    assert (staffed.removed, own._on_start) == (["asked for"], None)


def test_a_process_that_is_still_to_start_stays_its_trials_where_no_other_is_idle(staffed):
    trial = staffed.staged("begins")
    own = staffed.process("own", trial, reported=False)
    assert not staffed.loop._maybe_reuse_cached_actor(trial)
    assert staffed.loop._trial_to_actor == {trial: own}


def test_a_process_that_starts_when_all_is_over_ends(staffed):
    staffed.trial("ended", SCORED, Trial.TERMINATED)
    staffed.loop._search_alg.set_finished()
    actor = staffed.process("late", reported=False)
    staffed.loop._started_for_another(None, actor)
    assert (staffed.removed, staffed.cached, actor._on_error) == (["late"], 0, None)


@pytest.mark.parametrize("error", [RayActorError(), OutOfMemoryError("full")])
def test_a_process_that_ends_before_it_has_taken_a_trial_is_no_failure_of_that(staffed, error):
    trial, actor = staffed.taking("one", "idle")
    staffed.manager._tracked_actors_to_task_futures[actor] = set()
    staffed.loop._trial_task_failure(trial, error)
    assert staffed.awaits_a_process(trial)
    assert (staffed.removed, actor._on_error, actor._on_stop) == (["idle"], None, None)
    assert actor not in staffed.manager._tracked_actors_to_task_futures
    staffed.loop._trial_task_failure(trial, RayActorError())  # the end of its process once more
    assert staffed.awaits_a_process(trial)


def test_a_process_whose_end_is_known_is_not_ended_again(staffed):
    trial, actor = staffed.taking("one", "idle")
    staffed.manager._failed_actor_ids.add("idle")
    actor._on_error(actor, RayActorError())
    assert staffed.awaits_a_process(trial)
    assert staffed.removed == []
    assert actor not in staffed.loop._started_actors


def test_a_process_that_takes_no_other_config_ends_and_the_trial_waits_for_another(staffed):
    trial, _ = staffed.taking("one", "idle")
    staffed.loop._on_trial_reset(trial, False)
    assert staffed.awaits_a_process(trial)
    assert staffed.removed == ["idle"]


def test_a_config_that_a_process_cannot_take_is_a_failure_of_its_trial(staffed):
    trial, _ = staffed.taking("one", "idle")
    staffed.loop._trial_task_failure(trial, RayTaskError("reset", "why", ValueError()))
    assert (trial.status, trial.num_failures) == ("PENDING", 1)
    assert not staffed.loop._resetting_trials | staffed.loop._staged_trials
    assert ("scheduler", "one") in staffed.told


def test_so_is_what_a_process_meets_that_is_the_trials_own(staffed):
    trial = staffed.staged("one")
    staffed.process("own", trial)
    staffed.loop._trial_task_failure(trial, RayTaskError("setup", "why", ValueError()))
    assert (trial.status, trial.num_failures) == ("ERROR", 1)
    other = staffed.staged("other")
    actor = staffed.process("others", other)
    actor._on_error(actor, RayActorError())
    assert (other.status, other.num_failures) == ("PENDING", 1)
