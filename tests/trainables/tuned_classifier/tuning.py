"""Trials that tune some of their hyperparameters, on scikit-learn's digits, for tests."""

from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.trainables.hypergradients import HypergradientSettings, parse_tuned
from automl_on_ray.trainables.tuned_classifier import HypergradientClassifier
from tests.trainables.classifying import EPOCHS

BOTH = "learning_rate,weight_decay"


def tuning(config, tuned=BOTH, *, options=(), **keywords):
    """A trial that tunes what `tuned` says; `options` are those of `HypergradientSettings`."""
    settings = HypergradientSettings(
        parse_tuned(tuned), **{"warm_up": 5, "unroll": 5, **dict(options)}
    )
    bound = {
        "space": SPACE, "dataset": "digits", "epochs": EPOCHS, "seed": 1, "subset": 600,
        "hypergradients": settings, **keywords,
    }  # fmt: skip

    class Bound(HypergradientClassifier):  # as tune.with_parameters binds keywords
        def setup(self, config):
            super().setup(config, **bound)

    return Bound(config=dict(config))
