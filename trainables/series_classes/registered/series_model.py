"""What a registered model of series takes and answers: series in, labels out.

MLflow loads it from a copy that is stored with each model, beside copies of what it imports here:
it needs numpy, pandas and torch.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_on_ray.trainables.series_classes.models import lengths_of, stack, whole
from automl_on_ray.trainables.series_classes.registered.predictor import Bagged

LARGEST = np.finfo(np.float32).max


class SeriesModel:
    """`predict` is what MLflow calls."""

    def __init__(self, bagged: Bagged) -> None:
        self.bagged = bagged

    def predict(self, series: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """A DataFrame, one row a series: `label`, its `probability`, `P(NAME)` of each class.

        `series` is an array (n, channels, length), or (n, length) of one channel, with NaN after
        the end of a shorter one; or a list of arrays, each (channels, its length) or (length,).
        Missing points are put on the line between their neighbours. ValueError for what cannot be
        taken.
        """
        values = self._stacked(series)
        classes = self.bagged.classes
        found = self.bagged.predict(values) if len(values) else np.empty((0, len(classes)))
        columns = {f"P({name})": found[:, at] for at, name in enumerate(classes)}
        labels = [classes[at] for at in found.argmax(axis=1)] if len(found) else []
        highest = found.max(axis=1) if len(found) else []
        return pd.DataFrame({"label": labels, "probability": highest} | columns)

    def _stacked(self, series: Any) -> np.ndarray:
        if not isinstance(series, np.ndarray | list | tuple):
            raise ValueError(
                f"An array or a list of arrays is expected, not {type(series).__name__}."
            )
        if isinstance(series, np.ndarray) and series.ndim == 1 and series.dtype != object:
            raise ValueError("Several series are expected; give one in a list.")
        channels = self.bagged.channels
        known = [self._one(one, place) for place, one in enumerate(series)]
        if not known:
            return np.empty((0, channels, 1), np.float32)
        return stack(known)

    def _one(self, given: Any, place: int) -> np.ndarray:
        """(channels, length), without gaps."""
        try:
            one = np.asarray(given, np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(f"Series {place} is no array of numbers: {error}") from error
        one = one[None, :] if one.ndim == 1 else one
        if one.ndim != 2 or one.shape[0] != self.bagged.channels:
            raise ValueError(
                f"Series {place} needs the shape ({self.bagged.channels}, length), but is "
                f"{np.shape(given)}."
            )
        end = int(lengths_of(one[None])[0]) if one.size else 0
        if not end or (np.abs(one) > LARGEST).any():
            beyond = f"holds an infinite number, or one beyond {LARGEST:.1e}"
            told = beyond if end else "has no values"
            raise ValueError(f"Series {place} {told}.")
        return whole(one[:, :end])


def _load_pyfunc(path: str) -> SeriesModel:
    """The model that `Bagged.save` has written into the folder `path`."""
    return SeriesModel(Bagged.load(Path(path)))
