"""The gradient of validation loss with respect to alpha, through one step of the weights.

DARTS (Liu et al. 2019, arXiv:1806.09055) takes the weights w' = w - lr * d after one step for those
that training would end with, d being SGD's direction: momentum * buffer + gradient + decay * w.
A `Loss` takes no arguments: it reads weights and alpha where they are, so that no second network is
needed, and is called once for each gradient.

Where several ranks train together a loss is that of a rank's own images, and `average` makes the
mean over the ranks of each gradient. All that follows is computed alike from means, above all the
direction and the radius of the finite difference; what depends linearly on the ranks' own gradients
is averaged once, at its end.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from automl_on_ray.search_spaces.supernet import add_each, copy_each, norms

Loss = Callable[[], Tensor]
Average = Callable[[Sequence[Tensor]], list[Tensor]]  # `list` where there is one process
PUBLISHED_EPSILON = 0.01  # how far a finite difference moves the weights to either side


@dataclass(frozen=True)
class WeightStep:
    """One step of SGD; `momentum_buffers` are like the weights, None before the first step."""

    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    momentum_buffers: Sequence[Tensor] | None = None

    def direction(self, weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
        """What `lr` times is subtracted from the weights."""
        found = [g + self.weight_decay * w for g, w in zip(gradients, weights, strict=True)]
        if self.momentum and self.momentum_buffers is not None:
            buffers = zip(found, self.momentum_buffers, strict=True)
            return [d + self.momentum * buffer for d, buffer in buffers]
        return found


def first_order(
    validation: Loss, alpha: Sequence[Tensor], *, average: Average = list
) -> list[Tensor]:
    """The gradient at the present weights, like `alpha`: that of DARTS with learning rate 0."""
    return average(_gradients(validation(), alpha))


def unrolled(
    training: Loss,
    validation: Loss,
    weights: Sequence[Tensor],
    alpha: Sequence[Tensor],
    step: WeightStep,
    *,
    epsilon: float = PUBLISHED_EPSILON,
    average: Average = list,
) -> list[Tensor]:
    """Equations 6 to 8: the second-order term by a central difference, as published.

    The weights are moved in place and are bit for bit what they were when this returns or raises;
    neither they nor alpha get a `.grad`.
    """
    first, vector = after_step(training, validation, weights, alpha, step, average=average)
    product = product_by_difference(
        training, weights, alpha, vector, epsilon=epsilon, average=average
    )
    return [g - step.lr * p for g, p in zip(first, product, strict=True)]


def unrolled_exact(
    training: Loss,
    validation: Loss,
    weights: Sequence[Tensor],
    alpha: Sequence[Tensor],
    step: WeightStep,
    *,
    average: Average = list,
) -> list[Tensor]:
    """Equation 7 by automatic differentiation: no finite difference, about twice the memory."""
    first, vector = after_step(training, validation, weights, alpha, step, average=average)
    product = product_by_autograd(training, weights, alpha, vector, average=average)
    return [g - step.lr * p for g, p in zip(first, product, strict=True)]


def after_step(
    training: Loss,
    validation: Loss,
    weights: Sequence[Tensor],
    alpha: Sequence[Tensor],
    step: WeightStep,
    *,
    average: Average = list,
) -> tuple[list[Tensor], list[Tensor]]:
    """The gradients of validation loss at w', with respect to alpha and to the weights."""
    with _put_back(weights):
        gradients = average(_gradients(training(), weights))
        with torch.no_grad():
            add_each(weights, step.direction(weights, gradients), factor=-step.lr)
        torch.clear_autocast_cache()  # or the old weights would be used once more
        both = average(_gradients(validation(), [*alpha, *weights]))
    return both[: len(alpha)], both[len(alpha) :]


def product_by_difference(
    training: Loss,
    weights: Sequence[Tensor],
    alpha: Sequence[Tensor],
    vector: Sequence[Tensor],
    *,
    epsilon: float = PUBLISHED_EPSILON,
    average: Average = list,
) -> list[Tensor]:
    """The mixed second derivative of training loss times `vector`, like `alpha`.

    A central difference of alpha's gradients at weights that are `epsilon` apart from the present
    ones, along `vector`, to either side (equation 8).
    """
    size = torch.stack(norms(vector)).norm()
    if size == 0:
        return [torch.zeros_like(parameter) for parameter in alpha]
    radius = epsilon / float(size)
    ends = []
    for sign in (1, -1):
        with _put_back(weights):
            with torch.no_grad():
                add_each(weights, vector, factor=sign * radius)
            # Weights in bfloat16 would not even feel so small a step.
            with torch.autocast(vector[0].device.type, enabled=False):
                ends.append(_gradients(training(), alpha))
    differences = average([plus - minus for plus, minus in zip(*ends, strict=True)])
    return [difference / (2 * radius) for difference in differences]


def product_by_autograd(
    training: Loss,
    weights: Sequence[Tensor],
    alpha: Sequence[Tensor],
    vector: Sequence[Tensor],
    *,
    average: Average = list,
) -> list[Tensor]:
    """The same by automatic differentiation; of ReLU's kinks, where it jumps, it knows nothing."""
    graph = torch.autograd.grad(
        training(), list(weights), create_graph=True, allow_unused=True, materialize_grads=True
    )
    product = sum((g * v).sum() for g, v in zip(graph, vector, strict=True))
    assert isinstance(product, Tensor)
    return average(_gradients(product, alpha))


def _gradients(loss: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Zeros for what the loss does not depend on."""
    return list(torch.autograd.grad(loss, list(inputs), allow_unused=True, materialize_grads=True))


@contextmanager
def _put_back(weights: Sequence[Tensor]) -> Iterator[None]:
    """Undo exactly what happens to the weights within: subtracting what was added would not."""
    saved = [weight.detach().clone() for weight in weights]
    try:
        yield
    finally:
        torch.clear_autocast_cache()
        with torch.no_grad():
            copy_each(weights, saved)
