"""The value of one season before."""

import numpy as np

from automl_on_ray.trainables.forecasting.baselines.block import Block
from automl_on_ray.trainables.forecasting.baselines.intervals import Errors


def forecast(block: Block) -> np.ndarray:
    """Of a series shorter than a season, the last value."""
    errors = Errors(block, block.positive)
    for step in range(block.values.shape[1] - 1):
        known = block.there(step)
        if step + 1 >= block.season or block.season == 1:
            errors.add(_from(block, known, np.full(known.stop, step)), block.ahead(step))
    point = _from(block, slice(0, len(block.values)), block.lengths - 1)
    return errors.quantiles(point, np.zeros(len(point), int))


def _from(block: Block, rows: slice, last: np.ndarray) -> np.ndarray:
    """(rows, horizon): what is forecast of these rows after their step `last` (rows,)."""
    ahead = np.arange(block.horizon)
    season = np.where(last + 1 >= block.season, block.season, 1)[:, None]
    steps = last[:, None] + 1 - season + ahead % season
    return np.asarray(np.take_along_axis(block.values[rows], steps, axis=1))
