"""Time and memory of a supernet's search step against the usual form of it, by optimisation.

    python -m benchmarks.supernet_step
    python -m benchmarks.supernet_step --order second --batch-size 16

Usual: one module a candidate operation and edge, contiguous images, gradients of everything in
every pass, a second network for the unrolled step. Ours: `search_spaces/_supernet.py` with
`trainables/_bilevel.py`. The supernet of the paper (16 channels, 8 layers, 32 x 32), the same
batches; a process for each variant, the fastest of some steps, and the peak of its memory above
what it had before the first. "without X" is ours with X undone.
"""

import copy
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import torch
import typer
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks._usual_supernet import UsualSupernet
from search_spaces import _supernet, _supernet_arithmetic, _supernet_edges
from search_spaces._cells import CELLS, EDGES, OPERATIONS
from search_spaces._supernet import Supernet
from trainables._architecture import Architecture
from trainables._bilevel import alpha_step, weight_step

LR, MOMENTUM, DECAY = 0.025, 0.9, 3e-4
ALPHA_LR, ALPHA_BETAS, ALPHA_DECAY = 3e-4, (0.5, 0.999), 1e-3
CLIP = 5.0
Step = Callable[[], Any]


def usual_step(
    batches: list[tuple[Tensor, Tensor]], order: str, layout: torch.memory_format
) -> Step:
    """As the paper's own program takes it."""
    network = UsualSupernet(3, 10, operations=OPERATIONS).to(memory_format=layout)
    training, validation = [(x.contiguous(memory_format=layout), y) for x, y in batches]
    alphas = [(1e-3 * torch.randn(len(EDGES), len(OPERATIONS))).requires_grad_() for _ in CELLS]
    weights_optimizer = torch.optim.SGD(network.parameters(), LR, MOMENTUM, weight_decay=DECAY)
    alpha_optimizer = torch.optim.Adam(alphas, ALPHA_LR, ALPHA_BETAS, weight_decay=ALPHA_DECAY)

    def loss_of(net: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        mixing = {cell: a.softmax(1) for cell, a in zip(CELLS, alphas, strict=True)}
        return F.cross_entropy(net(batch[0], mixing), batch[1])

    def second_order() -> None:
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

    def step() -> None:
        alpha_optimizer.zero_grad()
        if order == "first":
            loss_of(network, validation).backward()
        else:
            second_order()
        alpha_optimizer.step()
        weights_optimizer.zero_grad()
        loss_of(network, training).backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        weights_optimizer.step()

    return step


def our_step(batches: list[tuple[Tensor, Tensor]], order: str, needed_only: bool = True) -> Step:
    """`needed_only`: gradients of alpha in alpha's step, of the weights in theirs."""
    generator = torch.Generator().manual_seed(0)
    network = Supernet((3, 32, 32), 10, operations=OPERATIONS)
    architecture = Architecture(OPERATIONS, generator=generator)
    optimizer = torch.optim.SGD(network.parameters(), LR, MOMENTUM, weight_decay=DECAY, fused=True)
    alpha_optimizer = torch.optim.Adam(
        architecture.parameters, ALPHA_LR, ALPHA_BETAS, weight_decay=ALPHA_DECAY, fused=True
    )

    def everything() -> None:
        for batch, taker in zip(reversed(batches), (alpha_optimizer, optimizer), strict=True):
            alpha_optimizer.zero_grad()
            optimizer.zero_grad()
            F.cross_entropy(
                network(batch[0], architecture.sample(0.0, generator)[0]), batch[1]
            ).backward()
            taker.step()

    def step() -> None:
        alpha_step(
            network, architecture, alpha_optimizer, F.cross_entropy,
            training=batches[0], validation=batches[1],
            hypergradient="first_order" if order == "first" else "unrolled",
            weights_optimizer=optimizer, progress=0.0, generator=generator,
        )  # fmt: skip
        mixing = architecture.sample(0.0, generator)
        weight_step(network, mixing, optimizer, F.cross_entropy, batches[0], gradient_clip=CLIP)

    return step if needed_only else everything


def unfold() -> None:
    """Batch normalisation as an operation of its own."""

    def normalised_image(x: Tensor, weight: Tensor, groups: int, scale: Tensor | None) -> Tensor:
        return F.batch_norm(F.conv2d(x, weight, groups=groups), None, None, scale, training=True)

    def add_mixed(
        self: Any, x: Tensor, weight: Tensor, mixing: Tensor, *, quarters: bool = False
    ) -> None:
        outputs = weight.shape[0] // len(mixing)
        # The weight of a normalisation takes a bias of zeros with it.
        scale = mixing.repeat_interleave(outputs)
        z = F.conv2d(x, weight, groups=len(mixing))
        y = F.batch_norm(z, None, None, scale, torch.zeros_like(scale), training=True)
        total = y.unflatten(1, (len(mixing), outputs)).sum(1)
        eye = torch.eye(outputs)
        self.add(_supernet_arithmetic.matrix(total), eye, torch.zeros(outputs), quarters=quarters)

    def until_last_pointwise(x: Tensor, weights: Any, stride: int) -> Tensor:
        depthwise, pointwise, second, _ = weights
        padding, channels = depthwise.shape[2] // 2, x.shape[1]
        y = F.conv2d(x, depthwise, None, stride, padding, groups=channels)
        y = normalised_image(y, pointwise, channels // pointwise.shape[1], None).relu_()
        return F.conv2d(y, second, None, 1, padding, groups=channels)

    _supernet_arithmetic.Total.add_mixed = add_mixed  # type: ignore[method-assign]
    _supernet_edges._until_last_pointwise = until_last_pointwise


def dilate() -> None:
    """Dilated convolutions as they are."""

    def add_dilated(
        total: Any, x: Any, depthwise: Tensor, pointwise: Tensor, mixing: Tensor, stride: int
    ) -> None:
        size, channels = depthwise.shape[2], x.relu.shape[1]
        y = F.conv2d(x.relu, depthwise, None, stride, size - 1, 2, channels)
        total.add_mixed(y, pointwise, mixing)

    _supernet_edges._add_dilated = add_dilated


def ungroup() -> None:
    """Each edge by itself."""
    together = _supernet.strides_of
    _supernet.strides_of = lambda edges, reduction: [
        ([edge], stride) for group, stride in together(edges, reduction) for edge in group
    ]


def forget() -> None:
    """ReLU and pooling once an edge."""

    def packed(self: Any, kinds: tuple[str, ...], stride: int) -> Any:
        return self._pack(kinds, stride)

    _supernet_edges.State.packed = packed  # type: ignore[method-assign]
    _supernet_edges.State.relu = property(lambda self: F.relu(self.x))  # type: ignore[assignment]


CHANGES: dict[str, Callable[[], None]] = {
    "without folded normalisation": unfold,
    "without quarters for dilation": dilate,
    "without grouping by node": ungroup,
    "without sharing by source": forget,
}
VARIANTS = ["usual", "usual, channels-last", "ours", *CHANGES, "without leaving gradients out"]


def measure(
    variant: str, order: str, batch_size: int, steps: int, threads: int
) -> dict[str, float]:
    """Seconds of the fastest step, and MB at the peak above the start."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    batches = [
        (torch.randn(batch_size, 3, 32, 32), torch.randint(0, 10, (batch_size,))) for _ in range(2)
    ]
    if variant in CHANGES:
        CHANGES[variant]()
    if variant.startswith("usual"):
        last = variant.endswith("channels-last")
        layout = torch.channels_last if last else torch.contiguous_format
        step = usual_step(batches, order, layout)
    else:
        step = our_step(batches, order, variant != "without leaving gradients out")
    before = _peak()
    seconds = []
    for _ in range(steps):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
    return {"seconds": min(seconds), "megabytes": _peak() - before}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(
    order: Annotated[str, typer.Option(help="first, second or both.")] = "both",
    batch_size: Annotated[int, typer.Option()] = 32,
    steps: Annotated[int, typer.Option(help="Of each variant.")] = 3,
    threads: Annotated[int, typer.Option()] = 2,
    variant: Annotated[str, typer.Option(help="Measure this one here, and print JSON.")] = "",
) -> None:
    """Print the table."""
    if variant:
        print(json.dumps(measure(variant, order, batch_size, steps, threads)))
        return
    for one in ("first", "second") if order == "both" else (order,):
        print(f"\n{one} order{'':20}seconds   ratio       MB   ratio", flush=True)
        usual: dict[str, float] = {}
        for name in VARIANTS:
            if one == "second" and name == "without leaving gradients out":
                continue
            command = [
                sys.executable, "-m", "benchmarks.supernet_step", "--order", one, "--variant", name,
                "--batch-size", str(batch_size), "--steps", str(steps), "--threads", str(threads),
            ]  # fmt: skip
            found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            usual = usual or found
            print(
                f"{name:30}{found['seconds']:9.2f}{found['seconds'] / usual['seconds']:8.2f}"
                f"{found['megabytes']:9.0f}{found['megabytes'] / usual['megabytes']:8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(main)
