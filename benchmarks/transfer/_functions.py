"""Functions on the unit cube, and others that are like them or not, as earlier tasks.

The function is shifted. A related task is the target shifted by another SHIFT, scaled by a half to
two, and with an offset; a quadratic's curvatures differ too. An unrelated one is mirrored in all
axes before that; a quadratic has another centre and other curvatures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from botorch.test_functions import Branin, Hartmann
from ray import tune

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.searchers import Source
from benchmarks.transfer._problems import Problem, tried

SHIFT = 0.07  # standard deviation, as a share of each axis
FARTHEST = 0.1  # of the target's own shift, which keeps the optimum within the cube
QUADRATIC_DIMENSIONS = 4
TRIALS = 15
BELIEVED_WITHIN = 0.1  # standard deviation of what people take for the optimum, on each axis
Function = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Task:
    """A function on the unit cube, its lowest value, and where it has that."""

    function: Function
    lowest: float
    where: np.ndarray


def branin(point: np.ndarray) -> float:
    scaled = torch.as_tensor(point * 15 - [5, 0])
    return float(Branin(bounds=[(-15, 25), (-15, 30)])(scaled))


def hartmann6(point: np.ndarray) -> float:
    return float(Hartmann(dim=6, bounds=[(-1, 2)] * 6)(torch.as_tensor(point)))


KNOWN = {
    "branin": Task(branin, 10 / (8 * np.pi), np.array([(np.pi + 5) / 15, 2.275 / 15])),
    "hartmann6": Task(
        hartmann6,
        -3.32236801141551,
        np.array([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573]),
    ),
}
FUNCTIONS = (*KNOWN, "quadratic")


def function_problem(
    name: str, seed: int, *, related: bool, sources: int = 3, points: int = 30
) -> Problem:
    """Of one of FUNCTIONS; the target is the same whether or not the sources are related."""
    generator = np.random.default_rng(seed)
    task = _quadratic(generator) if name == "quadratic" else _shifted(KNOWN[name], generator)
    space = cube(len(task.where))
    believed = _config(_about(task.where, generator))
    others = [_other(name, task, generator, related=related) for _ in range(sources)]
    return Problem(
        space,
        partial(_at, task.function),
        task.lowest,
        tuple(_source(f"task{i}", other, space, generator, points)
              for i, other in enumerate(others)),
        TRIALS,
        believed=believed,
        misbelieved=_config(_worst_corner(task)),
    )  # fmt: skip


def cube(dimensions: int) -> SearchSpace:
    return SearchSpace("cube", training={f"x{i}": tune.uniform(0, 1) for i in range(dimensions)})


def _shifted(task: Task, generator: np.random.Generator) -> Task:
    by = _shift(generator, len(task.where)).clip(-FARTHEST, FARTHEST)
    return Task(partial(_moved, task.function, by), task.lowest, task.where + by)


def _quadratic(generator: np.random.Generator) -> Task:
    centre = generator.uniform(0.2, 0.8, QUADRATIC_DIMENSIONS)
    curvatures = np.exp(generator.uniform(np.log(0.3), np.log(3), QUADRATIC_DIMENSIONS))
    return Task(partial(_bowl, centre, curvatures), 0.0, centre)


def _other(name: str, task: Task, generator: np.random.Generator, *, related: bool) -> Function:
    """An earlier task."""
    by = _shift(generator, len(task.where))
    if name != "quadratic":
        return partial(_moved if related else _mirrored, task.function, by)
    if not related:
        return _quadratic(generator).function
    stretch = np.exp(generator.normal(0, 0.3, QUADRATIC_DIMENSIONS))
    return partial(_stretched, partial(_moved, task.function, by), task.where + by, stretch)


def _source(
    name: str, function: Function, space: SearchSpace, generator: np.random.Generator, points: int
) -> Source:
    """Its values have a scale and an offset of their own; the points are uniform."""
    found = generator.uniform(size=(points, len(space.domains)))
    spread = float(np.std([function(point) for point in found]))
    scale = float(np.exp(generator.uniform(np.log(0.5), np.log(2))))
    offset = float(generator.normal(0, spread))
    return tried(
        name, [_config(point) for point in found],
        lambda config: scale * _at(function, config) + offset,
    )  # fmt: skip


def _shift(generator: np.random.Generator, dimensions: int) -> np.ndarray:
    return generator.normal(0, SHIFT, dimensions)


def _moved(function: Function, by: np.ndarray, point: np.ndarray) -> float:
    return function(point - by)


def _mirrored(function: Function, by: np.ndarray, point: np.ndarray) -> float:
    return function(1 - point - by)


def _bowl(centre: np.ndarray, curvatures: np.ndarray, point: np.ndarray) -> float:
    return float(curvatures @ (point - centre) ** 2)


def _stretched(
    function: Function, centre: np.ndarray, stretch: np.ndarray, point: np.ndarray
) -> float:
    """With other curvatures: a step from the centre counts for more or less of one."""
    return function(centre + np.sqrt(stretch) * (point - centre))


def _about(where: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    near: np.ndarray = where + generator.normal(0, BELIEVED_WITHIN, len(where))
    return near.clip(0, 1)


def _worst_corner(task: Task) -> np.ndarray:
    corners = np.stack(np.meshgrid(*[[0.0, 1.0]] * len(task.where)), -1).reshape(
        -1, len(task.where)
    )
    return max(corners, key=task.function)


def _config(point: np.ndarray) -> Config:
    return {f"x{i}": float(value) for i, value in enumerate(point)}


def _at(function: Function, config: Config) -> float:
    return function(np.array([config[f"x{i}"] for i in range(len(config))]))
