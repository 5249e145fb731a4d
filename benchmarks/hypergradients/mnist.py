"""Learning rates and weight decay that begin far off, tuned within one training on MNIST.

    python -m benchmarks.hypergradients.mnist --out mnist.jsonl
    python -m benchmarks.hypergradients.mnist --out mnist.jsonl --table

A network of 2,826 weights, 10,000 images, 300 steps of 64 images by SGD with momentum 0.9.
Hypergradients are taken on 2,000 other images, 500 at a time, with the defaults of
`HypergradientTrainable`. Accuracy is that of MNIST's test, at the end. The cases:

- rate too small: the learning rate begins at a hundredth of the best constant;
- rate too large: at a hundred times it, once more without restarts of the guard;
- decay too large: weight decay begins at 0.1, a thousand times the usual 1e-4.

The ways, beside `hypergradient` itself:

- plain: the same start, and nothing is tuned;
- tuned constant: the best of a grid of ten, by mean test accuracy on seeds of its own (`--tune`);
- tuned again: once more from scratch, from what it found: the last decay, or the largest learning
  rate that an epoch ended with since the last restart, as a rate falls while training goes on;
- trained again: once more from scratch, with that value as a constant;
- trained along: once more from scratch, along the values that epochs ended with, where what was
  cut by a restart later on is as it was cut: what `--replay` does;
- Ax, random search: trainings with constants, for as many CPU seconds as the hypergradient took;
  the best by the loss on the 2,000 images. Seconds of Ax's own are not counted. They know no
  start, so what they find for the rate that is too small stands for the one too large as well.

The aims are about the hypergradient and tuned again: `--aims` leaves out all other ways.

Constants are trained by torch.optim, which is quicker. Seconds are the CPU's, as a ratio to the
tuned constant's of that seed. Means, each with half of its 95 % interval (Student's t). Nothing was
tuned on seeds below 100. It goes on where `--out` ends.
"""

import functools
import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from ray import tune
from torch import Generator, Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.trainables.datasets import load_dataset
from automl_on_ray.trainables.hypergradients import (
    HypergradientSettings,
    HypergradientTrainable,
    Tensors,
    parse_tuned,
)
from automl_on_ray.trainables.image_classifier import DivergedError
from benchmarks.hypergradients._images import network, normalised
from benchmarks.hypergradients._lines import cell, read_lines
from benchmarks.hypergradients._searches import Outcome, at_random, best, by_ax

TRAIN, HELD, HELD_BATCH, BATCH = 10_000, 2_000, 500, 64
EPOCHS, STEPS, MOMENTUM = 6, 50, 0.9  # epochs of so many steps
Batch = tuple[Tensor, Tensor]  # images (B, 1, 28, 28) and labels (B,)
Search = Callable[[SearchSpace, int, Callable[[Config], Outcome], float], list[Outcome]]
BEST = {"learning_rate": 0.02, "weight_decay": 1e-4}  # found by `--tune`
GRIDS = {
    "learning_rate": (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2),
    "weight_decay": (1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3),
}
TUNING = range(100, 105)
RANGES = {"learning_rate": (1e-4, 1.0), "weight_decay": (1e-6, 1.0)}  # of Ax and random search


@dataclass(frozen=True)
class Case:
    key: str
    start: float


CASES = {
    "rate too small": Case("learning_rate", BEST["learning_rate"] / 100),
    "rate too large": Case("learning_rate", BEST["learning_rate"] * 100),
    "decay too large": Case("weight_decay", 0.1),
}


@dataclass(frozen=True)
class Data:
    train: Batch
    held: Batch
    test: Batch


@functools.lru_cache(maxsize=1)
def drawn(seed: int) -> Data:
    """Images of MNIST's training part, other ones for each seed."""
    data = load_dataset("mnist")
    rows = torch.randperm(len(data.train), generator=Generator().manual_seed(seed))
    parts = rows[:TRAIN], rows[TRAIN : TRAIN + HELD]
    train, held = (normalised(data.train, part, data) for part in parts)
    return Data(train, held, normalised(data.test, torch.arange(len(data.test)), data))


def in_batches(data: Batch, size: int, generator: Generator) -> Iterator[Batch]:
    """All of it, in an order that is drawn."""
    order = torch.randperm(len(data[1]), generator=generator)
    return ((data[0][rows], data[1][rows]) for rows in order.split(size))


class SmallCNN(HypergradientTrainable):
    """The network and its losses: all that tuning by gradients must be told."""

    STEPS = STEPS
    data: Data

    def begin(self, config: Config) -> Tensors:
        self.network = network()
        return {name: one.detach() for name, one in self.network.named_parameters()}

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Batch) -> Tensor:
        return self.val_loss(weights, batch)

    def val_loss(self, weights: Tensors, batch: Batch) -> Tensor:
        outputs = torch.func.functional_call(self.network, weights, (batch[0],))
        return F.cross_entropy(outputs, batch[1])

    def batches(self) -> Iterator[Batch]:
        return itertools.islice(in_batches(self.data.train, BATCH, self.generator), self.STEPS)

    def val_batches(self) -> Iterator[Batch]:
        return in_batches(self.data.held, HELD_BATCH, self.generator)


def tuned_within(case: Case, seed: int, **settings: Any) -> dict[str, Any]:
    """Of one training; DivergedError if the guard gives up."""
    asked = HypergradientSettings(parse_tuned(case.key), **settings)
    data = drawn(seed)

    class Bound(SmallCNN):  # as tune.with_parameters binds keywords
        def setup(self, config: Config) -> None:  # type: ignore[override]
            self.data = data
            super().setup(config, epochs=EPOCHS, seed=seed, hypergradients=asked)

    began = time.process_time()
    trial = Bound(config={**BEST, "momentum": MOMENTUM, case.key: case.start})
    reports = [trial.step() for _ in range(EPOCHS)]
    seconds = time.process_time() - began
    counts = [report["restarts"] for report in reports]
    return {
        **judged(trial.course.weights, data),
        "found": [report[f"hyper/{case.key}"] for report in reports],
        "restarts": counts[-1],
        "restarted": counts.index(counts[-1]),  # the epoch of the last restart; 0 if none
        "seconds": seconds,
    }


def trained(values: dict[str, Sequence[float]], seed: int) -> dict[str, Any]:
    """By torch.optim, with these values in each epoch."""
    data = drawn(seed)
    began = time.process_time()
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0, momentum=MOMENTUM)
    for rate, decay in zip(values["learning_rate"], values["weight_decay"], strict=True):
        optimizer.param_groups[0].update(lr=rate, weight_decay=decay)
        for images, labels in itertools.islice(in_batches(data.train, BATCH, generator), STEPS):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    weights = {name: one.detach() for name, one in model.named_parameters()}
    held = loss_of(weights, data.held)
    seconds = time.process_time() - began
    return {**judged(weights, data), "held": held, "seconds": seconds}


def constantly(config: Config) -> dict[str, Sequence[float]]:
    return {key: [{**BEST, **config}[key]] * EPOCHS for key in BEST}


@torch.no_grad()
def outputs_of(weights: Tensors, batch: Batch) -> Tensor:
    return torch.func.functional_call(network(), weights, (batch[0],))


def loss_of(weights: Tensors, batch: Batch) -> float:
    return float(F.cross_entropy(outputs_of(weights, batch), batch[1]))


def judged(weights: Tensors, data: Data) -> dict[str, float]:
    """Accuracy in percent."""
    right = (outputs_of(weights, data.test).argmax(1) == data.test[1]).double().mean()
    return {"accuracy": round(100 * float(right), 2)}


def constants_of(case: Case) -> SearchSpace:
    low, high = RANGES[case.key]
    return SearchSpace("constants", training={case.key: tune.loguniform(low, high)})


def searched(case: Case, seed: int, search: Search, seconds: float) -> dict[str, Any]:
    space = constants_of(case)
    return best(search(space, seed, lambda config: trained(constantly(config), seed), seconds))


@functools.lru_cache(maxsize=1)
def tuned_constant(seed: int) -> dict[str, Any]:
    return trained(constantly({}), seed)


def compared(case: Case, seed: int, aims: bool = False) -> Iterator[dict[str, Any]]:
    """A line a way."""
    yield {"way": "tuned constant", **tuned_constant(seed)}
    own = tuned_within(case, seed)
    yield {"way": "hypergradient", **own}
    case_again = again(case, own)
    yield {"way": "tuned again", **tuned_within(case_again, seed)}
    if aims:
        return
    yield {"way": "plain", **trained(constantly({case.key: case.start}), seed)}
    constant = constantly({case.key: case_again.start})
    yield {"way": "trained again", **trained(constant, seed)}
    along = {**constant, case.key: replayed(own)}
    yield {"way": "trained along", **trained(along, seed)}
    if case == CASES["rate too large"]:
        yield {"way": "without restarts", **unguarded(case, seed)}
        return
    for way, search in {"Ax": by_ax, "random search": at_random}.items():
        yield {"way": way, **searched(case, seed, search, own["seconds"])}


def again(case: Case, found: dict[str, Any]) -> Case:
    """From scratch, beginning with what was found: a rate before it fell, or the last decay."""
    values = found["found"]
    rate = max(values[found["restarted"] :])
    return replace(case, start=rate if case.key == "learning_rate" else values[-1])


def replayed(found: dict[str, Any]) -> list[float]:
    """By epoch."""
    values, last = found["found"], found["restarted"]
    return [min(value, values[last]) for value in values[:last]] + values[last:]


def unguarded(case: Case, seed: int) -> dict[str, Any]:
    began = time.process_time()
    try:
        found = tuned_within(case, seed, restarts=0)
    except DivergedError as error:
        return {"failed": str(error), "seconds": time.process_time() - began}
    return found


def tuned_constants() -> None:
    """Print the mean accuracy of each grid point, on seeds of its own."""
    for key, grid in GRIDS.items():
        for value in grid:
            runs = [trained(constantly({key: value}), seed) for seed in TUNING]
            print(f"{key:<15}{value:<9g}{cell([run['accuracy'] for run in runs])}", flush=True)


def written(rows: list[dict[str, Any]]) -> str:
    lines = []
    for case in dict.fromkeys(row["case"] for row in rows):
        head = "".join(f"{word:>18}" for word in ("accuracy", "to tuned", "CPU", "last value"))
        lines.append(f"{case:<18}{head}{'restarts':>10}{'tried':>10}{'failed':>8}{'seeds':>7}")
        of_case = [row for row in rows if row["case"] == case]
        by = {
            way: {r["seed"]: r for r in of_case if r["way"] == way}
            for way in dict.fromkeys(row["way"] for row in of_case)
        }
        lines += [_line(way, own, by["tuned constant"]) for way, own in by.items()]
    return "\n".join(lines)


Runs = dict[int, dict[str, Any]]  # by seed


def _line(way: str, runs: Runs, constant: Runs) -> str:
    ended = {seed: run for seed, run in runs.items() if "accuracy" in run}
    cells = (
        cell([run["accuracy"] for run in ended.values()]),
        cell([run["accuracy"] - constant[seed]["accuracy"] for seed, run in ended.items()]),
        cell([run["seconds"] / constant[seed]["seconds"] for seed, run in runs.items()]),
        _span([run["found"][-1] for run in ended.values() if "found" in run]),
    )
    restarts = _span([run["restarts"] for run in ended.values() if "restarts" in run])
    tried = _span([run["tried"] for run in ended.values() if "tried" in run])
    wide = "".join(f"{one:>18}" for one in cells)
    return f"{way:<18}{wide}{restarts:>10}{tried:>10}{len(runs) - len(ended):8}{len(runs):7}"


def _span(values: list[float]) -> str:
    return f"{min(values):.2g} to {max(values):.2g}" if values else ""


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    table: Annotated[bool, typer.Option("--table", help="Print what is there.")] = False,
    seeds: Annotated[int, typer.Option(help="Draws of images and networks.")] = 5,
    first_seed: Annotated[int, typer.Option(help="For tuning: 100 or more.")] = 0,
    tune_constants: Annotated[bool, typer.Option("--tune", help="The grids alone.")] = False,
    aims: Annotated[bool, typer.Option("--aims", help="What the aims are about.")] = False,
) -> None:
    torch.set_num_threads(1)
    if tune_constants:
        tuned_constants()
        return
    rows = read_lines(out)
    done = {(row["case"], row["seed"]) for row in rows}
    with out.open("a") as file:
        for seed, name in itertools.product(range(first_seed, first_seed + seeds), CASES):
            if table or (name, seed) in done:
                continue
            ways = compared(CASES[name], seed, aims)
            found = [{"case": name, "seed": seed, **row} for row in ways]
            rows += found
            file.writelines(f"{json.dumps(row)}\n" for row in found)
            file.flush()
    print(written(rows))


if __name__ == "__main__":
    typer.run(main)
