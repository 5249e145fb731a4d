"""One alternating step of differentiable architecture search: alpha's, then the weights'."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Generator, Tensor, nn
from torch.optim import SGD, Adam

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.supernet import Supernet
from automl_on_ray.trainables.differentiable_search.architecture import Architecture, Mixing
from automl_on_ray.trainables.differentiable_search.architecture_gradient import (
    WeightStep,
    first_order,
    unrolled,
    unrolled_exact,
)
from automl_on_ray.trainables.differentiable_search.relaxations import find_relaxation
from automl_on_ray.trainables.multi_process import ALONE, World

HYPERGRADIENTS = ("first_order", "unrolled", "unrolled_exact")
Criterion = Callable[[Tensor, Tensor], Tensor]
Batch = tuple[Tensor, Tensor]


def check_hypergradient(hypergradient: str, relaxation: str) -> None:
    """UserError for an unknown one, or for a second order of paths that are drawn."""
    if hypergradient not in HYPERGRADIENTS:
        raise UserError(
            f"Unknown hypergradient {hypergradient!r}. There are: {', '.join(HYPERGRADIENTS)}."
        )
    if find_relaxation(relaxation).sparse and hypergradient != "first_order":
        raise UserError(
            f"Hypergradient {hypergradient!r} does not go with relaxation {relaxation!r}, which "
            "trains one drawn path a step: take first_order, or softmax."
        )


@dataclass(frozen=True)
class Bilevel:
    """What is trained in turns: a network's weights and alpha, each by its optimizer."""

    network: Supernet
    architecture: Architecture
    weights_optimizer: SGD
    alpha_optimizer: Adam
    criterion: Criterion
    world: World = ALONE


def alpha_step(
    problem: Bilevel,
    training: Batch,
    validation: Batch,
    *,
    hypergradient: str,
    progress: float,
    generator: Generator,
    regulariser: Callable[[], Tensor | float] = float,
) -> None:
    """Move alpha by the hypergradient of the validation batch's loss.

    Each loss of the step sees the same drawn mixing weights, so that they are functions of alpha.
    The batches are this rank's parts of those of the problem's `world`.
    """
    network, architecture, average = problem.network, problem.architecture, problem.world.average
    state = generator.get_state()

    def loss_on(batch: Batch) -> Tensor:
        generator.set_state(state)
        mixing, edges = architecture.sample(progress, generator)
        sparse = architecture.relaxation.sparse
        return problem.criterion(network(batch[0], mixing, edges, sparse=sparse), batch[1])

    def on_validation() -> Tensor:
        return loss_on(validation) + regulariser()

    parameters = architecture.parameters
    if hypergradient == "first_order":
        gradients = first_order(on_validation, parameters, average=average)
    else:
        weights = list(network.parameters())
        function = unrolled if hypergradient == "unrolled" else unrolled_exact
        gradients = function(
            lambda: loss_on(training), on_validation, weights, parameters,
            step_of(problem.weights_optimizer, weights), average=average,
        )  # fmt: skip
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    problem.alpha_optimizer.step()


def step_of(optimizer: SGD, weights: Sequence[Tensor]) -> WeightStep:
    """The step that `optimizer` would take next, for the unrolled hypergradient."""
    group = optimizer.param_groups[0]
    buffers = [optimizer.state.get(w, {}).get("momentum_buffer") for w in weights]
    return WeightStep(
        lr=group["lr"],
        momentum=group["momentum"],
        weight_decay=group["weight_decay"],
        momentum_buffers=None if any(b is None for b in buffers) else buffers,
    )


def weight_step(
    network: Supernet,
    mixing: Mixing,
    optimizer: SGD,
    criterion: Criterion,
    batch: Batch,
    *,
    sparse: bool = False,
    gradient_clip: float = 5.0,
    world: World = ALONE,
) -> Tensor:
    """Move the weights by the batch's loss, which is returned, detached; alpha stands still.

    The batch and the loss are this rank's parts of those of `world`.
    """
    detached = {cell: weights.detach() for cell, weights in mixing[0].items()}
    edges = mixing[1]
    edges = edges and {cell: weights.detach() for cell, weights in edges.items()}
    loss = criterion(network(batch[0], detached, edges, sparse=sparse), batch[1])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    world.average_gradients(network.parameters())
    if gradient_clip:
        nn.utils.clip_grad_norm_(network.parameters(), gradient_clip, foreach=True)
    optimizer.step()
    return loss.detach()
