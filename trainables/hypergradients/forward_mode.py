"""Hypergradients by forward mode: tangents that go along with training, step by step.

With s = (weights, state) and s_k = step(s_k-1, hyper), the tangents Z = ds/dhyper follow
Z_k = (ds_k/ds_k-1) Z_k-1 + partial s_k / partial hyper, and the gradient of the validation loss E
is dE/ds Z, at any step (real-time hyperparameter optimisation: Franceschi et al. 2017,
arXiv:1703.01785, sections 3.2 and 4.2). It looks back to the start of training, with memory that
does not grow with steps, but time and memory grow with the number of scalar hyperparameters.

Tangents are a flat dict of tensors, `weights/NAME` and `state/NAME`, each with one more dimension
in front: the scalars of the hyperparameters, one after the other.

Two layers of torch have no forward derivative where they are fused. Attention is computed by its
formula instead (`SDPBackend.MATH`). `nn.LSTM` in float32 on a CPU is refused, unless all this is
called within `torch.backends.mkldnn.flags(enabled=False)`.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.hypergradients.problem import (
    Hypergradient,
    Problem,
    Tensors,
    detached,
    leaves,
)


def begin_tangents(weights: Tensors, state: Tensors, hyper: Tensors) -> Tensors:
    """Zeros: nothing has depended on the hyperparameters yet. Also what forgets all steps."""
    count = sum(value.numel() for value in hyper.values())
    return {
        f"{kind}/{name}": tensor.new_zeros(count, *tensor.shape)
        for kind, group in (("weights", weights), ("state", state))
        for name, tensor in group.items()
    }


@sdpa_kernel(SDPBackend.MATH)
def forward_step(
    problem: Problem,
    weights: Tensors,
    state: Tensors,
    tangents: Tensors,
    hyper: Tensors,
    batch: Any,
    *,
    decay: float = 1.0,
) -> tuple[Tensors, Tensors, Tensors, Tensor]:
    """Weights, state, tangents and training loss after one step.

    What earlier steps brought about is multiplied by `decay` first: below 1, a truncation without
    an edge. The loss may draw random numbers from torch's generator, once for all tangents.
    UserError if torch has no forward derivative of one of the network's layers.
    """

    def step(weights: Tensors, state: Tensors, hyper: Tensors) -> tuple[Any, Tensor]:
        gradient, loss = torch.func.grad_and_value(problem.train_loss)(weights, hyper, batch)
        return problem.update(weights, state, gradient, hyper), loss

    def pushed(*along: Tensors) -> Any:
        return torch.func.jvp(step, present, along, has_aux=True)

    present = (detached(weights), detached(state), detached(hyper))
    earlier = {name: decay * tangent for name, tangent in tangents.items()}
    along = (_part(earlier, "weights"), _part(earlier, "state"), _each_scalar(hyper))
    out: Any = (None, 0, None)  # the step itself and its loss are the same for each scalar
    push = torch.vmap(pushed, out_dims=out, randomness="same")
    try:
        (weights, state), (to_weights, to_state), loss = push(*along)
    except NotImplementedError as error:
        raise UserError(
            "Choose reverse mode, since torch cannot differentiate a layer of this network forward"
            f" ({str(error).splitlines()[0]})."
        ) from error
    tangents = {f"weights/{name}": tangent for name, tangent in to_weights.items()}
    tangents |= {f"state/{name}": tangent for name, tangent in to_state.items()}
    return weights, state, tangents, loss


@sdpa_kernel(SDPBackend.MATH)
def forward(
    problem: Problem,
    weights: Tensors,
    state: Tensors,
    tangents: Tensors,
    hyper: Tensors,
    val_batch: Any,
) -> Hypergradient:
    """The validation loss at these weights, differentiated by way of their tangents."""
    at = leaves(weights)
    loss = problem.val_loss(at, val_batch)
    slopes = torch.autograd.grad(loss, list(at.values()), materialize_grads=True)
    terms = [
        tangents[f"weights/{name}"].flatten(1) @ slope.flatten()
        for name, slope in zip(at, slopes, strict=True)
    ]
    flat = torch.stack(terms).sum(0).split([value.numel() for value in hyper.values()])
    gradient = {
        key: part.view_as(value).to(value)
        for part, (key, value) in zip(flat, hyper.items(), strict=True)
    }
    return Hypergradient(loss.detach(), gradient, detached(weights), detached(state))


def _part(tangents: Tensors, kind: str) -> Tensors:
    begin = f"{kind}/"
    return {n.removeprefix(begin): one for n, one in tangents.items() if n.startswith(begin)}


def _each_scalar(hyper: Tensors) -> Tensors:
    """A one for each scalar and zeros for all others, as tangents of `hyper` itself."""
    sizes = [value.numel() for value in hyper.values()]
    parts = torch.eye(sum(sizes)).split(sizes, dim=1)
    return {
        key: part.reshape(-1, *value.shape).to(value)
        for part, (key, value) in zip(parts, hyper.items(), strict=True)
    }
