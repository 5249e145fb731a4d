"""What a hypergradient costs, counted and not timed, as its window and its hyperparameters grow.

    python -m benchmarks.hypergradients.costs

A small network of convolutions is trained for K steps by SGD with momentum, with n weights of its
loss as hyperparameters, each of a group of the examples. Counted are

- work: products and additions of matrices and convolutions beyond those of the K steps themselves,
  in plain steps of training;
- memory: bytes that are alive at once because a backward pass will need them, each storage once;
  of forward mode, which keeps no graph, those of its tangents;
- products of the Hessian with vectors.

Checkpoints keep weights and state of each step as well, which is not counted: as much as the
optimiser holds, K times. All numbers are the same in every run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import torch
import typer
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from automl_on_ray.trainables.hypergradients import (
    Tensors,
    begin_sgd,
    begin_tangents,
    decay_penalty,
    detached,
    forward,
    forward_step,
    implicit,
    leaves,
    reverse,
    sgd,
    training_step,
)
from automl_on_ray.trainables.hypergradients.solvers import ConjugateGradients, Hvp
from benchmarks.hypergradients._counting import SavedBytes, operations

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "hypergradient_costs.png"
IMAGES = 64
PRODUCTS = 5  # what conjugate gradients are given
COUNTS = (1, 2, 4, 8, 16, 32)
FIXED = 8
Batch = tuple[Tensor, Tensor]
Begin = tuple[Tensors, Tensors]  # weights and state


class Training:
    """Random images in ten classes; `group_weights` of shape (n,) weigh n groups of examples."""

    def __init__(self, groups: int, *, channels: int = 8, size: int = 14) -> None:
        self.generator = torch.Generator().manual_seed(0)
        self.shape = (IMAGES, 1, size, size)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.network = nn.Sequential(
                nn.Conv2d(1, channels, 3, stride=2), nn.Tanh(),
                nn.Conv2d(channels, channels, 3, stride=2), nn.Tanh(),
                nn.Flatten(), nn.LazyLinear(10),
            )  # fmt: skip
            self.network(torch.zeros(self.shape))
        self.hyper = {"group_weights": torch.ones(groups)}
        self.group = torch.arange(IMAGES) % groups
        self.rule = {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-3}

    def batch(self) -> Batch:
        labels = torch.randint(10, (IMAGES,), generator=self.generator)
        return torch.randn(self.shape, generator=self.generator), labels

    def losses(self, weights: Tensors, batch: Batch) -> Tensor:
        images, labels = batch
        return F.cross_entropy(
            functional_call(self.network, weights, (images,)), labels, reduction="none"
        )

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Batch) -> Tensor:
        return (self.losses(weights, batch) * hyper["group_weights"][self.group]).mean()

    def val_loss(self, weights: Tensors, batch: Batch) -> Tensor:
        return self.losses(weights, batch).mean()

    def update(
        self, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
    ) -> tuple[Tensors, Tensors]:
        return sgd(weights, state, gradient, self.constants())

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        return decay_penalty(weights, self.constants())

    def constants(self) -> Tensors:
        return {key: torch.tensor(value) for key, value in self.rule.items()}


@dataclass(frozen=True)
class Cost:
    work: float  # in plain steps of training, beyond those of the training itself
    memory: int  # bytes
    products: int  # of the Hessian with vectors


@dataclass
class Bill:
    """Counts while one hypergradient is found."""

    saved: SavedBytes = field(default_factory=SavedBytes)
    tangents: int = 0
    products: int = 0


def by_reverse(training: Training, begin: Begin, batches: list[Batch], bill: Bill) -> None:
    with bill.saved.counting():
        reverse(training, *begin, training.hyper, batches[:-1], batches[-1])


def by_checkpoints(training: Training, begin: Begin, batches: list[Batch], bill: Bill) -> None:
    with bill.saved.counting():
        reverse(training, *begin, training.hyper, batches[:-1], batches[-1], checkpointed=True)


def by_forward(training: Training, begin: Begin, batches: list[Batch], bill: Bill) -> None:
    weights, state = begin
    tangents = begin_tangents(weights, state, training.hyper)
    bill.tangents = sum(one.nbytes for one in tangents.values())
    for batch in batches[:-1]:
        weights, state, tangents, _ = forward_step(
            training, weights, state, tangents, training.hyper, batch
        )
    forward(training, weights, state, tangents, training.hyper, batches[-1])


def by_implicit(training: Training, begin: Begin, batches: list[Batch], bill: Bill) -> None:
    weights, _ = trained(training, begin, batches[:-1])
    solve = ConjugateGradients(iterations=PRODUCTS, damping=1.0)

    def counted(hvp: Hvp, right: Tensors) -> Tensors:
        def counted_hvp(vector: Tensors) -> Tensors:
            bill.products += 1
            return hvp(vector)

        return solve(counted_hvp, right)

    with bill.saved.counting():
        implicit(training, weights, training.hyper, batches[-2], batches[-1], solver=counted)


Costs = dict[tuple[str, int, int], Cost]
ESTIMATORS = {
    "reverse": by_reverse,
    "reverse, checkpointed": by_checkpoints,
    "forward": by_forward,
    "implicit": by_implicit,
}
LOOKS = {
    "reverse": ("#d1495b", "o-"),
    "reverse, checkpointed": ("#e8a33d", "D--"),
    "forward": ("#4a7fb5", "s-"),
    "implicit": ("#3a7d44", "^-"),
}


def measured(estimator: str, steps: int, groups: int) -> Cost:
    """What one hypergradient with respect to `groups` values costs after `steps` steps."""
    training, bill = Training(groups), Bill()
    weights = {name: one.detach() for name, one in training.network.named_parameters()}
    begin = weights, begin_sgd(weights)
    batches = [training.batch() for _ in range(steps + 1)]
    plain = operations(lambda: trained(training, begin, batches[:-1]))
    with_it = operations(lambda: ESTIMATORS[estimator](training, begin, batches, bill))
    return Cost((with_it - plain) / plain * steps, bill.saved.peak + bill.tangents, bill.products)


def trained(training: Training, begin: Begin, batches: list[Batch]) -> Begin:
    weights, state = begin
    for batch in batches:
        new = training_step(training, leaves(weights), state, training.hyper, batch)
        weights, state = detached(new[0]), detached(new[1])
    return weights, state


def costs(counts: Sequence[int], fixed: int) -> Costs:
    """By estimator, steps and groups: either number takes all counts while the other is `fixed`."""
    pairs = [*((steps, fixed) for steps in counts), *((fixed, groups) for groups in counts)]
    keys = [(name, *pair) for name in ESTIMATORS for pair in dict.fromkeys(pairs)]
    return {key: measured(*key) for key in keys}


def table(found: Costs, counts: Sequence[int], fixed: int) -> str:
    """In Markdown: work / megabytes, and products with the Hessian."""
    lines = []
    for what, held in (("steps", "hyperparameters"), ("hyperparameters", "steps")):
        head = [f"{fixed} {held}; {what}:", *map(str, counts), "products"]
        lines += ["", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
        for name in ESTIMATORS:
            row = [
                found[(name, count, fixed) if what == "steps" else (name, fixed, count)]
                for count in counts
            ]
            cells = [f"{cost.work:.1f} / {cost.memory / 1e6:.2f}" for cost in row]
            products = ", ".join(sorted({str(cost.products) for cost in row}))
            lines.append(f"| {name} | " + " | ".join(cells) + f" | {products} |")
    return "\n".join(lines[1:])


def draw(found: Costs, counts: Sequence[int], fixed: int, picture: Path) -> None:
    figure, panels = plt.subplots(2, 2, sharex="col", sharey="row", figsize=(9, 6.5))
    for column, what in enumerate(("steps", "hyperparameters")):
        for row, unit in enumerate(("work, in steps of training", "memory, in MB")):
            axes = panels[row][column]
            for name, (colour, line) in LOOKS.items():
                points = [
                    (key[1 + column], cost.memory / 1e6 if row else cost.work)
                    for key, cost in found.items()
                    if key[0] == name and key[2 - column] == fixed
                ]
                axes.plot(
                    *zip(*sorted(points), strict=True), line,
                    color=colour, label=name, markersize=8 if "D" in line else 5,
                )  # fmt: skip
            axes.set(xscale="log", yscale="log")
            axes.set_xticks(counts, map(str, counts))
            axes.minorticks_off()
            axes.set_ylabel("" if column else unit)
            axes.grid(alpha=0.3)
        other = ("hyperparameters", "steps")[column]
        panels[0][column].set_title(f"{fixed} {other}", fontsize="medium")
        panels[1][column].set_xlabel(what)
    panels[0][0].legend(frameon=False)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)


def main(picture: Annotated[Path, typer.Option(help="The plot.")] = PICTURE) -> None:
    """Print the table and draw the plot."""
    found = costs(COUNTS, FIXED)
    print(table(found, COUNTS, FIXED))
    draw(found, COUNTS, FIXED, picture)


if __name__ == "__main__":
    typer.run(main)
