"""Ridge regression with a penalty for each of 100 features, against the best single penalty.

    python -m benchmarks.hypergradients.ridge --seeds 5

Targets depend on 10 of 100 features. There are 120 training and 120 validation examples, and 10,000
for the test. The 100 logarithms are tuned by L-BFGS on the validation error, in one go from equal
penalties; weights are solved for, and each hypergradient is found by conjugate gradients. Beside it
are what a grid of 25 single penalties gives, no penalty, and the lasso with the best of 25. The
lasso knows what these penalties must find: that most features do not matter.

Errors are mean squares of the test; 0.25 of it is noise. Means over seeds, each with half of its
95 % interval (Student's t). Nothing was tuned on seeds below 100.
"""

import functools
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import torch
import typer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Lasso
from torch import Generator, Tensor

from automl_on_ray.studies.results import half_width
from automl_on_ray.trainables.hypergradients import Hypergradient, Tensors, implicit
from automl_on_ray.trainables.hypergradients.solvers import ConjugateGradients

FEATURES, RELEVANT, NOISE = 100, 10, 0.5
EXAMPLES = {"train": 120, "val": 120, "test": 10_000}
GRID = torch.logspace(-4, 2, 25, dtype=torch.float64)
START = 0.1  # of each penalty
EVALUATIONS = 60
SOLVER = ConjugateGradients(iterations=30, tolerance=1e-3)  # as good as an exact one
Batch = tuple[Tensor, Tensor]  # inputs (n, features) and targets (n,), float64


@dataclass(frozen=True)
class Outcome:
    """Test error, validation error, how many settings were tried, and CPU seconds."""

    test: float
    val: float
    tried: int
    seconds: float


class Ridge:
    """Half of the mean squared error, and half of the sum of exp(log_penalties) w^2."""

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Batch) -> Tensor:
        return self.val_loss(weights, batch)

    def val_loss(self, weights: Tensors, batch: Batch) -> Tensor:
        inputs, targets = batch
        return ((inputs @ weights["w"] - targets) ** 2).mean() / 2

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        return (hyper["log_penalties"].exp() * weights["w"] ** 2).sum() / 2

    def update(self, *_: Any) -> tuple[Tensors, Tensors]:
        raise NotImplementedError("weights are solved for, not trained")


def drawn(seed: int) -> dict[str, Batch]:
    generator = Generator().manual_seed(seed)
    normal = functools.partial(torch.randn, generator=generator, dtype=torch.float64)
    truth = torch.zeros(FEATURES, dtype=torch.float64)
    truth[torch.randperm(FEATURES, generator=generator)[:RELEVANT]] = normal(RELEVANT)
    inputs = {part: normal(count, FEATURES) for part, count in EXAMPLES.items()}
    return {part: (x, x @ truth + NOISE * normal(len(x))) for part, x in inputs.items()}


def solved(batch: Batch, penalties: Tensor) -> Tensor:
    """The weights that minimise half of the mean squared error and the penalty; penalties: (d,)."""
    inputs, targets = batch
    gram = inputs.T @ inputs / len(targets) + torch.diag(penalties)
    return torch.linalg.solve(gram, inputs.T @ targets / len(targets))


def hypergradient(data: dict[str, Batch], log_penalties: Tensor) -> Hypergradient:
    weights = {"w": solved(data["train"], log_penalties.exp())}
    hyper = {"log_penalties": log_penalties}
    return implicit(Ridge(), weights, hyper, data["train"], data["val"], solver=SOLVER)


def tuned(data: dict[str, Batch]) -> tuple[Tensor, int]:
    """Weights with the penalties that L-BFGS comes to, and how often it asked for a gradient."""
    raw = torch.full((FEATURES,), START, dtype=torch.float64).log().requires_grad_()
    optimizer = torch.optim.LBFGS(
        [raw], max_iter=EVALUATIONS, max_eval=EVALUATIONS, line_search_fn="strong_wolfe"
    )
    asked = 0

    def closure() -> Tensor:
        nonlocal asked
        asked += 1
        found = hypergradient(data, raw.detach())
        raw.grad = found.gradient["log_penalties"]
        return found.loss

    optimizer.step(closure)
    return solved(data["train"], raw.detach().exp()), asked


def best_single(data: dict[str, Batch], fitted: Callable[[Tensor], Tensor]) -> tuple[Tensor, int]:
    """The best weights by validation, of those that are `fitted` with each penalty of the grid."""
    tried = [fitted(penalty) for penalty in GRID]
    return min(tried, key=lambda weights: error(data["val"], weights)), len(tried)


def lasso(data: dict[str, Batch], penalty: Tensor) -> Tensor:
    inputs, targets = (part.numpy() for part in data["train"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the smallest penalties are no good
        model = Lasso(alpha=float(penalty), fit_intercept=False).fit(inputs, targets)
    return torch.from_numpy(model.coef_)


def error(batch: Batch, weights: Tensor) -> float:
    inputs, targets = batch
    return float(((inputs @ weights - targets) ** 2).mean())


def ways(data: dict[str, Batch]) -> dict[str, Callable[[], tuple[Tensor, int]]]:
    train = data["train"]
    return {
        "no penalty": lambda: (torch.linalg.lstsq(*train).solution, 1),
        "single penalty": lambda: best_single(
            data, lambda penalty: solved(train, penalty.expand(FEATURES))
        ),
        "100 penalties": lambda: tuned(data),
        "lasso": lambda: best_single(data, functools.partial(lasso, data)),
    }


def compared(seed: int) -> dict[str, Outcome]:
    data, found = drawn(seed), {}
    for name, way in ways(data).items():
        began = time.process_time()
        weights, tried = way()
        seconds = time.process_time() - began
        found[name] = Outcome(
            error(data["test"], weights), error(data["val"], weights), tried, seconds
        )
    return found


def written(runs: list[dict[str, Outcome]]) -> str:
    """A line a way; the ratio is that of test errors to the single penalty's, seed by seed."""
    head = f"{'':<16}{'test error':>17}{'of single':>17}{'validation':>17}"
    lines = [f"{head}{'tried':>7}{'CPU s':>7}{'seeds':>7}"]
    for name in runs[0]:
        own = [run[name] for run in runs]
        ratios = [run[name].test / run["single penalty"].test for run in runs]
        numbers = ([one.test for one in own], ratios, [one.val for one in own])
        cells = [f"{statistics.fmean(n):.3f} ± {half_width(n):.3f}" for n in numbers]
        tried, seconds = max(one.tried for one in own), max(one.seconds for one in own)
        lines.append(
            f"{name:<16}"
            + "".join(f"{c:>17}" for c in cells)
            + f"{tried:7}{seconds:7.2f}{len(own):7}"
        )
    return "\n".join(lines)


def main(
    seeds: Annotated[int, typer.Option(help="Data sets.")] = 5,
    first_seed: Annotated[int, typer.Option(help="For tuning: 100 or more.")] = 0,
) -> None:
    torch.set_num_threads(1)
    tuned(drawn(first_seed + seeds))  # loads libraries, L-BFGS's too
    print(written([compared(seed) for seed in range(first_seed, first_seed + seeds)]))


if __name__ == "__main__":
    typer.run(main)
