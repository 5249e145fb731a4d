"""Weights of an ensemble, by greedy selection."""

from collections.abc import Callable, Mapping

import numpy as np

from automl_on_ray.trainables.folds import MOST, ROUNDS, greedy, weights_of
from automl_on_ray.trainables.tables.metrics import BINARY, MULTICLASS, REGRESSION, loss_of

MOST_ROWS = 20_000  # that are looked at: more would hardly change a choice, and take minutes

Loss = Callable[[np.ndarray], float]


def select(
    predictions: Mapping[str, np.ndarray],
    answers: np.ndarray,
    *,
    loss: str,
    rounds: int = ROUNDS,
    most: int = MOST,
    seed: int = 0,
) -> dict[str, float]:
    """Weights in (0, 1] of the members that were chosen, the largest first; their sum is 1.

    `predictions` are out-of-fold: (n, classes) probabilities or (n,) values a member, NaN in rows
    that no fold holds out. `answers` are (n,) codes of classes, or values. `loss` names a
    metric. In each of `rounds` the member joins, perhaps again, with which the mean of
    all that joined has the least loss; the best of these means counts, so that it is never worse
    than the best member. Of equal members the one that is better alone joins, or whose name comes
    first. ValueError if no member predicts all rows that are held out.
    """
    rows = _held_out(predictions, seed)
    known = {name: np.asarray(predictions[name], np.float64)[rows] for name in sorted(predictions)}
    names = [name for name, values in known.items() if np.isfinite(values).all()]
    if not names or not len(rows):
        raise ValueError("No member predicts all rows that are held out.")
    measured = _loss(loss, np.asarray(answers)[rows], known[names[0]])
    order = sorted(names, key=lambda name: measured(known[name]))[:most]
    return weights_of(order, greedy([known[name] for name in order], measured, rounds))


def blended(predictions: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """The weighted mean of the members' predictions, of their shape."""
    parts = [weight * np.asarray(predictions[name]) for name, weight in weights.items()]
    mean: np.ndarray = np.sum(parts, axis=0)
    return mean


def _held_out(predictions: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
    """Positions of the rows that any member predicts; of very many, a part drawn by `seed`."""
    there = [np.isfinite(values.reshape(len(values), -1)).all(1) for values in predictions.values()]
    rows = np.flatnonzero(np.any(there, axis=0)) if there else np.empty(0, int)
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    return rows


def _loss(metric: str, answers: np.ndarray, example: np.ndarray) -> Loss:
    """Of predictions like the `example`; infinite where the metric cannot be had."""
    task = REGRESSION if example.ndim == 1 else BINARY if example.shape[1] == 2 else MULTICLASS

    def measured(predictions: np.ndarray) -> float:
        found = loss_of(task, metric, answers, predictions)[0]
        return float(found) if np.isfinite(found) else np.inf

    return measured
