"""Hypergradients of learning rates from two steps of training, with no pass of its own.

The weights are w_t = w_t-1 - rate u_t-1, with u the direction of the optimiser's step. Their state
is taken for given, so the gradient of the next step's loss with respect to the rate is
- <gradient_t, u_t-1>, and both are there anyway (Baydin et al. 2018, arXiv:1703.04782, section 3).
Its size says little, hence the multiplicative form: minus the cosine of gradient and direction,
taken for the derivative with respect to log rate.

A step in three calls, with the rate changed between the first two:

    gradient, loss = training_gradient(problem, weights, hyper, batch)
    slope = online(gradient, tangents, hyper)
    weights, state, tangents = online_step(problem, weights, state, gradient, hyper)
"""

from typing import Any

import torch
from torch import Tensor

from automl_on_ray.trainables.hypergradients.problem import Problem, Tensors, detached
from automl_on_ray.trainables.hypergradients.updates import nearest_key

RATE = "learning_rate"


def online(
    gradient: Tensors, tangents: Tensors, hyper: Tensors, *, multiplicative: bool = True
) -> Tensors:
    """The hypergradient of each learning rate in `hyper`: of all, or of a layer, each a scalar.

    `gradient` is that of a loss at the present weights: the next step's, or the validation's, for
    which the additive form is exact as far as one step goes. `tangents` are those of `online_step`;
    zeros, as before the first step, give zeros. `multiplicative`: from -1 to 1, for the logarithm
    of a rate, whether `hyper` has the rates or their logarithms.
    """
    names: dict[str, list[str]] = {key: [] for key in _rates(hyper)}
    for name in gradient:
        names.get(nearest_key(hyper, RATE, name), []).append(name)
    return {
        key: _slope(gradient, tangents, names[key], multiplicative).view_as(value).to(value)
        if names[key]
        else torch.zeros_like(value)
        for key, value in _rates(hyper).items()
    }


def online_step(
    problem: Problem, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
) -> tuple[Tensors, Tensors, Tensors]:
    """Weights and state after an update, and tangents: the weights' derivatives by their own rates.

    Tangents are like the weights: each of these depends on no more than one rate in `hyper`.
    """
    weights, state, gradient, hyper = map(detached, (weights, state, gradient, hyper))

    def update(rates: Tensors) -> tuple[Tensors, Tensors]:
        return problem.update(weights, state, gradient, {**hyper, **rates})

    rates = _rates(hyper)
    ones = {key: torch.ones_like(value) for key, value in rates.items()}
    found: Any = torch.func.jvp(update, (rates,), (ones,), has_aux=True)
    weights, tangents, state = found
    return weights, state, tangents


def _rates(hyper: Tensors) -> Tensors:
    return {key: value for key, value in hyper.items() if key.partition("/")[0] == RATE}


def _slope(gradient: Tensors, tangents: Tensors, names: list[str], multiplicative: bool) -> Tensor:
    ours, theirs = (torch.cat([of[n].flatten() for n in names]) for of in (gradient, tangents))
    product = ours @ theirs
    if not multiplicative:
        return product
    size = ours.norm() * theirs.norm()
    return (product / size).where(size > 0, 0.0)
