"""What a trial is given, and what its results say of it."""

import math

from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.trainables import declared

SPACE = SearchSpace(
    "odd",
    training={
        "opt": {"lr": tune.uniform(0, 1), "kind": tune.choice([int, (1, 2)])},
        "child": tune.choice([None]),
    },
    conditions={"child": Condition("opt/kind", (int,))},
)
FLAT = {"opt/lr": 0.5, "opt/kind": "(1, 2)", "child": None, "seed": 3}
GIVEN = {"opt": {"lr": 0.5, "kind": (1, 2)}, "seed": 3}


class Own(tune.Trainable):
    """One's own, that keeps what it was given."""

    METRICS = {"score": "max"}  # noqa: RUF012

    def setup(self, config, *, epochs=1):
        self.given = config
        self.epochs = epochs

    def step(self):
        self.given["opt"]["lr"] = math.nan  # its own affair
        return {"score": 1.0, "done": True}

    def reset_config(self, new_config):
        self.given = new_config
        return True


def test_a_trial_is_given_its_config_as_declared_and_results_have_it_flat():
    trial = declared(Own, SPACE)(dict(FLAT))
    assert trial.given == trial.config == GIVEN
    assert trial.train()["config"] == FLAT
    assert trial.config == GIVEN
    assert trial.reset({**FLAT, "opt/kind": "builtins.int"})
    assert trial.given == {"opt": {"lr": 0.5, "kind": int}, "child": None, "seed": 3}
    assert trial.train()["config"] == {**FLAT, "opt/kind": "builtins.int"}


def test_it_is_else_what_it_was():
    kind = declared(Own, SPACE)
    assert (kind.__name__, kind.METRICS, kind.__doc__) == ("Own", Own.METRICS, Own.__doc__)
    assert issubclass(kind, Own)
