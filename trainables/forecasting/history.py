"""What a model may learn from, or forecast from.

It stands alone, with numpy: a registered model brings it along.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class History:
    """Many series of one frequency, up to where the forecast begins.

    `values` are float64 (n_i,), without NaN. `season` is in steps, 1 where there is none. `known`
    are float64 (n_i + horizon, k), and `past` (n_i, j); k and j may be 0.
    """

    values: tuple[np.ndarray, ...]
    season: int
    horizon: int
    known: tuple[np.ndarray, ...]
    past: tuple[np.ndarray, ...]


def carried_on(values: np.ndarray) -> np.ndarray:
    """With the last value before it in place of each NaN; the first is none."""
    last = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    return np.asarray(values[last])
