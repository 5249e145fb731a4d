"""A supernet's search step in the usual form and in ours, to be measured by `supernet_step`."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.search_spaces.cells import CELLS, EDGES, OPERATIONS
from automl_on_ray.search_spaces.supernet import Supernet
from automl_on_ray.trainables.differentiable_search import (
    Architecture,
    Bilevel,
    alpha_step,
    weight_step,
)
from benchmarks.supernets._usual_supernet import UsualSupernet

LR, MOMENTUM, DECAY = 0.025, 0.9, 3e-4
ALPHA_LR, ALPHA_BETAS, ALPHA_DECAY = 3e-4, (0.5, 0.999), 1e-3
CLIP = 5.0
PAPER = {"channels": 16, "layers": 8}
Batch = tuple[Tensor, Tensor]
Step = Callable[[Batch, Batch], Any]  # of the weights' batch and alpha's


def usual_step(
    order: str,
    *,
    layout: torch.memory_format = torch.contiguous_format,
    device: str = "cpu",
    bfloat16: bool = False,
    size: Mapping[str, int] = PAPER,
) -> Step:
    """As the paper's own program takes it."""
    network = UsualSupernet(3, 10, operations=OPERATIONS, **size)
    network.to(device).to(memory_format=layout)
    shape = (len(EDGES), len(OPERATIONS))
    alphas = [(1e-3 * torch.randn(shape, device=device)).requires_grad_() for _ in CELLS]
    weights_optimizer = torch.optim.SGD(network.parameters(), LR, MOMENTUM, weight_decay=DECAY)
    alpha_optimizer = torch.optim.Adam(alphas, ALPHA_LR, ALPHA_BETAS, weight_decay=ALPHA_DECAY)

    def loss_of(net: nn.Module, batch: Batch) -> Tensor:
        images = batch[0].contiguous(memory_format=layout)
        # One pass: weights change between two, and autocast remembers theirs.
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16):
            mixing = {cell: a.softmax(1) for cell, a in zip(CELLS, alphas, strict=True)}
            return F.cross_entropy(net(images, mixing), batch[1])

    def second_order(training: Batch, validation: Batch) -> None:
        gradients = torch.autograd.grad(loss_of(network, training), list(network.parameters()))
        other = copy.deepcopy(network)
        with torch.no_grad():
            for w, own, g in zip(other.parameters(), network.parameters(), gradients, strict=True):
                buffer = weights_optimizer.state.get(own, {}).get("momentum_buffer")
                moving = MOMENTUM * buffer if buffer is not None else 0.0
                w.sub_(LR * (moving + g + DECAY * w))
        loss_of(other, validation).backward()
        vector = [w.grad.clone() for w in other.parameters() if w.grad is not None]
        radius = 0.01 / float(torch.cat([v.flatten() for v in vector]).norm())
        ends = []
        for scale in (radius, -2 * radius):
            for w, v in zip(network.parameters(), vector, strict=True):
                w.data.add_(v, alpha=scale)
            ends.append(torch.autograd.grad(loss_of(network, training), alphas))
        for w, v in zip(network.parameters(), vector, strict=True):
            w.data.add_(v, alpha=radius)
        for alpha, plus, minus in zip(alphas, *ends, strict=True):
            assert alpha.grad is not None
            alpha.grad.sub_(LR * (plus - minus) / (2 * radius))

    def step(training: Batch, validation: Batch) -> None:
        alpha_optimizer.zero_grad()
        if order == "first":
            loss_of(network, validation).backward()
        else:
            second_order(training, validation)
        alpha_optimizer.step()
        weights_optimizer.zero_grad()
        loss_of(network, training).backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        weights_optimizer.step()

    return step


def our_step(
    order: str,
    *,
    device: str = "cpu",
    needed_only: bool = True,
    recompute: bool = False,
    relaxation: str = "softmax",
    compiled: bool = False,
    bfloat16: bool = False,
    size: Mapping[str, int] = PAPER,
) -> Step:
    """`needed_only`: gradients of alpha in alpha's step, of the weights in theirs."""
    generator = torch.Generator(device).manual_seed(0)
    network = Supernet(
        (3, 32, 32), 10, operations=OPERATIONS, recompute=recompute, channels=size["channels"],
        layers=size["layers"],
    )  # fmt: skip
    network.to(device)
    if compiled:
        network.compile()
    architecture = Architecture(OPERATIONS, relaxation=relaxation, generator=generator)
    sparse = architecture.relaxation.sparse
    optimizer = torch.optim.SGD(network.parameters(), LR, MOMENTUM, weight_decay=DECAY, fused=True)
    for weight in network.parameters():  # fused SGD takes buffers of all or none
        optimizer.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
    alpha_optimizer = torch.optim.Adam(
        architecture.parameters, ALPHA_LR, ALPHA_BETAS, weight_decay=ALPHA_DECAY, fused=True
    )

    def everything(training: Batch, validation: Batch) -> None:
        for batch, taker in zip((validation, training), (alpha_optimizer, optimizer), strict=True):
            alpha_optimizer.zero_grad()
            optimizer.zero_grad()
            F.cross_entropy(
                network(batch[0], architecture.sample(0.0, generator)[0]), batch[1]
            ).backward()
            taker.step()

    def step(training: Batch, validation: Batch) -> None:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16):
            alpha_step(
                Bilevel(network, architecture, optimizer, alpha_optimizer, F.cross_entropy),
                training, validation, progress=0.0, generator=generator,
                hypergradient="first_order" if order == "first" else "unrolled",
            )  # fmt: skip
            mixing = architecture.sample(0.0, generator)
            weight_step(
                network, mixing, optimizer, F.cross_entropy, training,
                sparse=sparse, gradient_clip=CLIP,
            )  # fmt: skip

    return step if needed_only else everything
