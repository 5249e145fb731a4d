"""Turns labels, numbers or words, into indices of classes."""

from collections.abc import Mapping, Sequence

import numpy as np

from automl_on_ray.search_spaces.core import UserError


def encode(
    parts: Mapping[str, np.ndarray], *, source: str, names: Sequence[str] | None = None
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Indices int64 (N,) of each part's labels, and the names of the classes.

    Words are numbered in the order of `names`, else in alphabetical order; numbers stay as they
    are and index `names`, where given. Rows of (N, classes) must be one-hot. UserError if they are
    none of these.
    """
    flat = {part: one_each(labels, f"{source}: {part}") for part, labels in parts.items()}
    kinds = {labels.dtype.kind for labels in flat.values() if len(labels)}
    if len(kinds) > 1:
        raise UserError(f"{source}: labels are words in one part and numbers in another.")
    if kinds == {"U"}:
        return _words(flat, source, names)
    highest = int(flat["train"].max(initial=-1))
    count = len(flat["train"])
    if names is None and highest >= count:
        raise UserError(
            f"{source}: label {highest} is out of range; {count} images cannot have so many "
            "classes. Number the labels from 0 without gaps."
        )
    return flat, tuple(str(n) for n in (range(highest + 1) if names is None else names))


def _words(
    parts: dict[str, np.ndarray], source: str, names: Sequence[str] | None
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    used = np.unique(np.concatenate([labels for labels in parts.values() if len(labels)])).tolist()
    classes = used if names is None else [str(name) for name in names]
    unknown = sorted(set(used) - set(classes))
    if unknown:
        raise UserError(f"{source}: label {unknown[0]!r} is none of the classes that it names.")
    index = {name: i for i, name in enumerate(classes)}
    return {
        part: np.array([index[word] for word in labels.tolist()], np.int64)
        for part, labels in parts.items()
    }, tuple(classes)


def one_each(labels: np.ndarray, source: str) -> np.ndarray:
    """One label an image: int64, or text. UserError if they are neither; `source` is to blame."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "biuf" and len(labels):
        return _from_one_hot(labels, source)
    if labels.ndim != 1:
        raise UserError(
            f"{source} labels must be one number or word an image, but have shape {labels.shape}."
        )
    if not len(labels):
        return labels.astype(np.int64)
    if labels.dtype.kind in "SO":
        labels = _text(labels, source)
    if labels.dtype.kind == "U":
        return _named(labels, source)
    if labels.dtype.kind == "f":
        odd = np.flatnonzero(~np.isfinite(labels) | (labels != np.rint(labels)))
        if len(odd):
            raise UserError(
                f"{source} labels must be whole numbers or words, but image {odd[0]} has "
                f"{labels[odd[0]]}."
            )
    elif labels.dtype.kind not in "biu":
        raise UserError(f"{source} labels must be whole numbers or words, not {labels.dtype}.")
    high = np.flatnonzero(np.abs(labels.astype(float)) > 2**31)
    if len(high):
        raise UserError(f"{source} label {labels[high[0]]} of image {high[0]} is out of range.")
    return labels.astype(np.int64)


def _from_one_hot(labels: np.ndarray, source: str) -> np.ndarray:
    wrong = np.flatnonzero(((labels != 0).sum(1) != 1) | (labels.max(1) != 1))
    if len(wrong):
        raise UserError(
            f"{source} labels of shape {labels.shape} must be one-hot, but those of image "
            f"{wrong[0]} are not; give one class an image."
        )
    return labels.argmax(axis=1).astype(np.int64)


def _text(labels: np.ndarray, source: str) -> np.ndarray:
    """Bytes are read as UTF-8."""
    found = []
    for row, label in enumerate(labels.tolist()):
        try:
            found.append(label.decode() if isinstance(label, bytes) else label)
        except UnicodeDecodeError:
            raise UserError(
                f"{source} label {label!r} of image {row} is no UTF-8 text; write it as text."
            ) from None
    if not all(isinstance(label, str) for label in found):
        raise UserError(f"{source} labels must be whole numbers or words, not {labels.dtype}.")
    return np.array(found)


def _named(labels: np.ndarray, source: str) -> np.ndarray:
    words = np.char.strip(labels)
    empty = np.flatnonzero((words == "") | (words == "nan"))  # what a missing one becomes as text
    if len(empty):
        raise UserError(f"{source} image {empty[0]} has {str(labels[empty[0]])!r} for a label.")
    return labels.astype(np.str_)
