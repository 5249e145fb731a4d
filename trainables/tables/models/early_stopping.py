"""The part of a fit's own rows that says when a model has learned enough."""

import numpy as np

from automl_on_ray.trainables.tables.models.choosing import FitSettings

SHARE = 0.1
PATIENCE = 30  # rounds of boosting without a better loss
MOST_ROUNDS = 1000


def held_part(
    y: np.ndarray, settings: FitSettings, *, share: float = SHARE
) -> tuple[np.ndarray, np.ndarray]:
    """Positions (ascending) of the rows to learn from, and of a `share` that is held out of them.

    By chance, of each class its share; or the last rows, where rows are in the order of time; or
    whole groups, where rows have such, in time or not. No class is held out altogether: of one row,
    that row is learned from.
    """
    held = np.zeros(len(y), dtype=bool)
    if (found := _drawn_groups(y, settings, share)) is not None:
        held[found] = True
    elif settings.in_time:
        held[len(y) - round(share * len(y)) :] = True
        held &= np.isin(y, y[~held]) if settings.classes else True
    else:
        held[_drawn(y, settings, share)] = True
    return np.flatnonzero(~held), np.flatnonzero(held)


def _drawn(y: np.ndarray, settings: FitSettings, share: float) -> np.ndarray:
    generator = np.random.default_rng(settings.seed)
    groups = [np.flatnonzero(y == code) for code in range(settings.classes)] or [np.arange(len(y))]
    return np.concatenate([
        generator.permutation(rows)[: max(0, min(round(share * len(rows)), len(rows) - 1))]
        for rows in groups
    ])  # fmt: skip


def _drawn_groups(y: np.ndarray, settings: FitSettings, share: float) -> np.ndarray | None:
    """Rows of whole groups, at most the share where one fits into it; else of the smallest one.

    None without groups, and where none can be held out: there is one only, or each has a class of
    its own.
    """
    if settings.groups is None:
        return None
    order = np.argsort(settings.groups, kind="stable")
    sizes = np.unique(settings.groups, return_counts=True)[1]
    if len(sizes) < 2:
        return None
    starts, smallest = np.cumsum(sizes) - sizes, int(sizes.min())
    room = max(round(share * len(y)), smallest)
    left = np.bincount(y, minlength=settings.classes) if settings.classes else np.array([len(y)])
    held: list[np.ndarray] = []
    for group in np.random.default_rng(settings.seed).permutation(len(sizes)):
        if room < smallest:
            break
        if sizes[group] > room:
            continue
        rows = order[starts[group] : starts[group] + sizes[group]]
        taken = np.bincount(y[rows], minlength=len(left)) if settings.classes else [len(rows)]
        if not ((left > 0) & (left == taken)).any():
            held.append(rows)
            left, room = left - taken, room - len(rows)
    return np.concatenate(held) if held else None
