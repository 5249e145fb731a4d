"""What every recommender can, and how one is found by its name."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from automl_on_ray.trainables.recommendation.seen import Seen

FACTS = "recommender.json"
# What a model imports, beside numpy and scipy.
REQUIREMENTS = {"bpr": ("torch",), "two_tower": ("torch",)}


@dataclass(frozen=True)
class FitSettings:
    """`seed` starts all that is random; `threads` may be busy."""

    seed: int = 0
    threads: int = 1


class Recommender(Protocol):
    """A fitted recommender. It knows items by their codes; users it need not have met.

    `scores` is float32 (len(users), items), more is better, of users by their codes in `seen`:
    other users than those it was fitted with, or more of theirs, will do. Items that they have
    seen have scores too. `save` writes to a folder that is there, in a format without code.
    """

    def scores(self, users: np.ndarray, seen: Seen) -> np.ndarray: ...

    def save(self, folder: Path) -> None: ...


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> Recommender:
    """The recommender that a config of the space `recommend` names, fitted with all of `seen`.

    MemoryError, one line with the memory it would need, where there are too many items for it.
    """
    fitted: Recommender = _module(config["model"]).fit(config, seen, settings)
    return fitted


def save(name: str, fitted: Recommender, folder: Path) -> None:
    """What `load` reads: the file of the model, and which it is."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FACTS).write_text(json.dumps({"model": name}))
    fitted.save(folder)


def load(folder: Path, threads: int = 1) -> Recommender:
    """What a recommender's `save` wrote there. ValueError for a file that could hold code."""
    name = json.loads((folder / FACTS).read_text())["model"]
    loaded: Recommender = _module(name).load(folder, threads)
    return loaded


def _module(name: str) -> ModuleType:
    if not name.isidentifier():
        raise ValueError(f"{name!r} is no model.")
    return importlib.import_module(f"{__package__}.{name}_model")
