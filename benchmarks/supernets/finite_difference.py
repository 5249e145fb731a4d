r"""How far DARTS's finite difference is from the exact product, and which of them foresees more.

    python -m benchmarks.supernets.finite_difference --dataset digits
    python -m benchmarks.supernets.finite_difference --dataset cifar10 --channels 16 --layers 8 \
        --moves 0

The hypergradient of second order takes the product of a mixed second derivative with a vector. It
is published as a difference of two gradients, at weights 0.01 to either side; automatic
differentiation gives it exactly. But a network of ReLUs and maxima has a second derivative that
jumps, and exact is what holds at the point itself alone. So three questions, on supernets before
and after some steps of training, their weights and batches drawn by seed:

- error, cosine: of the second-order term, against the exact one in float64;
- foreseen: alpha is moved to both sides in random directions, the weights take their step, and what
  the validation loss changes by, less what the first-order part says, is set against what the term
  says. 1 would be all of it; 0 is no better than leaving the term out, below 0 worse than that;
- time: of the whole hypergradient, against first order.

Means over seeds, each with half of its 95 % interval (Student's t).
"""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import torch
import typer
from torch import Generator, Tensor
from torch.nn import functional as F
from torch.optim import SGD

from automl_on_ray.search_spaces.cells import CELLS, OPERATIONS
from automl_on_ray.search_spaces.supernet import Supernet
from automl_on_ray.studies.results import half_width
from automl_on_ray.trainables import batches
from automl_on_ray.trainables.datasets import Dataset, load_dataset
from automl_on_ray.trainables.differentiable_search import (
    DEFAULTS,
    Architecture,
    Batch,
    after_step,
    first_order,
    product_by_autograd,
    product_by_difference,
    step_of,
    weight_step,
    weights_optimizer,
)

EPSILONS = (0.1, 0.01, 0.001)
EXACT = "exact"
T = TypeVar("T")
Numbers = dict[str, list[float]]


@dataclass
class Problem:
    """A supernet with its alphas, in one precision, and a batch for each half."""

    network: Supernet
    alpha: list[Tensor]
    optimizer: SGD
    training: Batch
    validation: Batch

    def loss(self, batch: Batch) -> Tensor:
        mixing = {c: a.softmax(1) for c, a in zip(CELLS, self.alpha, strict=True)}
        return F.cross_entropy(self.network(batch[0], mixing), batch[1])

    def on_training(self) -> Tensor:
        return self.loss(self.training)

    def on_validation(self) -> Tensor:
        return self.loss(self.validation)

    @property
    def weights(self) -> list[Tensor]:
        return list(self.network.parameters())

    def to(self, dtype: torch.dtype) -> "Problem":
        """In place; the optimiser keeps its buffers."""
        self.network.to(dtype)
        for state in self.optimizer.state.values():
            state["momentum_buffer"] = state["momentum_buffer"].to(dtype)
        self.alpha = [a.detach().to(dtype).requires_grad_() for a in self.alpha]
        self.training, self.validation = (
            (x.to(dtype), y) for x, y in (self.training, self.validation)
        )
        return self


def prepare(
    data: Dataset, *, channels: int, layers: int, stem_stride: int, batch_size: int, steps: int,
    seed: int,
) -> Problem:  # fmt: skip
    """A supernet whose weights have been trained for so many steps, by the published settings."""
    generator = Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = Supernet(
        data.image_shape, len(data.classes), operations=OPERATIONS, channels=channels,
        layers=layers, stem_stride=stem_stride,
    ).to(memory_format=torch.channels_last)  # fmt: skip
    architecture = Architecture(OPERATIONS, generator=generator)
    optimizer = weights_optimizer(network, DEFAULTS)
    stream = itertools.chain.from_iterable(
        batches(
            data.train, batch_size=batch_size, generator=generator, mean=data.mean, std=data.std,
            drop_last=True,
        )
        for _ in itertools.count()
    )  # fmt: skip
    mixing = architecture.expected()
    for batch in itertools.islice(stream, steps):
        weight_step(network, mixing, optimizer, F.cross_entropy, batch)
    return Problem(network, architecture.parameters, optimizer, next(stream), next(stream))


def flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([t.detach().flatten() for t in tensors]).double()


def terms_of(problem: Problem) -> tuple[Tensor, dict[str, Tensor], dict[str, float]]:
    """The first-order part, the second-order term by each way, and each way's seconds in all."""
    weights, alpha, seconds = problem.weights, problem.alpha, {}

    def timed(name: str, function: Callable[[], T]) -> T:
        started = time.perf_counter()
        found = function()
        seconds[name] = time.perf_counter() - started
        return found

    step = step_of(problem.optimizer, weights)
    losses = (problem.on_training, problem.on_validation)
    timed("first order", lambda: first_order(problem.on_validation, alpha))
    first, vector = timed("step", lambda: after_step(*losses, weights, alpha, step))
    rest = (problem.on_training, weights, alpha, vector)
    found = {EXACT: timed(EXACT, lambda: product_by_autograd(*rest))}
    for epsilon in EPSILONS:
        name = f"{epsilon:g}"
        found[name] = timed(name, lambda e=epsilon: product_by_difference(*rest, epsilon=e))  # type: ignore[misc]
    whole = {name: seconds[name] + seconds["step"] for name in found}
    terms = {name: -step.lr * flat(product) for name, product in found.items()}
    return flat(first), terms, {"first order": seconds["first order"], **whole}


def value_after_step(problem: Problem, move: Tensor) -> float:
    """Validation loss after the step that the weights would take with alpha moved by `move`."""
    saved = [a.detach().clone() for a in problem.alpha]
    weights = problem.weights
    before = [w.detach().clone() for w in weights]
    step = step_of(problem.optimizer, weights)
    parts = move.split([a.numel() for a in saved])
    with torch.no_grad():
        for a, part in zip(problem.alpha, parts, strict=True):
            a.add_(part.view_as(a).to(a))
    gradients = list(torch.autograd.grad(problem.on_training(), weights, allow_unused=True,
                                         materialize_grads=True))  # fmt: skip
    with torch.no_grad():
        torch._foreach_sub_(weights, step.direction(weights, gradients), alpha=step.lr)
        value = float(problem.on_validation())
        torch._foreach_copy_(weights, before)
        torch._foreach_copy_(problem.alpha, saved)
    return value


def foreseen(
    problem: Problem, first: Tensor, terms: dict[str, Tensor], *, moves: int, size: float, seed: int
) -> dict[str, float]:
    """1 less the squared error of each term's prediction, as a share of what there is to predict.

    Alpha is moved by `size` in each of its entries, up or down by chance, `moves` times.
    """
    generator = Generator().manual_seed(seed)
    measured, told = [], {name: [] for name in terms}  # type: tuple[list[float], Numbers]
    for _ in range(moves):
        signs = torch.randint(0, 2, (len(first),), generator=generator).double() * 2 - 1
        ends = [value_after_step(problem, sign * size * signs) for sign in (1, -1)]
        measured.append((ends[0] - ends[1]) / (2 * size) - float(first @ signs))
        for name, term in terms.items():
            told[name].append(float(term @ signs))
    truth = torch.tensor(measured, dtype=torch.float64)
    errors = {n: torch.tensor(t, dtype=torch.float64) - truth for n, t in told.items()}
    return {name: 1 - float((e @ e) / (truth @ truth)) for name, e in errors.items()}


@dataclass
class Table:
    """Numbers by seed, of each way in each precision."""

    rows: dict[str, Numbers] = field(default_factory=dict)

    def add(self, row: str, column: str, value: float) -> None:
        self.rows.setdefault(row, {}).setdefault(column, []).append(value)

    def print(self) -> None:
        columns = list(dict.fromkeys(c for row in self.rows.values() for c in row))
        print(f"{'':18}" + "".join(f"{column:>20}" for column in columns))
        for name, row in self.rows.items():
            cells = [_interval(row.get(column, [])) for column in columns]
            print(f"{name:18}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def _interval(values: list[float]) -> str:
    if not values:
        return ""
    mean, half = sum(values) / len(values), half_width(values)
    return f"{mean:.3g}" if math.isnan(half) else f"{mean:.3g} ± {half:.2g}"


def main(
    dataset: Annotated[str, typer.Option(help="As of the workflows.")] = "digits",
    data_dir: Annotated[str | None, typer.Option()] = None,
    channels: Annotated[int, typer.Option()] = 4,
    layers: Annotated[int, typer.Option()] = 3,
    stem_stride: Annotated[int, typer.Option()] = 1,
    batch_size: Annotated[int, typer.Option()] = 64,
    seeds: Annotated[int, typer.Option()] = 5,
    steps: Annotated[str, typer.Option(help="Of training before, separated by commas.")] = "0,50",
    moves: Annotated[int, typer.Option(help="Of alpha, to see what follows; 0: none.")] = 40,
    size: Annotated[float, typer.Option(help="Of a move, in each entry of alpha.")] = 0.01,
    threads: Annotated[int, typer.Option()] = 1,
) -> None:
    """Print a table for each number of steps."""
    torch.set_num_threads(threads)
    data = load_dataset(dataset, data_dir=data_dir)
    for count in map(int, steps.split(",")):
        table = Table()
        for seed in range(seeds):
            problem = prepare(
                data, channels=channels, layers=layers, stem_stride=stem_stride,
                batch_size=batch_size, steps=count, seed=seed,
            )  # fmt: skip
            first, in32, seconds = terms_of(problem)
            after = (
                foreseen(problem, first, in32, moves=moves, size=size, seed=seed) if moves else {}
            )
            in64 = terms_of(problem.to(torch.float64))[1]
            for bits, found in (("64", in64), ("32", in32)):
                for name, term in found.items():
                    row, exact = f"{name}, float{bits}", in64[EXACT]
                    table.add(row, "error", float((term - exact).norm() / exact.norm()))
                    table.add(row, "cosine", float(torch.cosine_similarity(term, exact, 0)))
                    if bits == "32":
                        table.add(row, "term / first", float(term.norm() / first.norm()))
                        table.add(row, "time", seconds[name] / seconds["first order"])
                        if name in after:
                            table.add(row, "foreseen", after[name])
        print(f"\n{dataset}, {channels} channels, {layers} layers, {batch_size} images of "
              f"{data.image_shape[1]} x {data.image_shape[2]}, after {count} steps, "
              f"{seeds} seeds")  # fmt: skip
        table.print()


if __name__ == "__main__":
    typer.run(main)
