"""What every forecaster can."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from automl_on_ray.trainables.forecasting.history import History

FACTS = "forecaster.json"


@dataclass(frozen=True)
class FitSettings:
    """`seed` starts all that is random in a fit, which may keep `threads` busy."""

    seed: int = 0
    threads: int = 1


class Forecaster(Protocol):
    """A fitted model of series of one frequency, be they those that it was fitted with or others.

    `predict` gives (series, horizon, levels), non-decreasing in the level. `save` writes files that
    cannot hold code, and FACTS among them. `model` is its name in the space.
    """

    model: str

    def predict(self, history: History) -> np.ndarray: ...

    def save(self, folder: Path) -> None: ...


def write_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """`facts["model"]` says whose files they are."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")


def read_facts(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return told
