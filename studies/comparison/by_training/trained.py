"""Rows of a comparison by real training: what a search found, and what it came to, trained anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.comparison.runs import Found, Run, Task


@dataclass(frozen=True)
class Searched:
    """A search: its best config, and the first objective of its trials as they began.

    `scores` has None for a trial without a value; if that is all, the config is empty. `epochs` and
    `seconds` are of all trials.
    """

    method: str
    budget: int
    seed: int
    config: Config
    scores: tuple[float | None, ...]
    failed: int
    epochs: int
    seconds: float

    @property
    def task(self) -> Task:
        return Task(self.method, self.budget, self.seed)

    @property
    def found(self) -> bool:
        """Whether any trial had a value."""
        return any(score is not None for score in self.scores)

    def best(self, goal: Objective) -> float:
        values = [score for score in self.scores if score is not None]
        return max(values, key=lambda value: goal.sign() * value)

    def run(self, goal: Objective) -> Run:
        """As a run on a table is kept, for figures."""
        found: list[Found] = []
        for number, score in enumerate(self.scores, 1):
            value = None if score is None else goal.sign() * score
            if value is not None and (not found or value > found[-1].values[0]):
                found.append(Found(number, (value,), None))
        return Run(self.method, self.budget, self.seed, len(self.scores), found=tuple(found))


@dataclass(frozen=True)
class Retrained:
    """One training of a found `config` by a recipe: its test accuracy, None if it failed.

    `gpus` are those of one trial.
    """

    recipe: str
    config: Config
    repeat: int
    score: float | None
    epochs: int
    seconds: float
    gpus: float


TrainingRow = Searched | Retrained
KINDS: Mapping[str, Callable[..., TrainingRow]] = {"searched": Searched, "retrained": Retrained}


def row_as_dict(row: TrainingRow) -> dict[str, Any]:
    kind = "searched" if isinstance(row, Searched) else "retrained"
    return {"kind": kind, **asdict(row)}


def read_row(stored: Any) -> TrainingRow:
    """From a line of JSON. Raises KeyError, TypeError or ValueError for what is no such row."""
    fields = dict(stored)
    kind = fields.pop("kind")
    if kind == "searched":
        scores = fields["scores"]
        if not all(one is None or isinstance(one, float | int) for one in scores):
            raise TypeError(f"scores are {scores!r}")
        fields["scores"] = tuple(scores)
    row = KINDS[kind](**fields)
    expected: dict[str, Any] = {
        "config": dict, "seconds": float, "epochs": int, "method": str, "budget": int,
        "seed": int, "failed": int, "recipe": str, "repeat": int, "gpus": float,
    }  # fmt: skip
    for name, value in vars(row).items():
        if name in expected and not isinstance(value, expected[name]):
            raise TypeError(f"{name} is {value!r}")
    if isinstance(row, Retrained) and not isinstance(row.score, float | None):
        raise TypeError(f"score is {row.score!r}")
    return row


def kendall(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b: 1 for the same order, -1 for the reverse, NaN where one has no order."""
    a, b = (np.sign(np.subtract.outer(one, one)) for one in (first, second))
    size = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / size) if size else float("nan")
