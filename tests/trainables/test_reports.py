"""Reports in values that every process can read."""

import math
import pickle
from fractions import Fraction

import numpy as np
import torch
from ray import tune

from automl_on_ray.trainables._reports import plain, reporting_plainly


class Odd:
    def __repr__(self):
        return "odd " * 100


def test_numbers_become_pythons_wherever_they_are():
    report = {
        "count": np.int64(3),
        "whole": 7,
        "huge": 10**400,
        "inner": {"deep": {"score": torch.tensor([0.5], dtype=torch.float16)}, 5: Fraction(1, 4)},
        "classes": [torch.tensor(0.5), np.float32(0.25)],
        "solved": np.True_,
        "stuck": torch.tensor(False),
    }
    assert plain(report) == {
        "count": 3.0,
        "whole": 7,
        "huge": math.inf,
        "inner": {"deep": {"score": 0.5}, "5": 0.25},
        "classes": [0.5, 0.25],
        "solved": True,
        "stuck": False,
    }


def test_nothing_is_left_that_only_the_trials_own_process_can_read():
    weights = torch.ones(3, requires_grad=True) * 2
    report = plain({"odd": Odd(), "wave": 1 + 1j, "weights": weights, "masked": np.ma.masked})
    assert report["odd"] == repr(Odd())[:200]
    assert report["wave"] == "(1+1j)"
    assert report["masked"] == "masked"
    assert isinstance(report["weights"], np.ndarray)
    assert b"torch" not in pickle.dumps(report)
    assert b"test_reports" not in pickle.dumps(report)


def test_the_config_in_a_report_stays_what_the_driver_gave():
    config = {"activation": torch.nn.ReLU, "betas": (0.9, 0.999)}
    assert plain({"config": config})["config"] is config


class Learner(tune.Trainable):
    """Reports a tensor."""

    def setup(self, config, *, factor):
        self.factor = factor

    def step(self):
        return {"score": torch.tensor(self.config["x"] * self.factor)}


def test_a_trainable_reports_plainly_and_is_the_same_otherwise():
    kind = reporting_plainly(Learner)
    assert (kind.__name__, kind.__doc__) == ("Learner", "Reports a tensor.")
    assert issubclass(kind, Learner)

    class Bound(kind):
        def setup(self, config):
            super().setup(config, factor=2)

    result = Bound({"x": 0.25}).train()
    assert type(result["score"]) is float
    assert (result["score"], result["training_iteration"], result["done"]) == (0.5, 1, False)
