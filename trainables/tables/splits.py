"""Which rows a table's models learn from, are chosen on, and are tested on: by seed."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import stratified

TEST_PARTS = 5  # one of which is the test part
MANY_GROUPS = 10_000  # of so many each class has its share by chance, and their choice takes long
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
    """A fifth of the rows to test on, and the rest in `folds`; `subset` is a size of this rest.

    Classes have their share in each part. With times, a part's rows are all later than those that
    it is predicted from; with groups, no group is in two parts. With both, both hold: rows that are
    neither are left out. UserError if there are too few rows, groups or times for it.
    """
    if folds < 2:
        raise UserError(f"There must be 2 folds or more, not {folds}.")
    if seed < 0:
        raise UserError(f"The seed must be 0 or more, but is {seed}.")
    _check(rows, folds + 1, f"{folds} folds and a test part")
    seeds = np.random.SeedSequence(seed).generate_state(3).tolist()
    train, test = _test_part(rows, seeds[0])
    if subset is not None:
        _check(Rows(subset), folds, f"{folds} folds")
        train = _reduced(rows, train, subset, seeds[1])
    rest = rows.at(train)
    _check(rest, folds, f"{folds} folds")
    if rows.times is None:
        parts = _parts(rest, folds, seeds[2])
    else:
        parts = _by_time(rest, 1 / (folds + 1), folds)
        parts = _by_group_too(rest, parts, folds, seeds[2])
    _check_parts(rows, [(train, test), *((train[fit], train[out]) for fit, out in parts)])
    return Split(train, test, tuple(parts))


def _test_part(rows: Rows, seed: int) -> Fold:
    """What is not in it, and what is."""
    few = TEST_PARTS if rows.groups is None else len(np.unique(rows.groups))
    count = min(few, TEST_PARTS)
    if rows.times is None:
        return _parts(rows, count, seed)[0]
    return _by_group_too(rows, _by_time(rows, 1 - 1 / TEST_PARTS, 1), count, seed)[0]


def _check(rows: Rows, parts: int, what: str) -> None:
    """UserError if the rows cannot make so many parts; they need one more time, to begin with."""
    need = {"rows": (rows.count, 2 * parts)}
    if rows.groups is not None:
        need["groups"] = (len(np.unique(rows.groups)), parts)
    if rows.times is not None:
        need["different times"] = (len(np.unique(rows.times)), parts + 1)
    for of, (found, least) in need.items():
        if found == 1 and of == "groups":
            raise UserError("All rows are of one group, so none can be held out; give no --group.")
        if found < least:
            raise UserError(
                f"{what} need {least} {of} or more, but there are {found}; give fewer --folds."
            )


def _check_parts(rows: Rows, parts: list[Fold]) -> None:
    """UserError where nothing can be fitted or scored."""
    for fit, out in parts:
        if not len(fit) or not len(out):
            raise UserError(
                "A part of the rows is empty, as groups are few or of unlike sizes; give fewer "
                "--folds, or no --group."
            )
        if rows.labels is not None and len(np.unique(rows.labels[fit])) < 2:
            raise UserError(
                "The rows that a fold is fitted with are all of one class, as rows of it are early "
                "or in one group; give fewer --folds."
            )


def _reduced(rows: Rows, train: np.ndarray, size: int, seed: int) -> np.ndarray:
    if size > len(train):
        raise UserError(f"A subset of {size} rows was asked for, but there are {len(train)}.")
    if size == len(train):
        return train
    if rows.labels is None:
        some = np.random.default_rng(seed).choice(len(train), size, replace=False)
        return train[np.sort(some)]
    # A part of the rows, or what a part leaves: stratified() takes no class's last row.
    labels = rows.labels[train]
    if size > len(train) // 2:
        return train[stratified(labels, len(train) - size, seed=seed)[0]]
    return train[stratified(labels, size, seed=seed)[1]]


def _parts(rows: Rows, count: int, seed: int) -> list[Fold]:
    """All rows are held out once; each class gives its share to each part."""
    kinds = {
        (True, True): StratifiedGroupKFold, (True, False): StratifiedKFold,
        (False, True): GroupKFold, (False, False): KFold,
    }  # fmt: skip
    few = rows.labels is not None and np.bincount(rows.labels).max() < count
    if few and rows.groups is None:
        return _of_small_classes(rows, count, seed)
    many = rows.groups is not None and len(np.unique(rows.groups)) > MANY_GROUPS
    kind = kinds[rows.labels is not None and not few and not many, rows.groups is not None]
    splitter = kind(count, shuffle=True, random_state=seed)
    labels = np.zeros(rows.count) if rows.labels is None else rows.labels
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with few rows a remark tells
        try:
            return list(splitter.split(labels, labels, rows.groups))
        except ValueError as error:
            raise UserError(f"The rows cannot be parted: {error}") from error


def _of_small_classes(rows: Rows, count: int, seed: int) -> list[Fold]:
    """Of classes that all have fewer rows than there are parts: no two rows of one in a part."""
    assert rows.labels is not None
    chance = np.random.default_rng(seed).permutation(rows.count)
    order = np.lexsort((chance, rows.labels))
    held = [np.sort(order[part::count]) for part in range(count)]
    return [(np.setdiff1d(order, out), out) for out in held]


def _by_time(rows: Rows, first: float, count: int) -> list[Fold]:
    """The earliest share `first` is in no held-out part, the others are `count` parts of the rest.

    Each is predicted from all that is earlier. Rows of one time stay together.
    """
    assert rows.times is not None
    order = np.argsort(rows.times, kind="stable")
    times = rows.times[order]
    starts = np.flatnonzero(np.append(True, times[1:] != times[:-1]))  # of each time's rows
    cuts = _cuts(starts, rows.count * np.linspace(first, 1, count + 1)[:-1])
    ends = [*cuts[1:], rows.count]
    return [(order[:start], order[start:end]) for start, end in zip(cuts, ends, strict=True)]


def _by_group_too(rows: Rows, parts: list[Fold], count: int, seed: int) -> list[Fold]:
    """Of each part by time those rows to fit with, and to hold out, that are of other groups."""
    if rows.groups is None:
        return parts
    others = _parts(Rows(rows.count, rows.labels, None, rows.groups), count, seed)
    return [
        (early[np.isin(early, fit)], late[np.isin(late, out)])
        for (early, late), (fit, out) in zip(parts, others, strict=False)
    ]


def _cuts(starts: np.ndarray, wanted: np.ndarray) -> list[int]:
    """The start of a time near each wanted place: all different, and none the first."""
    places: list[int] = []
    for i, place in enumerate(wanted):
        low = places[-1] + 1 if places else 1
        high = len(starts) - (len(wanted) - i)
        places.append(int(np.clip(np.argmin(np.abs(starts - place)), low, high)))
    return [int(starts[place]) for place in places]
