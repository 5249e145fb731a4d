"""Trials that take turns on fewer slots do so in as many processes as there are slots."""

import os
import signal
import sys
from contextlib import suppress

import pytest
from ray import cloudpickle, tune
from ray.tune.schedulers import HyperBandScheduler

from automl_on_ray.schedulers.populations import PerturbExplorer, PopulationBased
from tests.helpers.waiting import wait_until
from tests.schedulers.populations.growing import (
    EPOCHS,
    SPACE,
    Growing,
    Noting,
    lives_match_scores,
)
from tests.schedulers.populations.test_population_based import GOAL, train

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test


def population(synchronous):
    return PopulationBased(
        GOAL, PerturbExplorer(SPACE, 0), interval=2, synchronous=synchronous, seed=0
    )


@pytest.mark.whole
def test_no_turn_needs_a_new_process(ray_cluster, tmp_path):
    """Nor do those of populations, which `make test` runs: test_population_based.py."""
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Noting, processes=processes)
    halving = HyperBandScheduler(metric="score", mode="max", max_t=EPOCHS)
    trials = train(tmp_path, halving, trainable=trainable)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert len(list(processes.iterdir())) == 2


class Brief(Noting):
    """Pauses before another process has been started, and waits for that one the second time."""

    def step(self):
        if self.epoch >= 2:
            self.wait_for_both()
        return Growing.step(self)


@pytest.mark.whole
def test_a_process_that_starts_while_others_pause_is_for_the_next_trial(ray_cluster, tmp_path):
    """Where both have started, quickly: test_population_based.py."""
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Brief, processes=processes)
    trials = train(tmp_path, population(False), samples=3, trainable=trainable)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert len(list(processes.iterdir())) == 2


class Idling(Noting):
    """Whoever comes last to its second step ends the other's process once that is idle."""

    def step(self):
        first, idle = self.processes.parent / "first", self.processes.parent / "idle"
        if self.epoch == 1 and not take(first, os.getpid()):
            wait_until(idle.exists)
            os.kill(int(first.read_text()), signal.SIGKILL)
        return super().step()


def take(file, word):
    """Whether this process is the first to write there."""
    with suppress(FileExistsError), file.open("x") as opened:
        opened.write(str(word))
        return True
    return False


class Pauses(tune.Callback):
    """Leaves a file when a trial has given up its process until the other one is as far."""

    def __init__(self, file):
        self.file = file

    def on_step_end(self, iteration, trials, **info):
        if any(trial.status == "PAUSED" for trial in trials):
            self.file.touch()


class Refusing(Noting):
    """The first time that a process is to take another config, it cannot."""

    def reset_config(self, new_config):
        refused = self.processes.parent / "refused" if self.epoch else None
        if refused and not refused.exists():
            refused.touch()
            raise ValueError("not this one")
        return super().reset_config(new_config)

    def setup(self, config, processes):
        self.epoch = 0
        super().setup(config, processes)


def test_a_process_that_cannot_take_a_config_is_a_failure_of_its_trial(ray_cluster, tmp_path):
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Refusing, processes=processes)
    scheduler = population(synchronous=True)
    trials = train(tmp_path, scheduler, trainable=trainable, failures=1)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    lives_match_scores(scheduler, trials)
    times = {step.time for step in scheduler.members.done}
    assert times
    assert times <= set(range(2, EPOCHS, 2))
    assert sorted(trial.num_failures for trial in trials) == [0] * 5 + [1]
    assert len(list(processes.iterdir())) == 3  # one in place of that which is given up


def test_an_idle_process_that_dies_is_no_trials_failure(ray_cluster, tmp_path):
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Idling, processes=processes)
    scheduler = population(synchronous=True)
    idle = Pauses(tmp_path / "idle")
    trials = train(tmp_path, scheduler, samples=2, trainable=trainable, callbacks=[idle])
    assert idle.file.exists()
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert {trial.num_failures for trial in trials} == {0}


class Forgetting(Growing):
    """As one writes it: nothing is returned."""

    def reset_config(self, new_config):
        super().reset_config(new_config)


def test_a_process_that_takes_no_other_config_gives_its_place_to_a_new_one(ray_cluster, tmp_path):
    scheduler = tune.schedulers.FIFOScheduler()
    trials = train(tmp_path, scheduler, samples=2, trainable=Forgetting, at_once=1)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert {trial.num_failures for trial in trials} == {0}
