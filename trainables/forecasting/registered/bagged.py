"""The model that a study of series ends with: forecasters, weighted.

A registered model brings this file along: it imports nothing of this project but what does too.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models import Forecaster, load
from automl_on_ray.trainables.forecasting.registered.frames import Columns

DESCRIPTION = "model.json"

Member = tuple[float, Forecaster]


class Bagged:
    """The weighted mean of what `members` forecast, level by level.

    `columns` are those of the frame that it takes.
    """

    def __init__(self, members: Mapping[str, Member], columns: Columns) -> None:
        """`members` by trial: weights above 0, in sum 1. ValueError without any."""
        if not members:
            raise ValueError("A model needs a member at least.")
        self.members, self.columns = dict(members), columns

    def predict(self, history: History) -> np.ndarray:
        """(series, horizon, levels), non-decreasing in the level. Its series need not be known."""
        parts = [weight * one.predict(history) for weight, one in self.members.values()]
        total: np.ndarray = np.sum(parts, axis=0)
        return total

    def save(self, folder: Path) -> None:
        """A description as JSON, and each member in its own format; no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        told = {
            "columns": asdict(self.columns),
            "members": [
                {"trial": trial, "weight": weight} for trial, (weight, _) in self.members.items()
            ],
        }
        (folder / DESCRIPTION).write_text(json.dumps(told, indent=1), encoding="utf-8")
        for number, (_, forecaster) in enumerate(self.members.values()):
            forecaster.save(_place(folder, number))

    @classmethod
    def load(cls, folder: Path) -> "Bagged":
        """What `save` has written. No code in the files is run."""
        told = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        members = {
            one["trial"]: (one["weight"], load(_place(folder, number)))
            for number, one in enumerate(told["members"])
        }
        return cls(members, Columns.of_json(told["columns"]))


def _place(folder: Path, member: int) -> Path:
    return folder / f"member_{member}"
