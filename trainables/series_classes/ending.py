"""From held-out answers of trials to the models that are compared in the end."""

from collections.abc import Mapping

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.series_classes.models import FitSettings, Model, fit
from automl_on_ray.trainables.series_classes.series_set import SeriesSet
from automl_on_ray.trainables.tables import select

MOST_MEMBERS = 5  # each is fitted again
ROUNDS = 10
BY = "log_loss"  # of few series, accuracy has many ties


def weighted(
    data: SeriesSet, held_out: Mapping[str, list[np.ndarray]], seed: int
) -> dict[str, float]:
    """Weights by trial, of those whose weighted mean has the least log loss on held-out series.

    `held_out` are the trials' probabilities, fold by fold.
    """
    order = np.concatenate([held for _, held in data.folds])
    made = {}
    for trial, folds in held_out.items():
        told = np.empty((len(order), len(data.classes)))
        told[order] = np.concatenate(folds)
        made[trial] = told
    weights = select(made, data.labels, loss=BY, rounds=ROUNDS, seed=seed)
    kept = dict(list(weights.items())[:MOST_MEMBERS])
    return {trial: weight / sum(kept.values()) for trial, weight in kept.items()}


def refitted(data: SeriesSet, config: Config, *, seed: int, threads: int) -> Model:
    """The model of a config, fitted to all training series."""
    settings = FitSettings(len(data.classes), seed, threads)
    return fit(config, data.values, data.labels, settings)
