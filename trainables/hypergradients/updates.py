"""Update rules of optimisers as pure functions, exact to differentiate.

`torch.optim`'s rules with `differentiable=True` are not: SGD detaches its first momentum buffer, so
the hypergradient of weight decay is silently wrong, and a learning rate with momentum raises.

A rule takes weights, state, the gradient of the training loss, and `hyper`: scalars by name, such
as `learning_rate`. `learning_rate/LAYER` holds for the weights of one layer, and
`weight_decay/WEIGHT`, a scalar or like that weight, for one weight. What is nearest counts.
"""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from automl_on_ray.trainables.hypergradients.problem import Tensors


def nearest(hyper: Tensors, key: str, weight: str) -> Tensor:
    """The value of `key` for a weight: its own, its layer's, or that of all. KeyError if none."""
    return hyper[nearest_key(hyper, key, weight)]


def nearest_key(hyper: Tensors, key: str, weight: str) -> str:
    """The name of that value; `key`, whether it is there or not, if nothing is nearer."""
    layer = weight.rpartition(".")[0]
    return next((k for k in (f"{key}/{weight}", f"{key}/{layer}") if k in hyper), key)


def begin_sgd(weights: Tensors) -> Tensors:
    return {f"momentum/{name}": torch.zeros_like(weight) for name, weight in weights.items()}


def sgd(
    weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors, *, nesterov: bool = False
) -> tuple[Tensors, Tensors]:
    """As torch.optim.SGD: `learning_rate`, `momentum`, and `weight_decay` added to the gradient.

    b' = momentum b + g + decay w; w' = w - rate b', or w - rate (g + decay w + momentum b') where
    it is Nesterov's.
    """
    new_weights, new_state = {}, {}
    for name, weight in weights.items():
        rate, momentum = (nearest(hyper, key, name) for key in ("learning_rate", "momentum"))
        direction = gradient[name] + nearest(hyper, "weight_decay", name) * weight
        buffer = momentum * state[f"momentum/{name}"] + direction
        new_state[f"momentum/{name}"] = buffer
        new_weights[name] = weight - rate * (direction + momentum * buffer if nesterov else buffer)
    return new_weights, new_state


def begin_adam(weights: Tensors) -> Tensors:
    first = next(iter(weights.values()))
    state = {"steps": torch.zeros((), dtype=first.dtype, device=first.device)}
    for name, weight in weights.items():
        state |= {f"mean/{name}": torch.zeros_like(weight)}
        state |= {f"square/{name}": torch.zeros_like(weight)}
    return state


def adam(
    weights: Tensors,
    state: Tensors,
    gradient: Tensors,
    hyper: Tensors,
    *,
    decoupled: bool = False,
    epsilon: float = 1e-8,
) -> tuple[Tensors, Tensors]:
    """As torch.optim.Adam, or AdamW where the decay is `decoupled`: `learning_rate`, `beta1`,
    `beta2`, `weight_decay` (Kingma and Ba 2015; Loshchilov and Hutter 2019).

    The root has no derivative at 0, so a gradient that was always exactly 0 moves no weight.
    """
    steps = state["steps"] + 1
    new_weights, new_state = {}, {"steps": steps}
    for name, weight in weights.items():
        rate, beta1, beta2 = (
            nearest(hyper, key, name) for key in ("learning_rate", "beta1", "beta2")
        )
        decay = nearest(hyper, "weight_decay", name)
        direction = gradient[name] if decoupled else gradient[name] + decay * weight
        mean = beta1 * state[f"mean/{name}"] + (1 - beta1) * direction
        square = beta2 * state[f"square/{name}"] + (1 - beta2) * direction**2
        new_state |= {f"mean/{name}": mean, f"square/{name}": square}
        root = (square / (1 - beta2**steps)).where(square > 0, 1.0).sqrt().where(square > 0, 0.0)
        step = mean / (1 - beta1**steps) / (root + epsilon)
        shrunk = weight * (1 - rate * decay) if decoupled else weight
        new_weights[name] = shrunk - rate * step
    return new_weights, new_state


# By the name that a config has: what makes the state, and the rule.
RULES: Mapping[str, tuple[Callable[[Tensors], Tensors], Callable[..., tuple[Tensors, Tensors]]]] = {
    "sgd": (begin_sgd, sgd),
    "adam": (begin_adam, adam),
    "adamw": (begin_adam, partial(adam, decoupled=True)),
}


def decay_penalty(weights: Tensors, hyper: Tensors) -> Tensor:
    """Half the sum of decay w^2: the loss whose gradient is weight decay's part of a step."""
    terms = [(nearest(hyper, "weight_decay", n) * w**2).sum() / 2 for n, w in weights.items()]
    return torch.stack(terms).sum()
