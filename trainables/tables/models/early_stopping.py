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

    By chance, of each class its share; or the last rows, where rows are in the order of time. No
    class is held out altogether: of one row, that row is learned from.
    """
    held = np.zeros(len(y), dtype=bool)
    if settings.in_time:
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
