"""What methods are compared on: a benchmark's table, or a function of a config."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import (
    Objective,
    UserError,
    as_number,
    load_object,
    parse_objectives,
)
from automl_on_ray.studies.inputs import find_space, objectives_of

if TYPE_CHECKING:
    from automl_on_ray.trainables.recorded_cells import RecordedCells


@dataclass(frozen=True)
class Point:
    """Of a config: every value, higher is better; the score that nobody was guided by; seconds."""

    values: tuple[float, ...]
    test: float | None = None
    seconds: float = 1.0


class Yardstick(Protocol):
    """`digest` tells one from another. `times`: whether `seconds` of its points mean anything."""

    name: str
    digest: str
    space: SearchSpace
    objectives: tuple[Objective, ...]
    times: bool

    def point(self, config: Config) -> Point:
        """What the config comes to. Raises whatever the user's function raises."""

    def every(self) -> Sequence[Point]:
        """The points of all configs, where they are known; else none."""


@dataclass(frozen=True)
class Source:
    """How a yardstick is opened, in each process anew: a table and its data set, or a function."""

    table: str | None
    dataset: str
    function: str | None
    space: str | None
    objective: str

    def open(self) -> Yardstick:
        """UserError for whatever its user can mend."""
        if (self.table is None) == (self.function is None):
            raise UserError(
                "Give either --table or --function to compare methods without training."
            )
        if self.table is not None:
            if self.space is not None:
                raise UserError("--table has a space of its own: leave --space out.")
            # Only here: they bring torch, which a function may not need.
            from automl_on_ray.trainables.recorded_cells import RecordedCells, RecordedTrial

            cells = RecordedCells(self.table, self.dataset)
            return TableYardstick(cells, objectives_of(self.objective, RecordedTrial))
        assert self.function is not None
        if self.space is None:
            raise UserError("--function needs a --space: what may vary, as package.module:SPACE.")
        return FunctionYardstick(self.function, find_space(self.space), self.objective)


class TableYardstick:
    """NAS-Bench-201's recorded cells."""

    times = True

    def __init__(self, cells: "RecordedCells", objectives: tuple[Objective, ...]) -> None:
        self._cells, self.objectives = cells, objectives
        self.name, self.digest, self.space = (
            f"NAS-Bench-201, {cells.dataset}",
            cells.digest,
            cells.space,
        )

    def point(self, config: Config) -> Point:
        report = self._cells.report(config)
        values = tuple(o.sign() * report[o.metric] for o in self.objectives)
        return Point(values, self._cells.test(config), report["estimated_seconds"])

    def every(self) -> Sequence[Point]:
        from automl_on_ray.search_spaces.nas_bench_201 import parse_architecture

        return [self.point(parse_architecture(text)) for text in self._cells.rows]


class FunctionYardstick:
    """A function of a config, which returns a number, or its metrics by name."""

    times = False

    def __init__(self, path: str, space: SearchSpace, objective: str) -> None:
        self._function: Any = load_object(path, kind="function")
        if not callable(self._function):
            raise UserError(f"--function {path} must be a function that takes a config.")
        self.name = self.digest = path
        self.space, self.objectives = space, parse_objectives(objective)

    def point(self, config: Config) -> Point:
        found = self._function(self.space.as_declared({**self.space.constants, **config}))
        metrics = found if isinstance(found, Mapping) else {self.objectives[0].metric: found}
        return Point(tuple(o.sign() * _finite(metrics, o.metric) for o in self.objectives))

    def every(self) -> Sequence[Point]:
        return ()


def _finite(metrics: Mapping[str, Any], name: str) -> float:
    value = as_number(metrics.get(name))
    if value is None or not math.isfinite(value):
        raise ValueError(
            f"the function gave {metrics.get(name)!r} for {name!r}, which is no number"
        )
    return value
