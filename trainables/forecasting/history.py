"""What comes before a cut in time. It stands alone, as a registered model brings it along."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class History:
    """What a model may learn from, or forecast from: many series of one frequency.

    Of series i, `values` has (n_i,) float64 without NaN; `known` (n_i + horizon, k) are covariates
    that are known ahead, `past` (n_i, j) those that are not. k and j may be 0, and are the same for
    all series. `season` is in steps, 1 where there is none.
    """

    values: tuple[np.ndarray, ...]
    season: int
    horizon: int
    known: tuple[np.ndarray, ...]
    past: tuple[np.ndarray, ...]
