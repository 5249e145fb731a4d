"""What a registered model of a table takes and answers: raw columns in, labels or values out.

MLflow loads it from a copy that is stored with each model, beside copies of what it imports here:
it needs numpy, pandas, scikit-learn, skops, and what its members' models are of.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables.registered.predictor import Bagged


class TableModel:
    """`predict` is what MLflow calls."""

    def __init__(self, bagged: Bagged) -> None:
        self.bagged = bagged

    def predict(self, frame: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """A DataFrame, one row for each of `frame`, with its index.

        Of classes: `label`, its `probability`, and `P(NAME)` of each class; else `value`. `frame`
        is a DataFrame, a dict of columns, or a list of rows as dicts. ValueError for what cannot
        be taken.
        """
        rows = _frame(frame)
        found, classes = self.bagged.predict(rows), self.bagged.classes
        if not classes:
            return pd.DataFrame({"value": found}, index=rows.index)
        columns = {f"P({name})": found[:, at] for at, name in enumerate(classes)}
        labels = [classes[at] for at in found.argmax(axis=1)]
        first = {"label": labels, "probability": found.max(axis=1)}
        return pd.DataFrame(first | columns, index=rows.index)


def _frame(given: Any) -> pd.DataFrame:
    if hasattr(given, "collect") and hasattr(given, "lazy"):  # a lazy frame of polars
        given = given.collect()
    if hasattr(given, "to_pandas"):  # of polars or Arrow
        given = given.to_pandas()
    if isinstance(given, pd.DataFrame):
        return given
    if isinstance(given, pd.Series):
        return given.to_frame().T
    if isinstance(given, Mapping) and all(np.ndim(value) == 0 for value in given.values()):
        given = [given]  # one row
    if isinstance(given, Mapping) or (
        isinstance(given, list | tuple) and all(isinstance(row, Mapping) for row in given)
    ):
        return pd.DataFrame(given)
    raise ValueError(f"A data frame with named columns is expected, not {type(given).__name__}.")


def _load_pyfunc(path: str) -> TableModel:
    """The model that `Bagged.save` has written into the folder `path`."""
    return TableModel(Bagged.load(Path(path)))
