"""The model that a study of a table ends with: fold models, bagged and weighted.

A registered model brings this file along: it imports nothing of this project but what does too.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import ThreadpoolController

from automl_on_ray.trainables.tables.conform import conform
from automl_on_ray.trainables.tables.fitted import FittedPipeline

DESCRIPTION = "model.json"
BLOCK = 20_000  # rows that are answered at a time, so that memory does not grow with the frame

Member = tuple[float, Sequence[FittedPipeline]]


class Bagged:
    """The weighted mean of `members`, each of which is the mean of its fold models.

    `kinds` are those of the raw columns that it takes, and `formats` say how their texts are read,
    both as `Table` has them. `classes` are words, none for a regression.
    """

    def __init__(
        self,
        members: Mapping[str, Member],
        *,
        classes: Sequence[str],
        kinds: Mapping[str, str],
        formats: Mapping[str, str] | None = None,
    ) -> None:
        """`members` by trial: weights above 0, in sum 1. ValueError without any."""
        if not members:
            raise ValueError("A model needs a member at least.")
        self.members = dict(members)
        self.classes = tuple(classes)
        self.kinds, self.formats = dict(kinds), dict(formats or {})

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Probabilities (n, classes), or values (n,), of n raw rows; their order is the frame's.

        Columns may be in any order, with others beside them, and categories unknown. ValueError
        for a column that is missing, by its name, or that holds another kind of values.
        """
        known = conform(frame, self.kinds, self.formats)
        blocks = [known.iloc[at : at + BLOCK] for at in range(0, len(known), BLOCK)]
        with _pools().limit(limits=self.threads):
            parts = [self._answers(block) for block in blocks]
        empty = np.empty((0, len(self.classes)) if self.classes else 0)
        return np.concatenate(parts) if parts else empty

    def _answers(self, frame: pd.DataFrame) -> np.ndarray:
        means = [
            weight * np.mean([fold.predict(frame) for fold in folds], axis=0)
            for weight, folds in self.members.values()
        ]
        total: np.ndarray = np.sum(means, axis=0)
        return total

    def save(self, folder: Path) -> None:
        """A description as JSON, and each fold model in its own format; no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        told = {
            "classes": self.classes,
            "kinds": self.kinds,
            "formats": self.formats,
            "members": [
                {"trial": trial, "weight": weight, "folds": len(folds)}
                for trial, (weight, folds) in self.members.items()
            ],
        }
        (folder / DESCRIPTION).write_text(json.dumps(told, indent=1), encoding="utf-8")
        for number, (_, folds) in enumerate(self.members.values()):
            for place, fitted in enumerate(folds):
                fitted.save(_place(folder, number, place))

    @property
    def threads(self) -> int:
        """Of its fold models: one, if they were loaded without a word on it."""
        return max(fold.settings.threads for _, folds in self.members.values() for fold in folds)

    @classmethod
    def load(cls, folder: Path) -> "Bagged":
        """What `save` has written. No code in the files is run."""
        told = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        members = {
            one["trial"]: (
                one["weight"],
                [FittedPipeline.load(_place(folder, number, at)) for at in range(one["folds"])],
            )
            for number, one in enumerate(told["members"])
        }
        return cls(
            members, classes=told["classes"], kinds=told["kinds"], formats=told["formats"]
        )  # fmt: skip


@cache
def _pools() -> ThreadpoolController:
    """Libraries' pools of threads, found once the models are loaded, as to look takes a while."""
    return ThreadpoolController()


def _place(folder: Path, member: int, fold: int) -> Path:
    return folder / f"member_{member}" / f"fold_{fold}"
