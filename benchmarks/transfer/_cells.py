"""NAS-Bench-201's cells: two of its data sets are earlier tasks, the third is searched."""

from functools import cache
from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.nas_bench_201 import architecture_text, parse_architecture
from benchmarks.nas_bench_201.objectives import GRAPHS, points
from benchmarks.transfer._problems import Problem, Value, tried

DATA_SETS = ("cifar10", "cifar100", "imagenet16_120")
CELLS, TRIALS = 30, 15  # of a source, and of the target


def cells_problem(file: Path, target: str, seed: int) -> Problem:
    """The error in %, by validation after 12 epochs; each source has cells of its own."""
    generator = np.random.default_rng(seed)
    texts = sorted(_errors(file, target))
    return Problem(
        GRAPHS,
        _value(file, target),
        min(_errors(file, target).values()),
        tuple(
            tried(name, _drawn(texts, generator), _value(file, name))
            for name in DATA_SETS if name != target
        ),
        TRIALS,
    )  # fmt: skip


@cache
def _errors(file: Path, data_set: str) -> dict[str, float]:
    return {text: 100 - accuracy for text, (accuracy, _) in points(file, data_set).items()}


def _value(file: Path, data_set: str) -> Value:
    errors = _errors(file, data_set)
    return lambda config: errors[architecture_text(config)]


def _drawn(texts: list[str], generator: np.random.Generator) -> list[Config]:
    places = generator.choice(len(texts), CELLS, replace=False)
    return [parse_architecture(texts[place]) for place in places]
