"""Which rows a table's models learn from, are chosen on, and are tested on: by seed and for good."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import stratified

TEST_PARTS = 5  # one of which is the test part
Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Rows:
    """What decides on the parts, for each row of a table.

    `labels` are (n,) codes of classes; None for numbers. `times` are (n,) and comparable, `groups`
    (n,) codes; each may be None.
    """

    count: int
    labels: np.ndarray | None = None
    times: np.ndarray | None = None
    groups: np.ndarray | None = None

    def at(self, rows: np.ndarray) -> "Rows":
        """Of these rows only."""
        parts = [each if each is None else each[rows] for each in
                 (self.labels, self.times, self.groups)]  # fmt: skip
        return Rows(len(rows), *parts)


@dataclass(frozen=True)
class Split:
    """Positions in a table: train and test; and `folds` in train, to fit with and to hold out.

    With times, positions are in order of time, and the first rows are in no held-out part.
    """

    train: np.ndarray
    test: np.ndarray
    folds: tuple[Fold, ...]


def split(rows: Rows, *, folds: int, seed: int, subset: int | None = None) -> Split:
    """A fifth of the rows to test on, and the rest in `folds`; `subset` reduces the rest to so many.

    Classes have their share in each part. With times, a part's rows are all later than those that
    it is predicted from; with groups, no group is in two parts. With both, both hold: rows that are
    neither are left out. UserError if there are too few rows, groups or times for it.
    """
    _check(rows, folds)
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    if rows.times is None:
        train, test = _parts(rows, TEST_PARTS, seeds[0])[0]
    else:
        train, test = _by_time(rows, 1, 1 - 1 / TEST_PARTS, seeds[0])[0]
    if subset is not None:
        train = _reduced(rows, train, subset, seeds[1])
    rest = rows.at(train)
    if rows.times is None:
        parts = _parts(rest, folds, seeds[2])
    else:
        parts = _by_time(rest, folds, 1 / (folds + 1), seeds[2])
    return Split(train, test, tuple(parts))


def _check(rows: Rows, folds: int) -> None:
    if folds < 2:
        raise UserError(f"There must be 2 folds or more, not {folds}.")
    least = 2 * (folds + 1)
    if rows.count < least:
        raise UserError(
            f"{folds} folds and a test part need {least} rows or more; there are {rows.count}."
        )
    if rows.groups is not None:
        found = len(np.unique(rows.groups))
        if found == 1:
            raise UserError(
                "All rows are of one group, so none can be held out; leave out --group."
            )
        if found <= folds + 1:
            raise UserError(
                f"{folds} folds and a test part need {folds + 2} groups or more; there are {found}. "
                "Give fewer --folds."
            )
    if rows.times is not None:
        found = len(np.unique(rows.times))
        if found <= folds + 2:
            raise UserError(
                f"{folds} folds and a test part by time need {folds + 3} different times or more; "
                f"there are {found}."
            )


def _reduced(rows: Rows, train: np.ndarray, size: int, seed: int) -> np.ndarray:
    if size > len(train):
        raise UserError(f"A subset of {size} rows was asked for, but there are {len(train)}.")
    if size == len(train):
        return train
    if rows.labels is None:
        return np.sort(np.random.default_rng(seed).choice(train, size, replace=False))
    labels = rows.labels[train]
    if size <= 2 * len(np.unique(labels)):
        raise UserError(f"A subset of {size} rows is too small for so many classes.")
    if size > len(train) - len(np.unique(labels)):
        return train
    return train[stratified(labels, size, seed=seed)[1]]


def _parts(rows: Rows, count: int, seed: int) -> list[Fold]:
    """All rows are held out once; each class gives its share to each part."""
    kinds = {
        (True, True): StratifiedGroupKFold, (True, False): StratifiedKFold,
        (False, True): GroupKFold, (False, False): KFold,
    }  # fmt: skip
    kind = kinds[rows.labels is not None, rows.groups is not None]
    splitter = kind(count, shuffle=True, random_state=seed)
    labels = np.zeros(rows.count) if rows.labels is None else rows.labels
    return list(splitter.split(labels, labels, rows.groups))


def _by_time(rows: Rows, count: int, first: float, seed: int) -> list[Fold]:
    """The earliest share `first` is in no held-out part, the others are `count` parts of the rest.

    Each is predicted from all that is earlier. Rows of one time stay together.
    """
    assert rows.times is not None
    order = np.argsort(rows.times, kind="stable")
    times = rows.times[order]
    starts = np.flatnonzero(np.append(True, times[1:] != times[:-1]))  # of each time's rows
    wanted = rows.count * np.linspace(first, 1, count + 1)
    cuts = _cuts(starts, wanted[:-1])
    ends = [*cuts[1:], rows.count]
    held = [order[start:end] for start, end in zip(cuts, ends, strict=True)]
    before = [order[:start] for start in cuts]
    if rows.groups is None:
        return list(zip(before, held, strict=True))
    parts = _parts(Rows(rows.count, rows.labels, None, rows.groups), max(count, TEST_PARTS), seed)
    return [
        (early[np.isin(early, fit)], late[np.isin(late, out)])
        for (early, late), (fit, out) in zip(zip(before, held, strict=True), parts, strict=False)
    ]


def _cuts(starts: np.ndarray, wanted: np.ndarray) -> list[int]:
    """The start of a time near each wanted place: all different, and none the first."""
    places: list[int] = []
    for i, place in enumerate(wanted):
        low = places[-1] + 1 if places else 1
        high = len(starts) - (len(wanted) - i)
        places.append(int(np.clip(np.argmin(np.abs(starts - place)), low, high)))
    return [int(starts[place]) for place in places]
