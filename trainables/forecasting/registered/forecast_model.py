"""What a registered forecaster takes and answers: a history in, a horizon out.

MLflow loads it from a copy that is stored with each model, beside copies of what it imports here:
it needs numpy, pandas, scipy, and what its members' models are of.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from automl_on_ray.trainables.forecasting.registered.bagged import Bagged
from automl_on_ray.trainables.forecasting.registered.frames import read_history, written


class ForecastModel:
    """`predict` is what MLflow calls."""

    def __init__(self, bagged: Bagged) -> None:
        self.bagged = bagged

    def predict(self, frame: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """One row a series and step after its last value: `forecast`, and a column a level.

        `frame` is a long DataFrame, a dict of columns, or a list of rows as dicts; its series need
        not be those of training. ValueError for what cannot be taken.
        """
        read = read_history(_frame(frame), self.bagged.columns)
        return written(read, self.bagged.predict(read.history), self.bagged.columns)


def _frame(given: Any) -> pd.DataFrame:
    if hasattr(given, "to_pandas"):  # of polars or Arrow
        given = given.to_pandas()
    if isinstance(given, pd.DataFrame):
        return given
    if isinstance(given, Mapping) or (
        isinstance(given, list | tuple) and all(isinstance(row, Mapping) for row in given)
    ):
        return pd.DataFrame(given)
    raise ValueError(f"A data frame with named columns is expected, not {type(given).__name__}.")


def _load_pyfunc(path: str) -> ForecastModel:
    """The model that `Bagged.save` has written into the folder `path`."""
    return ForecastModel(Bagged.load(Path(path)))
