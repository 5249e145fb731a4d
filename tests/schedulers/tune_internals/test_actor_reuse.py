"""Trials that take turns on fewer slots do so in as many processes as there are slots."""

import os
import signal
import sys
import time

import pytest
from ray import cloudpickle, tune
from ray.tune.schedulers import HyperBandScheduler

from automl_on_ray.schedulers.populations import PerturbExplorer, PopulationBased
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from tests.schedulers.populations.growing import EPOCHS, SPACE, Growing
from tests.schedulers.populations.test_population_based import GOAL, train

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test


class Noting(Growing):
    """Leaves a file for its process, and begins when both slots have one."""

    def setup(self, config, processes):
        super().setup(config)
        self.processes = processes
        (processes / str(os.getpid())).touch()

    def step(self):
        while len(list(self.processes.iterdir())) < 2:
            time.sleep(0.1)
        time.sleep(0.1)  # both are at work
        return super().step()


def population(synchronous):
    return PopulationBased(
        GOAL, PerturbExplorer(SPACE, 0), interval=2, synchronous=synchronous, seed=0
    )


def halving():
    return HyperBandScheduler(metric="score", mode="max", max_t=EPOCHS)


@pytest.mark.parametrize(
    "scheduler", [lambda: population(False), lambda: population(True), halving],
    ids=["population", "synchronous", "hyperband"],
)  # fmt: skip
def test_no_turn_needs_a_new_process(scheduler, ray_cluster, tmp_path):
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Noting, processes=processes)
    trials = train(tmp_path, ResumableScheduler(scheduler()), trainable=trainable)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert len(list(processes.iterdir())) == 2


class Brief(Noting):
    """Pauses before another process can be started."""

    def step(self):
        time.sleep(0.2)
        return Growing.step(self)


def test_a_process_that_starts_while_others_pause_is_for_the_next_trial(ray_cluster, tmp_path):
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Brief, processes=processes)
    trials = train(tmp_path, ResumableScheduler(population(False)), trainable=trainable)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert len(list(processes.iterdir())) == 2


class Idling(Noting):
    """Whoever comes last to its second step ends the other's process, which is idle by then."""

    def step(self):
        first = self.processes.parent / "first"
        if self.epoch == 1 and first.exists():
            time.sleep(5)  # the other reports, and pauses until this one is as far
            os.kill(int(first.read_text()), signal.SIGKILL)
        elif self.epoch == 1:
            first.write_text(str(os.getpid()))
        return super().step()


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
    scheduler = ResumableScheduler(population(synchronous=True))
    trials = train(tmp_path, scheduler, trainable=trainable, failures=1)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert sorted(trial.num_failures for trial in trials) == [0] * 5 + [1]
    assert len(list(processes.iterdir())) == 3  # one in place of that which is given up


def test_an_idle_process_that_dies_is_no_trials_failure(ray_cluster, tmp_path):
    processes = tmp_path / "processes"
    processes.mkdir()
    trainable = tune.with_parameters(Idling, processes=processes)
    scheduler = ResumableScheduler(population(synchronous=True))
    trials = train(tmp_path, scheduler, samples=2, trainable=trainable)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert {trial.num_failures for trial in trials} == {0}


class Forgetting(Growing):
    """As one writes it: nothing is returned."""

    def reset_config(self, new_config):
        super().reset_config(new_config)


def test_a_process_that_takes_no_other_config_gives_its_place_to_a_new_one(ray_cluster, tmp_path):
    scheduler = ResumableScheduler(tune.schedulers.FIFOScheduler())
    trials = train(tmp_path, scheduler, samples=3, trainable=Forgetting, at_once=1)
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert {trial.num_failures for trial in trials} == {0}
