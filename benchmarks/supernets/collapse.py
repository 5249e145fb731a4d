"""Plain DARTS, the doctor's remedies and selection by perturbation: who gathers skip connections?

    python -m benchmarks.supernets.collapse --out collapse.jsonl              # goes on where it was
    python -m benchmarks.supernets.collapse --out collapse.jsonl --table
    python -m benchmarks.supernets.collapse --out noise.jsonl --operations s4

On the sets of Zela et al. 2020 (arXiv:1909.09656), softmax with first_order, eigenvalue measured
each epoch. "stop" and "perturbation" are read off the plain search's own epochs: until the doctor
stops it, and until the last cell is derived, it is the same search to the bit. Then each derived
cell, and random cells of the space, are trained from scratch, all alike.

The setting (scikit-learn's digits, few images, a high learning rate of alpha) was searched for:
plain DARTS collapses there soon. On MNIST, of which 30 epochs were tried, it did not.
"""

import itertools
import json
import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import edges_of
from automl_on_ray.search_spaces.darts import space as cell_space
from automl_on_ray.trainables import TorchTrainable
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.image_classifier import ImageClassifier

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
        rest = {
            k: v for k, v in self.cells.all.items() if k not in cell and not hasattr(v, "sample")
        }
        trial = bound(
            ImageClassifier, {**rest, **cell}, space=self.cells, seed=seed, **self.data,
            **self.training,
        )  # fmt: skip
        result: Row = {"done": False}
        while not result["done"]:
            result = trial.step()
        return float(result["val_accuracy"])

    def _found(self, method: str, seed: int, epochs: Sequence[Row], kept: int, cell: Config) -> Row:
        free = FREE.get(self.operations, "skip_connect")
        count = sum(edge.operation == free for edge in edges_of(cell, "normal"))
        return {
            "method": method, "operations": self.operations, "seed": seed, "kept": kept,
            "gathered": count, "cell": cell, "epochs": list(epochs),
        }  # fmt: skip


def _told(result: Row) -> Row:
    names = ("val_accuracy", "discretised_accuracy", "skip_connections", "alpha_eigenvalue")
    return {name: result[name] for name in names if name in result}


def print_table(rows: Sequence[Row]) -> None:
    """One line a method: means over its seeds, and what gathered seed by seed."""
    print(f"{'method':13}{'gathered of 8':22}{'epoch kept':>11}{'eigenvalue: kept, end':>23}"
          f"{'own accuracy':>18}{'cells':>7}")  # fmt: skip
    for method in METHODS:
        own = [row for row in rows if row["method"] == method]
        if not own:
            continue
        gathered = [row["gathered"] for row in own]
        accuracy = [row["accuracy"] for row in own]
        spread = statistics.stdev(accuracy) / math.sqrt(len(own)) if len(own) > 1 else math.nan
        kept = statistics.mean(row["kept"] for row in own)
        seen = [(row["epochs"][row["kept"] - 1], row["epochs"][-1]) for row in own if row["epochs"]]
        values = [
            statistics.mean(pair[which].get("alpha_eigenvalue", math.nan) for pair in seen)
            if seen
            else math.nan
            for which in (0, 1)
        ]
        print(
            f"{method:13}{statistics.mean(gathered):4.1f} {' '.join(map(str, gathered)):17}"
            f"{kept:11.1f}{values[0]:12.3f}{values[1]:11.3f}"
            f"{statistics.mean(accuracy):10.4f} ± {spread:.4f}{len(own):6}"
        )


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; goes on where it was.")],
    table: Annotated[bool, typer.Option("--table", help="Print what there is.")] = False,
    dataset: str = "digits",
    data_dir: Path | None = None,
    operations: str = "s2",
    seeds: int = 3,
    images: int = 1000,
    epochs: int = 25,
    alpha_learning_rate: float = 0.1,
    warm_up: float = 0.1,
    channels: int = 4,
    layers: int = 5,
    stem_stride: int = 1,
    train_images: int = 1000,
    train_epochs: int = 20,
    threads: int = 2,
) -> None:
    """Search, train, and print the table."""
    torch.set_num_threads(threads)
    rows: list[Row] = [json.loads(line) for line in out.open()] if out.exists() else []
    if not table:
        benchmark = Benchmark(
            dataset=dataset, data_dir=data_dir, operations=operations, images=images,
            epochs=epochs, alpha_learning_rate=alpha_learning_rate, warm_up=warm_up,
            channels=channels, layers=layers, stem_stride=stem_stride, train_images=train_images,
            train_epochs=train_epochs,
        )  # fmt: skip
        done = {(row["seed"], row["part"]) for row in rows}
        for seed, part in itertools.product(range(seeds), ("warn", "regularise", "random")):
            if (seed, part) in done:
                continue
            found = benchmark.random(seed) if part == "random" else benchmark.search(seed, part)
            new = [
                {**row, "part": part, "accuracy": benchmark.train(row["cell"], seed)}
                for row in found
            ]
            rows += new
            with out.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in new)
    print_table(rows)


if __name__ == "__main__":
    typer.run(main)
