"""Series out of a long table: one row a series and time."""

from typing import Any

import pandas as pd

from automl_on_ray.trainables.forecasting.series import Series


def read_series(raw: pd.DataFrame, asked: Any) -> Series:
    """Of the columns that `asked` names. UserError for what cannot be forecast."""
    raise NotImplementedError
