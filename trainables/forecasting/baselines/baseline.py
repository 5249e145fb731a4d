"""The classical forecasts, one model a series, that whatever was found is compared with."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from automl_on_ray.trainables.forecasting.baselines import exponential, naive, theta_method
from automl_on_ray.trainables.forecasting.baselines.block import by_blocks
from automl_on_ray.trainables.forecasting.history import History


class Baseline(Protocol):
    """Gives (n, horizon, len(LEVELS)), non-decreasing in the level. `threads` may be busy."""

    def __call__(self, history: History, threads: int = 1) -> np.ndarray: ...


def seasonal_naive(history: History, threads: int = 1) -> np.ndarray:
    """Each step is the value of one season before."""
    return by_blocks(history, naive.forecast, threads)


def theta(history: History, threads: int = 1) -> np.ndarray:
    """The Theta method, of each series without its season."""
    return by_blocks(history, theta_method.forecast, threads)


def ets(history: History, threads: int = 1) -> np.ndarray:
    """Exponential smoothing, of each series in the form that AICc prefers."""
    return by_blocks(history, exponential.forecast, threads)


BASELINES: Mapping[str, Baseline] = {"seasonal naive": seasonal_naive, "Theta": theta, "ETS": ets}
