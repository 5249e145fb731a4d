"""Which classes are taken for which."""

from dataclasses import dataclass

import numpy as np

MOST_CLASSES = 20


@dataclass(frozen=True)
class Confusion:
    """`counts[true][said]` of the commonest `classes`; rows of others are `left_out`."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    left_out: int


def confusion_of(
    probabilities: np.ndarray, answers: np.ndarray, classes: tuple[str, ...]
) -> Confusion:
    """Of the commonest classes, in their order."""
    count = np.bincount(answers, minlength=len(classes))
    kept = np.sort(np.argsort(-count, kind="stable")[:MOST_CLASSES])
    table = np.zeros((len(classes), len(classes)), int)
    np.add.at(table, (answers, probabilities.argmax(axis=1)), 1)
    shown = table[np.ix_(kept, kept)]
    counts = tuple(tuple(int(one) for one in row) for row in shown)
    return Confusion(tuple(classes[at] for at in kept), counts, int(len(answers) - shown.sum()))
