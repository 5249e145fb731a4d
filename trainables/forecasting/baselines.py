"""The classical forecasts, one model a series, that whatever was found is compared with.

Each takes a history and gives (n, horizon, len(LEVELS)), non-decreasing in the level. They take one
thread, but those of several `threads` at a time.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from automl_on_ray.trainables.forecasting.history import History


class Baseline(Protocol):
    def __call__(self, history: History, threads: int = 1) -> np.ndarray: ...


def seasonal_naive(history: History, threads: int = 1) -> np.ndarray:
    """Each step is the value of one season before."""
    raise NotImplementedError


def theta(history: History, threads: int = 1) -> np.ndarray:
    """The Theta method (Assimakopoulos and Nikolopoulos 2000), of the series without its season."""
    raise NotImplementedError


def ets(history: History, threads: int = 1) -> np.ndarray:
    """Exponential smoothing in state space form, chosen by AICc (Hyndman et al. 2002)."""
    raise NotImplementedError


BASELINES: Mapping[str, Baseline] = {"seasonal naive": seasonal_naive, "Theta": theta, "ETS": ets}
