"""Weights of an ensemble, by greedy selection (Caruana et al. 2004: from libraries of models)."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy.stats import rankdata

ROUNDS = 25
MOST = 30  # members to select from
MOST_ROWS = 50_000  # that are looked at: more would not change a choice, and take minutes
LEAST, TINY = 1e-15, 1e-300  # a probability under a logarithm; a variance to divide by

Losses = Callable[[np.ndarray, np.ndarray], np.ndarray]


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
    that no fold holds out. `answers` are (n,) codes of classes, or values. `loss` is a metric's
    name, see `LOSSES`. In each of `rounds` the member joins, perhaps again, with which the mean of
    all that joined has the least loss; the best of these means counts, so that it is never worse
    than the best member. Of equal members the one that is better alone joins, or whose name comes
    first. ValueError if no member predicts all rows that are held out.
    """
    rows = _held_out(predictions, seed)
    known = {name: np.asarray(predictions[name], np.float64)[rows] for name in sorted(predictions)}
    names = [name for name, values in known.items() if np.isfinite(values).all()]
    if not names or not len(rows):
        raise ValueError("No member predicts all rows that are held out.")
    losses, truth = LOSSES[loss], np.asarray(answers)[rows]
    alone = losses(np.stack([known[name] for name in names]), truth)
    order = np.argsort(alone, kind="stable")[:most]
    stack = np.stack([known[names[place]] for place in order])
    joined = _greedy(stack, truth, losses, rounds)
    places, counts = np.unique(joined, return_counts=True)
    weights = {names[order[p]]: float(c) / len(joined) for p, c in zip(places, counts, strict=True)}
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0])))


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


def _greedy(stack: np.ndarray, answers: np.ndarray, losses: Losses, rounds: int) -> list[int]:
    """Places in `stack` (members, n, ...) of those that joined, up to the round of least loss."""
    joined: list[int] = []
    reached: list[float] = []
    total = np.zeros_like(stack[0])
    for size in range(1, rounds + 1):
        found = losses((total + stack) / size, answers)
        joined.append(int(found.argmin()))
        reached.append(float(found.min()))
        total += stack[joined[-1]]
    return joined[: int(np.argmin(reached)) + 1]


def _log_losses(stack: np.ndarray, answers: np.ndarray) -> np.ndarray:
    likely = np.take_along_axis(stack, answers[None, :, None], axis=2)[..., 0]
    return -np.log(np.clip(likely / stack.sum(axis=2), LEAST, 1)).mean(axis=1)


def _auc_losses(stack: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """One minus the area under the curve; of several classes, each against the rest."""
    classes = [1] if stack.shape[2] == 2 else range(stack.shape[2])
    areas = [_areas(stack[:, :, one], answers == one) for one in classes]
    return 1 - np.mean(areas, axis=0)


def _areas(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """By ranks (Mann and Whitney), ties in the middle; a half if only one class is there."""
    many = int(positive.sum())
    pairs = many * (len(positive) - many)
    if not pairs:
        return np.full(len(scores), 0.5)
    ranks: np.ndarray = rankdata(scores, axis=1)[:, positive].sum(axis=1)
    return (ranks - many * (many + 1) / 2) / pairs


def _hits(stack: np.ndarray, answers: np.ndarray) -> np.ndarray:
    hits: np.ndarray = stack.argmax(axis=2) == answers
    return hits


def _balanced_losses(stack: np.ndarray, answers: np.ndarray) -> np.ndarray:
    hits = _hits(stack, answers)
    return 1 - np.mean([hits[:, answers == one].mean(axis=1) for one in np.unique(answers)], axis=0)


def _f1_losses(stack: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Of the second of two classes."""
    said = stack.argmax(axis=2) == 1
    right = (said & (answers == 1)).sum(axis=1)
    return 1 - 2 * right / np.maximum(said.sum(axis=1) + (answers == 1).sum(), 1)


def _squared(stack: np.ndarray, answers: np.ndarray) -> np.ndarray:
    mean: np.ndarray = np.square(stack - answers).mean(axis=1)
    return mean


# Of stacked predictions (members, n, ...): of a metric that is to be high, what lacks to 1.
LOSSES: Mapping[str, Losses] = {
    "auc": _auc_losses,
    "log_loss": _log_losses,
    "accuracy": lambda stack, answers: 1 - _hits(stack, answers).mean(axis=1),
    "balanced_accuracy": _balanced_losses,
    "f1": _f1_losses,
    "rmse": lambda stack, answers: np.sqrt(_squared(stack, answers)),
    "r2": lambda stack, answers: _squared(stack, answers) / max(answers.var(), TINY),
    "mae": lambda stack, answers: np.abs(stack - answers).mean(axis=1),
}
