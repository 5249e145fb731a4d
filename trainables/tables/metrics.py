"""How good predictions are, and how sure that is."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, stdtrit
from scipy.stats import rankdata

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
METRICS: dict[str, dict[str, str]] = {
    BINARY: {
        "auc": "max", "log_loss": "min", "accuracy": "max", "f1": "max",
        "balanced_accuracy": "max",
    },
    MULTICLASS: {
        "log_loss": "min", "accuracy": "max", "balanced_accuracy": "max", "auc": "max",
    },
    REGRESSION: {"rmse": "min", "mae": "min", "r2": "max"},
}  # fmt: skip
USUAL = {BINARY: "auc", MULTICLASS: "-log_loss", REGRESSION: "-rmse"}
TINY = 1e-15  # the least probability that log loss takes
AT_ONCE = 4_000_000  # numbers that a block of repeats has in memory


def scores(task: str, answers: np.ndarray, predictions: np.ndarray) -> dict[str, float]:
    """Every metric of `task`, for (n,) answers.

    Predictions are probabilities (n, classes), whose rows sum up to 1, or numbers (n,). A class
    without a row counts in none of the means over classes; a metric that cannot be had, such as the
    AUC of one class, is NaN.
    """
    once = np.ones((1, len(answers)))
    return {
        name: float(_weighted(task, name, answers, predictions, once)[0]) for name in METRICS[task]
    }


def loss_of(
    task: str,
    metric: str,
    answers: np.ndarray,
    predictions: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """(repeats,) of a metric, made such that less is better: what it lacks to 1, if more were.

    Row i counts `weights[r, i]` times in repeat r; without weights, once in a single one.
    """
    counts = np.ones((1, len(answers))) if weights is None else weights
    found = _weighted(task, metric, answers, predictions, counts)
    return 1 - found if METRICS[task][metric] == "max" else found


class Interval(NamedTuple):
    """A value with the interval that 95 % of the bootstrap's repeats are in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Bootstrap:
    """Of each model its score, and of each pair the first's less the second's, on the same rows."""

    scores: dict[str, Interval]
    differences: dict[tuple[str, str], Interval]


def bootstrap(
    task: str,
    answers: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    metric: str,
    seed: int,
    repeats: int = 1000,
    groups: np.ndarray | None = None,
) -> Bootstrap:
    """Percentile intervals (Efron 1979) of `metric` over rows drawn with replacement.

    With `groups`, (n,) of any values, all rows of a group are drawn together. Few units make an
    interval too narrow, which its level makes up for in part (Hesterberg 2015); one makes it NaN.
    All models are scored on the same draws, so a difference has an interval of its own, which is
    narrower than the two scores'. Repeats without a score, as they lack a class, are passed over.
    """
    rng = np.random.default_rng(seed)
    n = len(answers)
    units, count = units_of(n, groups)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in predictions}
    block = max(AT_ONCE // n, 1)
    for start in range(0, repeats, block):
        weights = _draws(rng, min(block, repeats - start), count)[:, units]
        for name, made in predictions.items():
            drawn[name].append(_weighted(task, metric, answers, made, weights))
    found = {name: np.concatenate(parts) for name, parts in drawn.items()}
    whole = {name: scores(task, answers, made)[metric] for name, made in predictions.items()}
    return Bootstrap(
        {name: interval_of(whole[name], found[name], count) for name in predictions},
        {
            (a, b): interval_of(whole[a] - whole[b], found[a] - found[b], count)
            for a, b in combinations(predictions, 2)
        },
    )


def units_of(rows: int, groups: np.ndarray | None) -> tuple[np.ndarray, int]:
    """Of each row the code of what it is drawn with: its group, or itself; and how many are."""
    if groups is None:
        return np.arange(rows), rows
    known, codes = np.unique(groups, return_inverse=True)
    return codes, len(known)


def interval_of(value: float, drawn: np.ndarray, units: int) -> Interval:
    """Of a value, with (repeats,) of it for so many `units` that were drawn with replacement."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn) or units < 2:
        return Interval(value, np.nan, np.nan)
    beyond = float(ndtr(np.sqrt(units / (units - 1)) * stdtrit(units - 1, 0.025)))
    low, high = np.quantile(drawn, [beyond, 1 - beyond])
    return Interval(value, float(low), float(high))


def _draws(rng: np.random.Generator, repeats: int, n: int) -> np.ndarray:
    """(repeats, n): how often each row is among n that are drawn with replacement."""
    rows = rng.integers(0, n, (repeats, n)) + np.arange(repeats)[:, None] * n
    return np.bincount(rows.ravel(), minlength=repeats * n).reshape(repeats, n)


def _weighted(
    task: str, metric: str, answers: np.ndarray, predictions: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """(repeats,) of a metric, where row i counts `weights[r, i]` times in repeat r."""
    if task == REGRESSION:
        return _NUMBERS[metric](answers, predictions, weights)
    if metric == "auc":
        return _auc(answers, predictions, weights)
    if metric == "log_loss":
        given = predictions[np.arange(len(answers)), answers]
        return _mean(-np.log(np.clip(given, TINY, 1)), weights)
    chosen = predictions.argmax(axis=1)
    return _CHOICES[metric](answers, chosen, weights)


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ values / weights.sum(axis=1)


def _rmse(answers: np.ndarray, made: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean((answers - made) ** 2, weights))


def _mae(answers: np.ndarray, made: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _mean(np.abs(answers - made), weights)


def _r2(answers: np.ndarray, made: np.ndarray, weights: np.ndarray) -> np.ndarray:
    near = answers - answers.mean()  # the difference below loses fewer digits
    spread = _mean(near**2, weights) - _mean(near, weights) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, 1 - _mean((answers - made) ** 2, weights) / spread, np.nan)


def _accuracy(answers: np.ndarray, chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return _mean((answers == chosen).astype(float), weights)


def _balanced_accuracy(answers: np.ndarray, chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean over classes of the share of their rows that is right."""
    shares = []
    for label in np.unique(answers):
        of = (answers == label).astype(float)
        with np.errstate(invalid="ignore"):
            shares.append(weights @ (of * (chosen == label)) / (weights @ of))
    return np.nanmean(shares, axis=0)


def _f1(answers: np.ndarray, chosen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Of the second class; 0 where it is neither there nor predicted."""
    right = weights @ ((answers == 1) & (chosen == 1)).astype(float)
    wrong = weights @ (answers != chosen).astype(float)
    return 2 * right / np.maximum(2 * right + wrong, 1)


def _auc(answers: np.ndarray, predictions: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Of two classes; of more, the mean of one against the rest, over those that have rows."""
    if predictions.shape[1] == 2:
        return _auc_of(answers == 1, predictions[:, 1], weights)
    found = np.array([
        _auc_of(answers == label, predictions[:, label], weights)
        for label in range(predictions.shape[1])
    ])  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of repeats with rows of one class only
        return np.nanmean(found, axis=0)


def _auc_of(positive: np.ndarray, score: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mann and Whitney's: pairs in the right order, those alike by half."""
    order = np.argsort(score, kind="stable")
    place = rankdata(score[order], "dense") - 1
    starts = np.flatnonzero(np.append(True, np.diff(place) > 0))
    sorted_weights = weights[:, order].astype(float)
    ones = np.add.reduceat(sorted_weights * positive[order], starts, axis=1)
    zeros = np.add.reduceat(sorted_weights * ~positive[order], starts, axis=1)
    below = np.cumsum(zeros, axis=1) - zeros / 2
    pairs = ones.sum(axis=1) * zeros.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(pairs > 0, (ones * below).sum(axis=1) / pairs, np.nan)


Weighted = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
_NUMBERS: dict[str, Weighted] = {"rmse": _rmse, "mae": _mae, "r2": _r2}
_CHOICES: dict[str, Weighted] = {
    "accuracy": _accuracy, "balanced_accuracy": _balanced_accuracy, "f1": _f1,
}  # fmt: skip
