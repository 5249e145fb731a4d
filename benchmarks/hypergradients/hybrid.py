"""Ax with hypergradients inside its trials, against Ax alone, where 784 penalties matter.

    python -m benchmarks.hypergradients.hybrid --out hybrid.jsonl
    python -m benchmarks.hypergradients.hybrid --out hybrid.jsonl --table

Each example is four MNIST images side by side, and its label is the first one's: the other three
say nothing. Linear softmax regression by Adam, 500 examples to train on and 500 held out. Ax
chooses the norm that is penalised (of each pixel's weights: squares or absolute values), whether
images are 14 or 7 pixels wide, the learning rate, and a penalty. The ways:

- Ax with hypergradients: its penalty is where the penalties of all pixels start (784, or 196), and
  each training tunes them by implicit differentiation of the held-out loss;
- Ax alone: its penalty holds for all pixels;
- Ax alone, told the images: it has a penalty for each of the four, which nobody knows elsewhere;
- random search: as Ax alone, drawn at random.

Each has the same CPU seconds of training, by the same code; seconds of Ax's own are not counted.
The training with the least held-out loss is chosen, and tested on 10,000 examples: cross-entropy in
nats, and accuracy in percent. Means, each with half of its 95 % interval (Student's t). Nothing was
tuned on seeds below 100. It goes on where `--out` ends.
"""

import contextlib
import functools
import itertools
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import torch
import typer
from ray import tune
from torch import Generator, Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.trainables.datasets import Images, load_dataset
from automl_on_ray.trainables.hypergradients import (
    HypergradientSettings,
    HypergradientTrainable,
    Log,
    Tensors,
    Transform,
    parse_tuned,
)
from automl_on_ray.trainables.image_classifier import DivergedError
from benchmarks.hypergradients._images import CLASSES, normalised
from benchmarks.hypergradients._lines import cell, read_lines
from benchmarks.hypergradients._searches import Outcome, at_random, best, by_ax

EXAMPLES, SIDE_BY_SIDE = 500, 4
EPOCHS, STEPS = 6, 50
SECONDS = 8.0
PENALTY = (1e-4, 1.0)
Batch = tuple[Tensor, Tensor]  # pixels (n, d) and labels (n,)


@dataclass(frozen=True)
class Data:
    train: Batch
    held: Batch
    test: Batch


@functools.lru_cache(maxsize=2)
def drawn(seed: int, pooled: int) -> Data:
    """Other images for each seed; `pooled` is how many pixels wide an average is."""
    data, generator = load_dataset("mnist"), Generator().manual_seed(seed)

    def beside(images: Images, rows: Tensor, others: Tensor) -> Batch:
        count = (SIDE_BY_SIDE - 1, len(rows))
        chosen = others[torch.randint(len(others), count, generator=generator)]
        parts = [normalised(images, each, data)[0] for each in (rows, *chosen)]
        pixels = [F.avg_pool2d(part, pooled).flatten(1) for part in parts]
        return torch.cat(pixels, dim=1), images.labels[rows]

    order = torch.randperm(len(data.train), generator=generator)
    train, held, rest = order.split((EXAMPLES, EXAMPLES, len(order) - 2 * EXAMPLES))
    few, many = rest.tensor_split(2)  # nothing beside a held-out image is trained on
    every = torch.arange(len(data.test))
    return Data(
        beside(data.train, train, few),
        beside(data.train, held, many),
        beside(data.test, every, every),
    )


class Regression(HypergradientTrainable):
    """`config` has `norm`, `learning_rate`, and where the penalty of each pixel starts, (d,)."""

    TRANSFORMS: ClassVar[dict[str, Transform]] = {"penalty": Log(1e-6, 100.0)}
    STEPS = STEPS
    data: Data

    def begin(self, config: Config) -> Tensors:
        count = self.data.train[0].shape[1]
        return {"weights": torch.zeros(count, CLASSES), "biases": torch.zeros(CLASSES)}

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Batch) -> Tensor:
        squares = weights["weights"] ** 2
        absolute = (squares + 1e-4).sqrt()  # nearly: smooth, so that it has a second derivative
        sizes = squares / 2 if self.config["norm"] == "squares" else absolute
        return self.val_loss(weights, batch) + (hyper["penalty"] * sizes.sum(1)).sum()

    def val_loss(self, weights: Tensors, batch: Batch) -> Tensor:
        return F.cross_entropy(outputs_of(weights, batch), batch[1])

    def batches(self) -> Iterator[Batch]:
        return itertools.repeat(self.data.train, self.STEPS)

    def val_batches(self) -> Sequence[Batch]:
        return [self.data.held]


def outputs_of(weights: Tensors, batch: Batch) -> Tensor:
    return batch[0] @ weights["weights"] + weights["biases"]


def trained(config: Config, seed: int, *, tuned: bool) -> Outcome:
    """Infinite if the guard gave up."""
    data = drawn(seed, config["pooled"])
    asked = HypergradientSettings(parse_tuned("penalty") if tuned else ())
    pixels = data.train[0].shape[1]
    penalties = [value for key, value in config.items() if key.startswith("penalty")]
    start = torch.tensor(penalties).repeat_interleave(pixels // len(penalties))

    class Bound(Regression):  # as tune.with_parameters binds keywords
        STARTS: ClassVar[dict[str, Any]] = {"penalty": start}

        def setup(self, config: Config) -> None:  # type: ignore[override]
            self.data = data
            super().setup(config, epochs=EPOCHS, seed=seed, hypergradients=asked)

    began = time.process_time()
    own = {key: config[key] for key in ("norm", "learning_rate")}
    trial, held = Bound(config={**own, "optimizer": "adam"}), math.inf
    with contextlib.suppress(DivergedError):
        held = [trial.step()["val_loss"] for _ in range(EPOCHS)][-1]
    seconds = time.process_time() - began
    return {"held": held, "seconds": seconds, "config": config, **tested(trial, data)}


def tested(trial: Regression, data: Data) -> dict[str, float]:
    outputs = outputs_of(trial.course.weights, data.test)
    right = (outputs.argmax(1) == data.test[1]).double().mean()
    loss = float(F.cross_entropy(outputs, data.test[1]))
    return {"loss": loss, "accuracy": round(100 * float(right), 2)}


def space(penalties: int = 1) -> SearchSpace:
    return SearchSpace(
        "regression",
        training={
            "norm": tune.choice(["squares", "absolute"]),
            "pooled": tune.choice([2, 4]),
            "learning_rate": tune.loguniform(1e-3, 1e-2),
            **{f"penalty{index}": tune.loguniform(*PENALTY) for index in range(penalties)},
        },
    )


@dataclass(frozen=True)
class Way:
    penalties: int = 1
    tuned: bool = False
    random: bool = False


WAYS = {
    "Ax with hypergradients": Way(tuned=True),
    "Ax alone": Way(),
    "Ax alone, told the images": Way(penalties=SIDE_BY_SIDE),
    "random search": Way(random=True),
}


def run(way: Way, seed: int, seconds: float) -> dict[str, Any]:
    """Of the chosen training; `cpu` counts Ax's own seconds, too."""
    began = time.process_time()
    search = at_random if way.random else by_ax
    train = functools.partial(trained, seed=seed, tuned=way.tuned)
    found = search(space(way.penalties), seed, train, seconds)
    failed = sum(not math.isfinite(one["held"]) for one in found)
    return {**best(found), "failed": failed, "cpu": time.process_time() - began}


def written(rows: list[dict[str, Any]]) -> str:
    words = ("test loss", "accuracy", "held-out loss", "trainings", "CPU s", "with Ax's")
    lines = [f"{'':<26}{''.join(f'{word:>16}' for word in words)}{'failed':>8}{'seeds':>7}"]
    for way in dict.fromkeys(row["way"] for row in rows):
        own = [row for row in rows if row["way"] == way]
        keys = {"loss": 3, "accuracy": 2, "held": 3, "tried": 0, "seconds": 0, "cpu": 0}
        cells = [cell([row[key] for row in own], digits) for key, digits in keys.items()]
        failed = sum(row["failed"] for row in own)
        lines.append(f"{way:<26}{''.join(f'{c:>16}' for c in cells)}{failed:8}{len(own):7}")
    return "\n".join(lines)


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    table: Annotated[bool, typer.Option("--table", help="Print what is there.")] = False,
    seeds: Annotated[int, typer.Option(help="Draws of images.")] = 5,
    first_seed: Annotated[int, typer.Option(help="For tuning: 100 or more.")] = 0,
    seconds: Annotated[float, typer.Option(help="Of the CPU, for trainings of a run.")] = SECONDS,
) -> None:
    torch.set_num_threads(1)
    rows = read_lines(out)
    done = {(row["way"], row["seed"]) for row in rows}
    with out.open("a") as file:
        for way, seed in itertools.product(WAYS, range(first_seed, first_seed + seeds)):
            if not table and (way, seed) not in done:
                rows.append({"way": way, "seed": seed, **run(WAYS[way], seed, seconds)})
                print(json.dumps(rows[-1]), file=file, flush=True)
    print(written(rows))


if __name__ == "__main__":
    typer.run(main)
