"""What was read, checked and parted: what cannot be learned from is refused, the rest is told."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import stratified
from automl_on_ray.trainables.series_classes.models import lengths_of, stack, whole
from automl_on_ray.trainables.series_classes.ts_files import Labelled

TEST_SHARE = 5  # one in so many
SHOWN = 3
LARGEST = np.finfo(np.float32).max  # what is kept has no larger number


@dataclass(frozen=True)
class Parts:
    """As `SeriesSet` has them."""

    classes: tuple[str, ...]
    values: np.ndarray
    labels: np.ndarray
    test_values: np.ndarray
    test_labels: np.ndarray
    split: str
    remarks: tuple[str, ...]


def parted(
    train: Labelled, test: Labelled | None, *, seed: int = 0, subset: int | None = None
) -> Parts:
    """UserError, in one line, for what cannot be learned from."""
    read = [*train.remarks, *(test.remarks if test else ())]
    remarks: list[str] = list(dict.fromkeys(read))
    train = _usable(train, "training" if test else "", remarks)
    known = _usable(test, "test", remarks) if test else None
    classes = _classes(train, known)
    labels = np.array([classes.index(one) for one in train.labels], np.int64)
    if known is None:
        rest, held = _test_part(labels, seed)
        parts = [_chosen(train, rest), _chosen(train, held)]
        split = f"one in {TEST_SHARE} of each class is the test part, drawn by seed {seed}"
    else:
        parts = [train, known]
        split = "the test part is as it was given"
    if subset is not None:
        parts[0] = _reduced(parts[0], classes, subset, seed)
    values, test_values = (stack(part.series) for part in parts)
    labels, test_labels = (
        np.array([classes.index(one) for one in part.labels], np.int64) for part in parts
    )
    remarks += [*_of_lengths(values, test_values), *_of_classes(classes, labels),
                *_of_copies(values, test_values)]  # fmt: skip
    return Parts(classes, values, labels, test_values, test_labels, split, tuple(remarks))


def _usable(given: Labelled, part: str, remarks: list[str]) -> Labelled:
    """Those with a label, without gaps. What was done is added to `remarks`.

    What is missing at the end of a series, in all channels, is after its end.
    """
    part = f"{part} series" if part else "series"
    kept = [place for place, label in enumerate(given.labels) if label != ""]
    if not kept:
        raise UserError(f"None of the {part} has a label.")
    if len(kept) < len(given.labels):
        remarks.append(f"{len(given.labels) - len(kept)} {part} without a label are left out.")
    gaps, series = 0, []
    for place in kept:
        one = given.series[place]
        if (np.abs(one) > LARGEST).any():
            raise UserError(
                f"Number {place + 1} of the {part} holds an infinite number, or one beyond "
                f"{LARGEST:.1e}."
            )
        if not one.size or np.isnan(one).all():
            raise UserError(f"Number {place + 1} of the {part} has no values.")
        one = one[:, : lengths_of(one[None])[0]]
        gaps += int(np.isnan(one).any())
        series.append(whole(one))
    if gaps:
        remarks.append(
            f"{gaps} {part} have missing values; they are put on the line between their neighbours."
        )
    channels = sorted({one.shape[0] for one in series})
    if len(channels) > 1:
        raise UserError(f"All series need as many channels, but they have {channels}.")
    return Labelled(tuple(series), tuple(given.labels[place] for place in kept))


def _classes(train: Labelled, test: Labelled | None) -> tuple[str, ...]:
    classes = tuple(sorted(set(train.labels), key=_by_number))
    if len(classes) < 2:
        raise UserError(f"All series are of the class {classes[0]!r}: there is nothing to tell.")
    if len(classes) > len(train.labels) // 2:
        raise UserError(
            f"There are {len(classes)} labels for {len(train.labels)} series: that are no classes. "
            "Does --label name the right column?"
        )
    if test is not None:
        new = sorted(set(test.labels) - set(classes))
        if new:
            raise UserError(
                f"Labels of the test part that no training series has: {', '.join(new[:SHOWN])}."
            )
        if test.series[0].shape[0] != train.series[0].shape[0]:
            raise UserError(
                f"The test part has {test.series[0].shape[0]} channels, the training part "
                f"{train.series[0].shape[0]}."
            )
    return classes


def _by_number(label: str) -> tuple[float, str]:
    """2 before 10, and both before words."""
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label


def _test_part(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    count = max(1, len(labels) // TEST_SHARE)
    if count > len(labels) - len(np.unique(labels)):
        raise UserError(f"{len(labels)} series are too few for a test part.")
    return stratified(labels, count, seed=seed)


def _chosen(given: Labelled, places: np.ndarray) -> Labelled:
    return Labelled(
        tuple(given.series[at] for at in places), tuple(given.labels[at] for at in places)
    )


def _reduced(given: Labelled, classes: Sequence[str], subset: int, seed: int) -> Labelled:
    count = len(given.labels)
    if subset > count:
        raise UserError(f"A subset of {subset} series was asked for, but there are {count}.")
    if subset == count:
        return given
    labels = np.array([classes.index(one) for one in given.labels])
    if subset < len(classes):
        raise UserError(f"A subset of {subset} series is less than one a class ({len(classes)}).")
    return _chosen(given, stratified(labels, count - subset, seed=seed)[0])


def _of_lengths(values: np.ndarray, test_values: np.ndarray) -> list[str]:
    every = np.concatenate([lengths_of(values), lengths_of(test_values)])
    if every.min() == every.max():
        return []
    return [
        f"Series have {every.min()} to {every.max()} points. Kernels and networks look at the "
        "points that there are; for nearest neighbours, all are brought to one length."
    ]


def _of_classes(classes: Sequence[str], labels: np.ndarray) -> list[str]:
    counts = np.bincount(labels, minlength=len(classes))
    few = [name for name, count in zip(classes, counts, strict=True) if count < 5]
    if not few:
        return []
    more = f" and {len(few) - SHOWN} more" if len(few) > SHOWN else ""
    return [
        f"Classes with less than 5 training series: {', '.join(few[:SHOWN])}{more}. A fold may lack"
        " them."
    ]


def _of_copies(values: np.ndarray, test_values: np.ndarray) -> list[str]:
    """Test series that are training series too: a model may know them by heart."""
    known = {_content(one) for one in values}
    copies = sum(_content(one) in known for one in test_values)
    return [f"{copies} test series are training series too."] if copies else []


def _content(one: np.ndarray) -> bytes:
    return one[:, ~np.isnan(one).all(axis=0)].tobytes()
