"""Hypergradients by reverse mode: back through the steps that training has just taken.

With s = (weights, state) and s_k = step(s_k-1, hyper), the gradient of the validation loss E is
dE/dhyper = sum over k of (dE/ds_K) (ds_K/ds_k) (partial s_k / partial hyper)
(Maclaurin et al. 2015, arXiv:1502.03492; Franceschi et al. 2017, arXiv:1703.01785, section 3.1).
What the start depended on is left out, so K steps see no further than K steps. Memory grows with K,
time does not grow with the number of hyperparameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.random import fork_rng
from torch.utils.checkpoint import get_device_states, set_device_states

from automl_on_ray.trainables.hypergradients.problem import (
    Hypergradient,
    Problem,
    Tensors,
    detached,
    leaves,
    training_step,
)


@sdpa_kernel(SDPBackend.MATH)  # fused attention has no second derivative
def reverse(
    problem: Problem,
    weights: Tensors,
    state: Tensors,
    hyper: Tensors,
    batches: Sequence[Any],
    val_batch: Any,
    *,
    checkpointed: bool = False,
    truncation: int | None = None,
) -> Hypergradient:
    """Train on `batches`, a step each, and differentiate the validation loss after the last one.

    All steps are trained, but only the last `truncation` differentiated through (Shaban et al.
    2019, arXiv:1810.10667). `checkpointed` keeps no graph but the weights and the state that each
    step began with, and takes the step once more on the way back. The gradient is the same if the
    training loss draws its random numbers, if any, from torch's own generators. Hyperparameters
    that no step has used get zeros. ValueError if `truncation` is not positive.
    """
    if truncation is not None and truncation < 1:
        raise ValueError(f"Cannot differentiate through the last {truncation} steps.")
    hyper, weights, state = detached(hyper), detached(weights), detached(state)
    plain = 0 if truncation is None else max(0, len(batches) - truncation)
    for batch in batches[:plain]:
        weights, state = _plain_step(problem, weights, state, hyper, batch)
    through = _checkpointed if checkpointed else _unrolled
    return through(problem, weights, state, hyper, batches[plain:], val_batch)


def _plain_step(
    problem: Problem, weights: Tensors, state: Tensors, hyper: Tensors, batch: Any
) -> tuple[Tensors, Tensors]:
    weights, state, _ = training_step(problem, leaves(weights), state, hyper, batch)
    return detached(weights), detached(state)


def _unrolled(
    problem: Problem,
    weights: Tensors,
    state: Tensors,
    hyper: Tensors,
    batches: Sequence[Any],
    val_batch: Any,
) -> Hypergradient:
    hyper, weights = leaves(hyper), leaves(weights)
    for batch in batches:
        weights, state, _ = training_step(
            problem, weights, state, hyper, batch, differentiably=True
        )
    loss = problem.val_loss(weights, val_batch)
    (gradient,) = _gradients([loss], hyper)
    return Hypergradient(loss.detach(), gradient, detached(weights), detached(state))


@dataclass(frozen=True)
class _Before:
    """All that a step begins with, to take it once more."""

    weights: Tensors
    state: Tensors
    batch: Any
    random: tuple[Tensor, list[int], list[Tensor]]  # states of torch's generators, for dropout


def _checkpointed(
    problem: Problem,
    weights: Tensors,
    state: Tensors,
    hyper: Tensors,
    batches: Sequence[Any],
    val_batch: Any,
) -> Hypergradient:
    steps = []
    for batch in batches:
        random = (torch.get_rng_state(), *get_device_states(*weights.values()))
        steps.append(_Before(weights, state, batch, random))
        weights, state = _plain_step(problem, weights, state, hyper, batch)
    last = leaves(weights)
    loss = problem.val_loss(last, val_batch)
    (to_weights,) = _gradients([loss], last)
    to_state = {name: torch.zeros_like(tensor) for name, tensor in state.items()}
    total = {key: torch.zeros_like(value) for key, value in hyper.items()}
    while steps:
        to_weights, to_state, to_hyper = _step_back(
            problem, steps.pop(), hyper, to_weights, to_state
        )
        total = {key: total[key] + one for key, one in to_hyper.items()}
    return Hypergradient(loss.detach(), total, weights, state)


def _step_back(
    problem: Problem, before: _Before, hyper: Tensors, to_weights: Tensors, to_state: Tensors
) -> tuple[Tensors, ...]:
    """From gradients with respect to what a step made, those with respect to what it used."""
    weights, state, hyper = leaves(before.weights), leaves(before.state), leaves(hyper)
    cpu, devices, states = before.random
    with fork_rng(devices):
        torch.set_rng_state(cpu)
        set_device_states(devices, states)
        new_weights, new_state, _ = training_step(
            problem, weights, state, hyper, before.batch, differentiably=True
        )
    made = [
        *((new_weights[name], along) for name, along in to_weights.items()),
        *((new_state[name], along) for name, along in to_state.items()),
    ]
    outputs, along = zip(*((one, to) for one, to in made if one.requires_grad), strict=True)
    return _gradients(outputs, weights, state, hyper, along=along)


def _gradients(
    outputs: Sequence[Tensor], *groups: Tensors, along: Sequence[Tensor] | None = None
) -> tuple[Tensors, ...]:
    """Of each group, like it; zeros for what the outputs do not depend on."""
    inputs = [tensor for group in groups for tensor in group.values()]
    found = iter(
        torch.autograd.grad(outputs, inputs, along, allow_unused=True, materialize_grads=True)
    )
    return tuple({name: next(found) for name in group} for group in groups)
