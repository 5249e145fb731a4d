"""The model that a study of series ends with: the weighted mean of some models.

A registered model brings this file along: it imports nothing of this project but what does too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_on_ray.trainables.series_classes.models import Model, load

DESCRIPTION = "model.json"


@dataclass(frozen=True)
class Member:
    """A fitted model, its name in the space, and its weight above 0."""

    weight: float
    name: str
    model: Model


class Bagged:
    """The weighted mean of `members`, by trial. `classes` are words; series have `channels`."""

    def __init__(
        self, members: Mapping[str, Member], *, classes: Sequence[str], channels: int
    ) -> None:
        """ValueError without any member. Weights are brought to the sum 1."""
        if not members:
            raise ValueError("A model needs a member at least.")
        self.members = dict(members)
        self.classes, self.channels = tuple(classes), channels

    def predict(self, values: np.ndarray) -> np.ndarray:
        """(n, classes) probabilities of (n, channels, length), NaN after the end of a series."""
        total = sum(member.weight for member in self.members.values())
        parts = [m.weight / total * m.model.predict(values) for m in self.members.values()]
        mean: np.ndarray = np.sum(parts, axis=0)
        return mean

    def save(self, folder: Path) -> None:
        """A description as JSON, and each member in its own format; no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, member in enumerate(self.members.values()):
            _place(folder, number).mkdir(exist_ok=True)
            member.model.save(_place(folder, number))
        told = {
            "classes": self.classes,
            "channels": self.channels,
            "members": [
                {"trial": trial, "weight": member.weight, "name": member.name}
                for trial, member in self.members.items()
            ],
        }
        (folder / DESCRIPTION).write_text(json.dumps(told, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, threads: int = 1) -> "Bagged":
        """What `save` has written. No code in the files is run."""
        told = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        members = {
            one["trial"]: Member(
                one["weight"], one["name"], load(one["name"], _place(folder, number), threads)
            )
            for number, one in enumerate(told["members"])
        }
        return cls(members, classes=told["classes"], channels=told["channels"])


def _place(folder: Path, member: int) -> Path:
    return folder / f"member_{member}"
