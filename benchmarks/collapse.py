"""Plain DARTS, the doctor's remedies and selection by perturbation: who gathers skip connections?

    python -m benchmarks.collapse --out collapse.jsonl              # goes on where it was
    python -m benchmarks.collapse --out collapse.jsonl --table
    python -m benchmarks.collapse --out noise.jsonl --operations s4

On the sets of Zela et al. 2020 (arXiv:1909.09656), softmax with first_order, eigenvalue measured
each epoch. "stop" and "perturbation" are read off the plain search's own epochs: until the doctor
stops it, and until the last cell is derived, it is the same search to the bit. Then each derived
cell, and random cells of the space, are trained from scratch, all alike.
"""

import itertools
import json
import math
import statistics
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from search_spaces._cells import edges_of
from search_spaces._space import Config, SearchSpace
from search_spaces.darts import space as cell_space
from trainables._torch_trainable import TorchTrainable
from trainables.darts_supernet import DartsSupernet
from trainables.image_classifier import ImageClassifier

METHODS = ("plain", "stop", "regularise", "perturbation", "random")
SEARCH: Config = {
    "partial": 1, "edge_weights": False, "relaxation": "softmax", "hypergradient": "first_order",
    "learning_rate": 0.025, "weight_decay": 3e-4, "alpha_weight_decay": 1e-3, "batch_size": 64,
}  # fmt: skip
RANDOM_CELLS = 2  # a seed
FREE = {"s4": "noise"}  # what gathers instead of skip connections
Row = dict[str, Any]


def bound(kind: type[TorchTrainable], config: Config, **settings: Any) -> Any:
    """A trial outside Tune, whose `setup` gets `settings` as tune.with_parameters binds them."""

    def setup(self: Any, config: Config) -> None:
        kind.setup(self, config, **settings)

    return type(kind.__name__, (kind,), {"setup": setup})(config=config)


class Benchmark:
    """The searches and trainings of one data set and one set of operations."""

    def __init__(
        self, *, dataset: str, data_dir: Path | None, operations: str, images: int, epochs: int,
        alpha_learning_rate: float, warm_up: float, channels: int, layers: int, stem_stride: int,
        train_images: int, train_epochs: int,
    ) -> None:  # fmt: skip
        self.data = {"dataset": dataset, "data_dir": str(data_dir) if data_dir else None}
        self.operations = operations
        self.config = {**SEARCH, "alpha_learning_rate": alpha_learning_rate, "warm_up": warm_up}
        self.supernet = {
            "subset": images, "epochs": epochs, "channels": channels, "layers": layers,
            "stem_stride": stem_stride, "operations": operations, "eigenvalue_every": 1,
        }  # fmt: skip
        self.training = {"subset": train_images, "epochs": train_epochs}
        self.cells = cell_space(
            operations=operations, stem_stride=stem_stride, learning_rate=0.025, weight_decay=3e-4
        )

    def search(self, seed: int, remedy: str) -> Iterator[Row]:
        """One row a method; with remedy "warn" plain, stop and perturbation, of one search."""
        space = SearchSpace("collapse", training=self.config)
        trial = bound(
            DartsSupernet, self.config, space=space, seed=seed, remedy=remedy,
            **self.data, **self.supernet,
        )  # fmt: skip
        epochs: list[Row] = []
        stopped = None
        while not epochs or not epochs[-1]["done"]:
            epochs.append(trial.step())
            if remedy == "warn" and stopped is None and (finding := trial.finding()):
                stopped = (finding, len(epochs))
        rows = [_told(epoch) for epoch in epochs]
        last = len(epochs)
        if remedy != "warn":
            yield self._found(remedy, seed, rows, last, trial.cells[-1])
            return
        yield self._found("plain", seed, rows, last, trial.cells[-1])
        if stopped is None:
            yield self._found("stop", seed, rows, last, trial.cells[-1])
        else:
            (finding, end), kept = stopped, stopped[0].healthiest
            row = self._found("stop", seed, rows[:end], kept, trial.cells[kept - 1])
            yield {**row, "reason": finding.reason}
        with trial.randomness():
            yield self._found("perturbation", seed, rows, last, trial._perturbed())

    def random(self, seed: int) -> Iterator[Row]:
        for index in range(RANDOM_CELLS):
            member = self.cells.sample(np.random.default_rng([seed, index]))
            cell = {k: v for k, v in member.items() if k in self.cells.architecture}
            yield self._found("random", seed, [], 0, cell)

    def train(self, cell: Config, seed: int) -> float:
        """Validation accuracy of the derived cell after the last epoch."""
        rest = {k: v for k, v in self.cells.all.items() if k not in cell and not hasattr(v, "sample")}
        trial = bound(
            ImageClassifier, {**rest, **cell}, space=self.cells, seed=seed, **self.data,
            **self.training,
        )  # fmt: skip
        result: Row = {"done": False}
        while not result["done"]:
            result = trial.step()
        return float(result["val_accuracy"])

    def _found(
        self, method: str, seed: int, epochs: Sequence[Row], kept: int, cell: Config
    ) -> Row:
        free = FREE.get(self.operations, "skip_connect")
        count = sum(edge.operation == free for edge in edges_of(cell, "normal"))
        return {
            "method": method, "operations": self.operations, "seed": seed, "kept": kept,
            "gathered": count, "cell": cell, "epochs": list(epochs),
        }  # fmt: skip
