"""Weights of an ensemble of forecasters, by greedy selection on what was held out."""

from collections.abc import Mapping, Sequence

import numpy as np

from automl_on_ray.trainables.folds import MOST, ROUNDS, greedy, weights_of
from automl_on_ray.trainables.forecasting.levels import MEDIAN
from automl_on_ray.trainables.forecasting.metrics import scales
from automl_on_ray.trainables.forecasting.panel import Panel


def select(
    forecasts: Mapping[str, Sequence[np.ndarray]],
    panel: Panel,
    *,
    rounds: int = ROUNDS,
    most: int = MOST,
) -> dict[str, float]:
    """Weights in (0, 1] of the trials that were chosen, the largest first; their sum is 1.

    `forecasts` are of each trial (series, horizon, levels) for each of its folds; trials with fewer
    folds than others are passed over. The ensemble's loss is its mean MASE over all folds, and is
    never more than that of the best trial. ValueError without a trial.
    """
    folds = max((len(of_one) for of_one in forecasts.values()), default=0)
    whole = {name: forecasts[name] for name in sorted(forecasts) if len(forecasts[name]) == folds}
    if not folds:
        raise ValueError("No trial has forecast what is held out.")
    truth, worth = _truth(panel, folds)

    def loss(points: np.ndarray) -> float:
        return float(np.nansum(np.abs(points - truth) * worth))

    points = {
        name: np.concatenate([one[:, :, MEDIAN].astype("float64") for one in of_one])
        for name, of_one in whole.items()
    }
    order = sorted(points, key=lambda name: loss(points[name]))[:most]
    return weights_of(order, greedy([points[name] for name in order], loss, rounds))


def blended(forecasts: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """The weighted mean of the members' forecasts, level by level, of their shape."""
    parts = [weight * np.asarray(forecasts[name]) for name, weight in weights.items()]
    mean: np.ndarray = np.sum(parts, axis=0)
    return mean


def _truth(panel: Panel, folds: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, horizon) of all folds; and what an error of each step adds to the mean MASE."""
    truths, worths = [], []
    for fold in range(folds):
        truth, scale = panel.truth(fold), scales(panel.history(fold)[0])
        known = np.isfinite(truth).sum(axis=1)
        truths.append(truth)
        worths.append(1 / (scale * known * len(truth) * folds))
    return np.concatenate(truths), np.concatenate(worths)[:, None]
