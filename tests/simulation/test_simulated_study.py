"""Studies without processes: what a killed and resumed one decides, what one needs of a disk."""

import math
import random
from collections import Counter

import cloudpickle
import numpy as np
import pytest

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler, scheduler_capabilities
from automl_on_ray.search_spaces.core import Objective, choices
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.simulation import Simulation
from automl_on_ray.simulation.simulated_checkpoints import SimulatedStorage
from tests.schedulers.populations.growing import SPACE, gain, lived

GOAL, LONG = Objective("score"), 9


class Growth:
    """`Growing`, without its process."""

    def __init__(self, epochs):
        self.epochs = epochs

    def begin(self, config):
        return 0, 0.0

    def step(self, state, config):
        epoch, score = state[0], state[1] + gain(config, state[0], self.epochs)
        return (epoch + 1, score), {"score": score}, 1.0 + config["batch"] / 100


class Sparse(Growth):
    """Is judged in its first epoch and then in each third, and by nothing but text between."""

    def step(self, state, config):
        after, report, seconds = super().step(state, config)
        between = {"score": "not yet"} if state[0] % 2 else {"loss": 1.0}
        return after, report if state[0] % 3 == 0 else between, seconds


class Silent(Growth):
    """Never reports what it is judged by, if it is wide."""

    def step(self, state, config):
        after, report, seconds = super().step(state, config)
        return after, {"loss": 1.0} if config["width"] == 16 else report, seconds


class Diverging(Growth):
    """At its third epoch, where the rate is high."""

    def step(self, state, config):
        after, report, seconds = super().step(state, config)
        diverged = config["rate"] > 0.01 and state[0] > 1
        return after, {"score": math.nan} if diverged else report, seconds


def simulation(
    searcher,
    scheduler,
    *,
    slots=1,
    samples=8,
    disk=None,
    synchronous=False,
    population=None,
    epochs=12,
    training=Growth,
):
    random.seed(0)  # Ray's schedulers draw from here
    np.random.seed(0)
    judge = create_scheduler(
        scheduler,
        SchedulerSettings(
            SPACE,
            GOAL,
            LONG,
            samples,
            0,
            interval=2,
            synchronous=synchronous,
            population=population,
        ),
    )
    judge._log_config = False  # of Ray's PB2: to files in the folders of trials
    proposing = create_searcher(
        searcher, SearcherSettings(SPACE, (GOAL,), seed=1, max_t=LONG, samples=samples)
    )
    can = scheduler_capabilities(scheduler)
    return Simulation(
        training(epochs), proposing, judge, samples=samples, slots=slots, max_t=LONG, disk=disk,
        pausing=can.pauses_trials, population=population, keep=can.checkpoints_to_keep,
    )  # fmt: skip


def decided(study):
    """A trial that was cut short begins once more; everything else must be the same."""
    return [decision for decision in study.decisions if decision.what != "begin"]


def killed(points, lag, **kind):
    """The decisions of the study, killed after so many steps, resumed from a state `lag` before."""
    disk = SimulatedStorage(f"killed at {points}")
    study = simulation(**kind, disk=disk)
    saved = []
    for _ in range(points):
        saved.append(study.save())
        study.step()
    saved.append(study.save())
    del study
    another = simulation(**kind, disk=disk)
    another.load(saved[max(0, points - lag)])
    another.run()
    return decided(another)


CHEAP = [
    {"searcher": "random", "scheduler": "fifo"},
    {"searcher": "sobol", "scheduler": "asha"},
    {"searcher": "random", "scheduler": "hyperband"},
    {"searcher": "random", "scheduler": "median-stopping"},
    {"searcher": "random", "scheduler": "pbt"},
    {"searcher": "random", "scheduler": "pbt", "synchronous": True},
    {"searcher": "random", "scheduler": "pbt", "population": 4},
    {"searcher": "random", "scheduler": "pbt", "population": 4, "synchronous": True},
]


@pytest.mark.parametrize("kind", CHEAP, ids=lambda k: "+".join(map(str, k.values())))
def test_wherever_a_study_is_killed_it_decides_as_if_it_had_not_been(kind):
    whole = simulation(**kind)
    whole.run()
    assert {trial.status for trial in whole.trials} == {"TERMINATED"}
    assert len(whole.trials) == 8
    expected = decided(whole)
    for points in range(0, len(expected), 7):
        assert killed(points, points % 3, **kind) == expected, points


RAYS_OWN = {"searcher": "random", "scheduler": "pb2"}


def test_so_it_does_with_rays_gaussian_process():
    whole = simulation(**RAYS_OWN)
    whole.run()
    assert killed(40, 1, **RAYS_OWN) == decided(whole)


@pytest.mark.parametrize("training", [Sparse, Silent, Diverging])
@pytest.mark.parametrize("kind", [*CHEAP, RAYS_OWN], ids=lambda k: "+".join(map(str, k.values())))
def test_reports_without_a_value_are_passed_over_by_every_scheduler(kind, training):
    study = simulation(**kind, slots=3, training=training)
    trials = study.run()
    assert len(trials) == 8
    assert {trial.status for trial in trials} == {"TERMINATED"}
    ends = {trial.run_metadata.last_result["training_iteration"] for trial in trials}
    assert max(ends) == LONG
    if kind["scheduler"] in ("pbt", "pb2", "fifo") and "population" not in kind:
        assert ends == {LONG}


@pytest.mark.parametrize("name", choices("schedulers"))
def test_a_scheduler_pauses_and_changes_trials_only_if_it_declares_so(name):
    study = simulation("random", name, slots=3, samples=9)
    study.run()
    configs = {(decision.trial, decision.config) for decision in study.decisions}
    paused = any(decision.what in ("pause", "noop") for decision in study.decisions)
    can = scheduler_capabilities(name)
    assert paused == can.pauses_trials
    assert (len(configs) > len(study.trials)) == can.changes_running_trials


def test_diverged_trials_of_a_population_go_on_from_others():
    study = simulation("random", "pbt", training=Diverging)
    study.run()
    done = study.scheduler.inner.members.done
    births = {
        trial: config["rate"] for trial, config in study.scheduler.inner.members.births.items()
    }
    high = {trial for trial, rate in births.items() if rate > 0.01}
    assert high & {step.exploit.trial for step in done}
    assert all(math.isfinite(step.exploit.score) for step in done)


@pytest.mark.parametrize("slots", [1, 3, 8])
@pytest.mark.parametrize("synchronous", [False, True])
def test_each_score_of_a_population_is_that_of_the_life_told(slots, synchronous):
    study = simulation("random", "pbt", slots=slots, synchronous=synchronous)
    trials = study.run()
    population = study.scheduler.inner
    assert population.members.done
    for trial in trials:
        told = lived(population.schedule(trial.trial_id))
        assert told == pytest.approx(trial.run_metadata.last_result["score"])


def fails(study):
    """A running trial does, for good."""
    trial = next(t for t in study.trials if t.status == "RUNNING")
    study._running.pop(trial.trial_id)
    trial.set_status("ERROR")
    study.scheduler.on_trial_error(study, trial)
    study.searcher.on_trial_complete(trial.trial_id, error=True)


@pytest.mark.parametrize("synchronous", [False, True])
@pytest.mark.parametrize("steps", [3, 9])
def test_a_failed_trial_that_comes_back_to_a_full_population_holds_up_nobody(synchronous, steps):
    disk = SimulatedStorage(f"failed {synchronous} {steps}")
    kind = {
        "searcher": "random", "scheduler": "pbt", "slots": 2, "samples": 16, "population": 4,
        "synchronous": synchronous, "disk": disk,
    }  # fmt: skip
    study = simulation(**kind)
    for _ in range(steps):
        study.step()
    fails(study)
    for _ in range(8):
        study.step()
    state = cloudpickle.loads(study.save())
    state["trials"] = [
        (name, config, "PENDING" if status == "ERROR" else status, *rest)
        for name, config, status, *rest in state["trials"]
    ]
    again = simulation(**kind)
    again.load(cloudpickle.dumps(state))
    again.run()
    assert {trial.status for trial in again.trials} == {"TERMINATED"}


def test_a_population_is_known_when_nothing_is_left_to_run():
    study = simulation("random", "pbt")
    study.run()
    again = simulation("random", "pbt", disk=study.disk)
    again.load(study.save())
    assert not again.step()
    again.scheduler.awake()
    for trial in study.trials:
        told = again.scheduler.inner.schedule(trial.trial_id)
        assert told == study.scheduler.inner.schedule(trial.trial_id)


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("synchronous", [False, True])
def test_hopeless_trials_of_a_population_give_their_places_to_new_ones(slots, synchronous):
    study = simulation(
        "random", "pbt", slots=slots, samples=16, population=4, synchronous=synchronous
    )
    alive = []
    while study.step():
        alive.append(sum(not trial.is_finished() for trial in study.trials))
    assert max(alive) == 4
    assert len(study.trials) == 16
    members = study.scheduler.inner.members
    ends = {trial.trial_id: members.schedule(trial.trial_id)[-1].end for trial in study.trials}
    culled = {name for name, end in ends.items() if end < LONG}
    assert {ends[name] for name in culled} == {2}
    assert 4 <= len(culled) <= 12
    kept = [score for name, score in members.firsts.items() if name not in culled]
    assert max(members.firsts.values()) in kept
    assert np.mean([members.firsts[name] for name in culled]) < np.mean(kept)
    for trial in study.trials:
        score = trial.run_metadata.last_result["score"]
        assert score == pytest.approx(lived(members.schedule(trial.trial_id)))


@pytest.mark.parametrize("slots", [1, 4, 8])
def test_in_no_interval_more_than_a_quarter_of_a_population_is_replaced(slots):
    study = simulation("random", "pbt", slots=slots)
    study.run()
    times = Counter(step.time // 2 for step in study.scheduler.inner.members.done)
    assert times
    assert max(times.values()) <= 2


def test_a_long_study_needs_no_more_of_the_disk_than_its_trials_may_need():
    study = simulation("random", "pbt", slots=4, samples=16, epochs=80)
    study.max_t = 80
    while study.step():
        if len(study.decisions) % 10 == 0:
            study.save()
    assert len(study.scheduler.inner.members.done) > 40
    assert study.disk.most <= 16 * (3 + 1) + 2 * 16
