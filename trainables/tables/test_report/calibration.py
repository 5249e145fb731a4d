"""Whether what is said to have a probability of 80 % happens in 80 of 100 rows."""

from dataclasses import dataclass

import numpy as np

from automl_on_ray.trainables.tables.metrics import units_of

BINS = 10
SURE = 1.959964  # standard errors on each side of a 95 % interval


@dataclass(frozen=True)
class Bin:
    """`rows` with neighbouring probabilities: their mean, and the share of which it was true.

    `low` and `high` are the share's 95 % interval (Wilson 1927). Rows of one group count as the
    fewer rows on their own that would tell as much.
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
    probabilities: np.ndarray,
    answers: np.ndarray,
    classes: tuple[str, ...],
    groups: np.ndarray | None = None,
) -> Calibration:
    """Of (n, classes) probabilities; in bins of equally many rows, of equal values in one bin.

    `groups` are (n,) of any values, if rows have such.
    """
    if len(classes) == 2:
        of, said, true = f"P({classes[1]})", probabilities[:, 1], answers == 1
    else:
        of, said = "P(answer)", probabilities.max(axis=1)
        true = probabilities.argmax(axis=1) == answers
    edges = np.unique(np.quantile(said, np.linspace(0, 1, BINS + 1)[1:-1]))
    places = np.searchsorted(edges, said, side="left")
    units = units_of(len(said), groups)[0]
    bins = tuple(
        _bin(*(each[places == at] for each in (said, true, units))) for at in np.unique(places)
    )
    gaps = [one.rows * abs(one.said - one.happened) for one in bins]
    return Calibration(of, float(sum(gaps) / len(said)), bins)


def _bin(said: np.ndarray, true: np.ndarray, units: np.ndarray) -> Bin:
    rows, share = _rows_on_their_own(true, units), float(true.mean())
    weight = SURE**2 / rows
    middle = (share + weight / 2) / (1 + weight)
    half = SURE * (share * (1 - share) / rows + weight / (4 * rows)) ** 0.5 / (1 + weight)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Bin(len(said), float(said.mean()), share, min(low, share), max(high, share))


def _rows_on_their_own(true: np.ndarray, units: np.ndarray) -> float:
    """How many of them would tell as much of a share (Korn and Graubard 1998).

    As many as there are units, where all rows are alike.
    """
    _, codes, sizes = np.unique(units, return_inverse=True, return_counts=True)
    rows, count, share = len(true), len(sizes), float(true.mean())
    if count in (1, rows):
        return count
    apart = np.bincount(codes, true - share)
    variance = count / (count - 1) * float((apart**2).sum()) / rows**2
    return min(rows, share * (1 - share) / variance) if variance else count
