"""Whether what is said to have a probability of 80 % happens in 80 of 100 rows."""

from dataclasses import dataclass

import numpy as np

BINS = 10
SURE = 1.959964  # standard errors on each side of a 95 % interval


@dataclass(frozen=True)
class Bin:
    """`rows` with neighbouring probabilities: their mean, and the share of which it was true.

    `low` and `high` are the share's 95 % interval (Wilson 1927).
    """

    rows: int
    said: float
    happened: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """`error` is the expected calibration error in [0, 1]: the mean gap of a row's bin.

    `of` says what the probabilities are of: the second of two classes, or the answer given.
    """

    of: str
    error: float
    bins: tuple[Bin, ...]


def calibration_of(
    probabilities: np.ndarray, answers: np.ndarray, classes: tuple[str, ...]
) -> Calibration:
    """Of (n, classes) probabilities; in bins of equally many rows, of equal values in one bin."""
    if len(classes) == 2:
        of, said, true = f"P({classes[1]})", probabilities[:, 1], answers == 1
    else:
        of, said = "P(answer)", probabilities.max(axis=1)
        true = probabilities.argmax(axis=1) == answers
    edges = np.unique(np.quantile(said, np.linspace(0, 1, BINS + 1)[1:-1]))
    places = np.searchsorted(edges, said, side="left")
    bins = tuple(_bin(said[places == at], true[places == at]) for at in np.unique(places))
    gaps = [one.rows * abs(one.said - one.happened) for one in bins]
    return Calibration(of, float(sum(gaps) / len(said)), bins)


def _bin(said: np.ndarray, true: np.ndarray) -> Bin:
    rows, share = len(said), float(true.mean())
    weight = SURE**2 / rows
    middle = (share + weight / 2) / (1 + weight)
    half = SURE * (share * (1 - share) / rows + weight / (4 * rows)) ** 0.5 / (1 + weight)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Bin(rows, float(said.mean()), share, min(low, share), max(high, share))
