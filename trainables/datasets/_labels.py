"""Labels as the user wrote them, numbers or words, to indices of classes."""

from collections.abc import Sequence

import numpy as np

from automl_on_ray.search_spaces._errors import UserError


def encode(
    train: np.ndarray, test: np.ndarray, *, source: str, names: Sequence[str] | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Indices int64 (N,) of train and test, and the names of the classes.

    Words are numbered in alphabetical order; numbers stay as they are and index `names`, where
    given. UserError if they are neither.
    """
    train, test = (_flat(part, source) for part in (train, test))
    if train.dtype.kind == "U":
        words = np.unique(np.concatenate([train, test]) if len(test) else train)
        return (
            np.searchsorted(words, train),
            np.searchsorted(words, test) if len(test) else np.empty(0, np.int64),
            tuple(words.tolist()),
        )
    highest = int(train.max(initial=-1))
    if names is None and highest >= len(train):
        raise UserError(
            f"{source}: label {highest} is out of range; {len(train)} images cannot have so many "
            "classes. Number the labels from 0 without gaps."
        )
    classes = tuple(str(n) for n in (range(highest + 1) if names is None else names))
    return train.astype(np.int64), test.astype(np.int64), classes


def _flat(labels: np.ndarray, source: str) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise UserError(f"{source}: labels must be one number or word an image; {labels.shape=}.")
    if labels.dtype.kind in "biu" or not len(labels):
        return labels.astype(np.int64)
    if labels.dtype.kind in "US":
        return labels.astype(np.str_)
    raise UserError(f"{source}: labels must be whole numbers or words, but are {labels.dtype}.")
