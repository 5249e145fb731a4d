"""How sure a mean over series is: bootstrap, in pairs of the same series."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

REPEATS, AT_ONCE = 2000, 100
LEAST = 2  # series: of one alone nothing can be drawn


@dataclass(frozen=True)
class Interval:
    """A value, and from where to where 95 % of the repeats lie; None where nothing can be drawn."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        return "" if self.low is None else f"[{self.low:.4g}, {self.high:.4g}]"


@dataclass(frozen=True)
class Parts:
    """A metric as a ratio of sums over series: `errors` and `weights` are (n,).

    A mean over series has weights of 1.
    """

    errors: np.ndarray
    weights: np.ndarray

    def total(self) -> float:
        return float(_ratio(self.errors.sum(), self.weights.sum()))


def intervals_of(
    parts: Mapping[str, Parts], seed: int = 0
) -> tuple[dict[str, Interval], dict[tuple[str, str], Interval]]:
    """Of each, by name; and of each difference `a - b`, in pairs of the same drawn series."""
    counts = _counts(len(next(iter(parts.values())).errors), seed)
    totals = {name: part.total() for name, part in parts.items()}
    drawn = {
        name: np.concatenate([_ratio(c @ part.errors, c @ part.weights) for c in counts])
        for name, part in parts.items()
    } if counts else {}  # fmt: skip
    alone = {name: _interval(total, drawn.get(name)) for name, total in totals.items()}
    pairs = [(a, b) for a in parts for b in parts if a != b]
    differences = {
        (a, b): _interval(totals[a] - totals[b], drawn[a] - drawn[b] if drawn else None)
        for a, b in pairs
    }
    return alone, differences


def _counts(n: int, seed: int) -> list[np.ndarray]:
    """How often each of n series is among n drawn with replacement: arrays of (AT_ONCE, n)."""
    if n < LEAST:
        return []
    rng, even = np.random.default_rng(seed), np.full(n, 1 / n)
    return [rng.multinomial(n, even, AT_ONCE) for _ in range(REPEATS // AT_ONCE)]


def _ratio(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.asarray(errors / np.where(weights > 0, weights, 1.0))


def _interval(value: float, drawn: np.ndarray | None) -> Interval:
    if drawn is None:
        return Interval(value)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))
