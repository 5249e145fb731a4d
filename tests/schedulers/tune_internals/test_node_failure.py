"""Failures of a trial's own count; a machine's loss does not (tests/clusters/test_connect.py)."""

import os
import sys

import numpy as np
from ray import cloudpickle, tune
from ray.exceptions import OutOfMemoryError

from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.schedulers.tune_internals.trial_failures import as_trial_error
from tests.schedulers.populations.growing import SPACE, Growing

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test


class Dying(Growing):
    def step(self):
        os._exit(1)


def test_a_trial_whose_process_dies_fails_and_may_be_tried_again_as_often(ray_cluster, tmp_path):
    """Of more failures than one, without Ray: test_failures.py."""
    first = tune.Tuner(
        Dying,
        param_space=SPACE.sample(np.random.default_rng(0)),
        tune_config=tune.TuneConfig(scheduler=ResumableScheduler(tune.schedulers.FIFOScheduler())),
        run_config=tune.RunConfig(
            name="dying", storage_path=str(tmp_path), verbose=0,
            failure_config=tune.FailureConfig(max_failures=0),
        ),
    )  # fmt: skip
    again = tune.Tuner.restore
    for tuner in (
        lambda: first,
        lambda: again(str(tmp_path / "dying"), Dying, resume_errored=True),
    ):
        (trial,) = tuner().fit()._experiment_analysis.trials
        assert trial.status == "ERROR"
        assert trial.num_failures == 1  # as many as before, though the first one is remembered


def test_a_trial_whose_process_ray_ended_for_its_memory_fails_by_that_name():
    """tests/studies/test_memory_monitor.py has Ray do so."""
    said = str(as_trial_error(OutOfMemoryError("Memory on the node: 9 GB")))
    assert said.splitlines() == [
        "OutOfMemoryError: out of memory, so Ray ended the trial's process",
        "Memory on the node: 9 GB",
    ]
