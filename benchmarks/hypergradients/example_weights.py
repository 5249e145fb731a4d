"""A weight for each of 2,000 training images with wrong labels, against what costs less.

    python -m benchmarks.hypergradients.example_weights --out weights.jsonl
    python -m benchmarks.hypergradients.example_weights --out weights.jsonl --table

MNIST, 2,000 images of which some labels are wrong, a few clean ones, and a network of 2,826 weights
trained for 400 steps of 100 images. Two kinds of noise: 30 % of labels uniformly wrong, with 500
clean images; 40 % moved to the next class, with 100 clean images. The ways:

- plain: cross-entropy on the 2,000;
- clean alone: the few clean ones, in batches of the best size;
- clean and noisy: both together;
- robust loss: generalised cross-entropy (Zhang and Sabuncu 2018, arXiv:1805.07836) on both, with
  the best q;
- example weights: in 200 steps on the 2,000, sigmoid(theta_i) is found for each, theta by Adam on
  the hypergradient of the clean ones' loss, implicitly with the identity, every 10 steps. Then a
  new network is trained on both with these weights, those of the clean ones 1.

What is best of a few is so by mean test accuracy on seeds of its own (`--tune`), which favours the
baselines. Accuracy is that of MNIST's test, at the end. AUC says how well the weights tell right
labels from wrong ones. "Weights less" is by how much these are above a way, seed by seed. CPU is
the training's, as a ratio to plain's of that seed. Means, each with half of its 95 % interval
(Student's t). Nothing was tuned on seeds below 100. It goes on where `--out` ends.
"""

import functools
import itertools
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from sklearn.metrics import roc_auc_score
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from automl_on_ray.trainables.hypergradients import (
    Logit,
    Tensors,
    Unconstrained,
    begin_sgd,
    detached,
    implicit,
    leaves,
    sgd,
    training_step,
)
from automl_on_ray.trainables.hypergradients.solvers import Identity
from benchmarks.hypergradients._images import network
from benchmarks.hypergradients._lines import cell, read_lines
from benchmarks.hypergradients._noisy_mnist import (
    NOISES,
    Batch,
    Data,
    Noise,
    drawn,
    outputs_of,
)

STEPS, BATCH = 400, 100
SEARCH_STEPS, WARM_UP, EVERY = 200, 40, 10  # for weights; before they move, and between moves
RATE, MOMENTUM, DECAY, OUTER_RATE = 0.03, 0.9, 1e-4, 0.5  # of SGD; of Adam for theta
PART = 200  # images at a time: more of them do not stay in the processor's cache
EXAMPLES = Logit(0, 1)
Loss = Callable[[Tensor, Tensor], Tensor]  # of outputs (B, 10) and labels (B,): (B,)
QS, CLEAN_BATCHES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8), (25, 50, 100)


def cross_entropy(outputs: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(outputs, labels, reduction="none")


def generalised(outputs: Tensor, labels: Tensor, *, q: float) -> Tensor:
    """(1 - p^q) / q, for the probability p of the label; q = 1 is the mean absolute error."""
    return (1 - (-q * cross_entropy(outputs, labels)).exp()) / q


@dataclass(frozen=True)
class Weighing:
    """Training by SGD on the mean loss, weighted by hyper["examples"] at each example's row.

    Its hyperparameters act by examples, as implicit differentiation is told.
    """

    module: nn.Module
    loss: Loss = cross_entropy

    def example_losses(self, weights: Tensors, batch: Batch) -> Tensor:
        parts = zip(*(each.split(PART) for each in batch[:2]), strict=True)
        return torch.cat([self.loss(outputs_of(self.module, weights, x), y) for x, y in parts])

    def weighted(self, losses: Tensor, hyper: Tensors, batch: Batch) -> Tensor:
        weights = hyper["examples"][batch[2]]
        return (weights * losses).sum() / weights.sum()

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Batch) -> Tensor:
        return self.weighted(self.example_losses(weights, batch), hyper, batch)

    def val_loss(self, weights: Tensors, batch: Batch) -> Tensor:
        return self.example_losses(weights, batch).mean()

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        return torch.stack([DECAY / 2 * (weight**2).sum() for weight in weights.values()]).sum()

    def update(
        self, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
    ) -> tuple[Tensors, Tensors]:
        given = {"momentum": torch.tensor(MOMENTUM), "weight_decay": torch.tensor(DECAY)}
        return sgd(weights, state, gradient, {**hyper, **given})


class Training:
    """Of a network by SGD, which begins with the weights that `problem`'s module has."""

    def __init__(self, problem: Weighing, data: Batch) -> None:
        self.problem, self.data = problem, data
        self.weights = leaves(dict(problem.module.named_parameters()))
        self.state = begin_sgd(self.weights)

    def step(self, rows: Tensor, rate: float, examples: Tensor) -> None:
        images, labels, _ = self.data
        hyper = {"examples": examples, "learning_rate": torch.tensor(rate)}
        batch = (images[rows], labels[rows], rows)
        after, state, _ = training_step(self.problem, self.weights, self.state, hyper, batch)
        self.weights, self.state = leaves(after), detached(state)


def schedule(count: int, steps: int, batch: int, seed: int) -> Iterator[tuple[Tensor, float]]:
    """Rows and learning rate of each step: all rows in a new order, again and again; a cosine."""
    generator = Generator().manual_seed(seed)
    orders = (torch.randperm(count, generator=generator) for _ in itertools.count())
    batches = (rows for order in orders for rows in order.split(batch))
    for step, rows in enumerate(itertools.islice(batches, steps)):
        yield rows, RATE / 2 * (1 + math.cos(math.pi * step / steps))


def trained(problem: Weighing, data: Batch, examples: Tensor, batch: int, seed: int) -> Tensors:
    """The network's weights after `STEPS`; examples: their weights (N,)."""
    training = Training(problem, data)
    for rows, rate in schedule(len(examples), STEPS, batch, seed):
        training.step(rows, rate, examples)
    return detached(training.weights)


def weighed(problem: Weighing, data: Data, seed: int) -> Tensor:
    """The weight of each noisy example, from 0 to 1, that the clean ones' loss asks for."""
    training, tuned = Training(problem, data.noisy), Unconstrained(problem, {"examples": EXAMPLES})
    raw = torch.zeros(len(data.right))
    outer = torch.optim.Adam([raw], lr=OUTER_RATE)
    for step, (rows, rate) in enumerate(schedule(len(raw), SEARCH_STEPS, BATCH, seed)):
        if step >= WARM_UP and step % EVERY == 0:
            hyper, batches = {"examples": raw}, (data.noisy, data.clean)
            found = implicit(tuned, training.weights, hyper, *batches, solver=Identity())
            raw.grad = found.gradient["examples"] / found.gradient["examples"].abs().mean()
            outer.step()
            raw.copy_(EXAMPLES.clamped(raw))
        training.step(rows, rate, EXAMPLES.value(raw))
    return EXAMPLES.value(raw)


def run(way: str, noise: Noise, seed: int) -> dict[str, Any]:
    """Accuracy in percent, AUC where there are weights, and CPU seconds of the training."""
    data = drawn(noise, seed)
    parts = {"plain": [data.noisy], "clean alone": [data.clean]}.get(way, [data.noisy, data.clean])
    images, labels, _ = map(torch.cat, zip(*parts, strict=True))
    examples = torch.ones(len(labels))
    auc: float | None = None
    torch.manual_seed(seed)
    began = time.process_time()
    if way == "example weights":
        examples[: len(data.right)] = weighed(Weighing(network()), data, seed)
        auc = float(roc_auc_score(data.right, examples[: len(data.right)]))
    robust = functools.partial(generalised, q=noise.q)
    problem = Weighing(network(), robust if way == "robust loss" else cross_entropy)
    batch = noise.clean_batch if way == "clean alone" else BATCH
    every = (images, labels, torch.arange(len(labels)))
    weights = trained(problem, every, examples, batch, seed)
    seconds = time.process_time() - began
    with torch.no_grad():
        outputs = outputs_of(problem.module, weights, data.test[0])
    right = (outputs.argmax(1) == data.test[1]).double().mean()
    return {"accuracy": round(100 * float(right), 2), "auc": auc, "seconds": seconds}


WAYS = ("plain", "clean alone", "clean and noisy", "robust loss", "example weights")


def written(rows: list[dict[str, Any]]) -> str:
    lines = []
    for noise in dict.fromkeys(row["noise"] for row in rows):
        lines.append(
            f"{noise:<18}{'accuracy':>16}{'weights less':>16}{'AUC':>16}{'CPU':>16}{'seeds':>7}"
        )
        of_noise = [row for row in rows if row["noise"] == noise]
        plain = {row["seed"]: row["seconds"] for row in of_noise if row["way"] == "plain"}
        ours = {row["seed"]: row["accuracy"] for row in of_noise if row["way"] == WAYS[-1]}
        for way in dict.fromkeys(row["way"] for row in of_noise):
            own = [row for row in of_noise if row["way"] == way]
            ratios = [row["seconds"] / plain[row["seed"]] for row in own if row["seed"] in plain]
            aucs = [row["auc"] for row in own if row["auc"] is not None]
            paired = [ours[row["seed"]] - row["accuracy"] for row in own if row["seed"] in ours]
            cells = (
                cell([row["accuracy"] for row in own]), cell(paired) if way != WAYS[-1] else "",
                cell(aucs, 3), cell(ratios),
            )  # fmt: skip
            wide = "".join(f"{cell:>16}" for cell in cells)
            lines.append(f"{way:<18}{wide}{len(own):7}")
    return "\n".join(lines)


def choices(noise: str) -> dict[str, tuple[str, Noise]]:
    """What `--tune` runs: baselines by each of their settings."""
    own = NOISES[noise]
    losses = {f"robust loss, {q}": ("robust loss", replace(own, q=q)) for q in QS}
    sizes = {
        f"clean alone, {n}": ("clean alone", replace(own, clean_batch=n)) for n in CLEAN_BATCHES
    }
    return {**losses, **sizes}


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    table: Annotated[bool, typer.Option("--table", help="Print what is there.")] = False,
    seeds: Annotated[int, typer.Option(help="Draws of images and networks.")] = 5,
    first_seed: Annotated[int, typer.Option(help="For tuning: 100 or more.")] = 0,
    tune: Annotated[bool, typer.Option("--tune", help="Baselines by each setting.")] = False,
) -> None:
    torch.set_num_threads(1)
    rows = read_lines(out)
    done = {(row["noise"], row["way"], row["seed"]) for row in rows}
    asked = itertools.product(range(first_seed, first_seed + seeds), NOISES)
    with out.open("a") as file:
        for seed, noise in [] if table else asked:
            ways = choices(noise) if tune else {way: (way, NOISES[noise]) for way in WAYS}
            for name, (way, own) in ways.items():
                if (noise, name, seed) not in done:
                    row = {"noise": noise, "way": name, "seed": seed, **run(way, own, seed)}
                    print(json.dumps(row), file=file, flush=True)
                    rows.append(row)
    print(written(rows))


if __name__ == "__main__":
    typer.run(main)
