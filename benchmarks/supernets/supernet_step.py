"""Time and memory of a supernet's search step against the usual form of it, by optimisation.

    python -m benchmarks.supernets.supernet_step
    python -m benchmarks.supernets.supernet_step --order second --batch-size 16

Usual: one module a candidate operation and edge, contiguous images, gradients of everything in
every pass, a second network for the unrolled step. Ours: `search_spaces/supernet/` with
`trainables/differentiable_search/bilevel.py`. The supernet of the paper (16 channels, 8 layers,
32 x 32), the same batches; a process for each variant, the fastest of some steps, and the peak of
its memory above what it had before the first. "without X" is ours with X undone; "with X" is a
choice, ours with X. Compiling takes minutes, so it is not in the table; "first" is the step that
compiles:

    python -m benchmarks.supernets.supernet_step --order first --variant "with torch.compile"
"""

import contextlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Annotated, Any

import torch
import typer
from torch import Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces.supernet import (
    Value,
    arithmetic,
    edge_inputs,
    edges,
    network,
    recompute,
)
from benchmarks.supernets._supernet_steps import PAPER, Step, our_step, usual_step


def unfold() -> None:
    """Batch normalisation as an operation of its own."""

    def product(x: Tensor, weight: Tensor, groups: int, scale: Tensor | None = None) -> Tensor:
        # The weight of a normalisation takes a bias of zeros with it.
        zeros = None if scale is None else torch.zeros_like(scale)
        z = F.conv2d(x, weight, groups=groups)
        return F.batch_norm(z, None, None, scale, zeros, training=True)

    def add_mixed(
        self: Any, value: Value, weight: Tensor, mixing: Tensor, *, quarters: bool = False
    ) -> None:
        outputs = weight.shape[0] // len(mixing)
        self._values.append(value)
        y = product(value.tensor, weight, len(mixing), mixing.repeat_interleave(outputs))
        total = y.unflatten(1, (len(mixing), outputs)).sum(1)
        eye = torch.eye(outputs)
        self.add(arithmetic.matrix(total), eye, torch.zeros(outputs), quarters=quarters)

    def until_last_pointwise(x: Value, weights: Any, stride: int, recompute: bool) -> Value:
        depthwise, pointwise, second, _ = weights
        padding, channels = depthwise.shape[2] // 2, x.tensor.shape[1]
        y = F.conv2d(x.tensor, depthwise, None, stride, padding, groups=channels)
        y = product(y, pointwise, channels // pointwise.shape[1]).relu_()
        return Value(F.conv2d(y, second, None, 1, padding, groups=channels))

    arithmetic.Total.add_mixed = add_mixed  # type: ignore[method-assign]
    edges._until_last_pointwise = until_last_pointwise


def dilate() -> None:
    """Dilated convolutions as they are."""

    def dilated(x: Any, depthwise: Tensor, stride: int, recompute: bool) -> tuple[Value, bool]:
        size, channels = depthwise.shape[2], x.relu.tensor.shape[1]
        y = F.conv2d(x.relu.tensor, depthwise, None, stride, size - 1, 2, channels)
        return Value(y), False

    edges._dilated = dilated


def ungroup() -> None:
    """Each edge by itself."""
    together = network.strides_of
    network.strides_of = lambda edges, reduction: [
        ([edge], stride) for group, stride in together(edges, reduction) for edge in group
    ]


def forget() -> None:
    """ReLU and pooling once an edge."""

    def packed(self: Any, kinds: tuple[str, ...], stride: int) -> Any:
        return self._pack(kinds, stride)

    edge_inputs.State.packed = packed  # type: ignore[method-assign]
    shared: Any = edge_inputs.State.relu
    edge_inputs.State.relu = property(shared.func)  # type: ignore[assignment]


def keep() -> None:
    """All that autograd wants, as it wants it."""
    network.remaking = contextlib.nullcontext


def expose() -> None:
    """Nothing that the compiler cannot look into."""
    keep()
    recompute.Value.__init__ = _plain  # type: ignore[method-assign]
    # The classes themselves: the compiler looks into theirs whatever `apply` is.
    module: Any = edge_inputs
    module.MaxPool = SimpleNamespace(apply=lambda x, stride, pool: F.max_pool2d(x, 3, stride, 1))
    module.Spread = SimpleNamespace(apply=_spread)
    module = arithmetic
    module._Moments = SimpleNamespace(apply=_moments)


def _moments(x: Tensor, groups: int) -> tuple[Tensor, Tensor, Tensor]:
    flat = arithmetic.matrix(x)
    grouped = flat.view(len(flat), groups, -1)
    second = torch.bmm(grouped.permute(1, 2, 0), grouped.permute(1, 0, 2))
    return x, flat.mean(0), second / len(flat)


def _spread(x: Tensor, columns: int) -> tuple[Tensor, Tensor, Tensor]:
    variance, mean = torch.var_mean(x[:, :columns], 0, correction=0)
    return x, mean, variance


def _plain(self: Any, tensor: Tensor, make: Any = None) -> None:
    self.tensor, self.again = tensor, lambda: tensor


CHANGES: dict[str, Callable[[], None]] = {
    "without folded normalisation": unfold,
    "without quarters for dilation": dilate,
    "without grouping by node": ungroup,
    "without sharing by source": forget,
    "without making again": keep,
    "with torch.compile": expose,
}
USUAL: dict[str, dict[str, Any]] = {
    "usual": {},
    "usual, channels-last": {"layout": torch.channels_last},
    "usual with bfloat16": {"bfloat16": True},
}
OPTIONS: dict[str, dict[str, Any]] = {
    "without leaving gradients out": {"needed_only": False},
    "with recompute": {"recompute": True},
    "with one Gumbel path": {"relaxation": "gumbel"},
    "with bfloat16": {"bfloat16": True},
    "with torch.compile": {"compiled": True},
}
FIRST_ONLY = ("without leaving gradients out", "with one Gumbel path")
VARIANTS = list(dict.fromkeys([*USUAL, "ours", *CHANGES, *OPTIONS]))
VARIANTS.remove("with torch.compile")  # takes many minutes: by --variant alone


def measure(
    variant: str,
    order: str,
    *,
    batch_size: int,
    steps: int,
    device: str = "cpu",
    size: Mapping[str, int] = PAPER,
) -> dict[str, float]:
    """Seconds of the fastest step, and MB at the peak above the start."""
    torch.manual_seed(0)
    training, validation = [
        (torch.randn(batch_size, 3, 32, 32).to(device), torch.randint(10, (batch_size,)).to(device))
        for _ in range(2)
    ]
    if variant in CHANGES:
        CHANGES[variant]()
    step = step_of(variant, order, device=device, size=size)
    before = _peak(device)
    seconds = []
    for _ in range(steps):
        started = time.perf_counter()
        step(training, validation)
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return {"seconds": min(seconds), "first": seconds[0], "megabytes": _peak(device) - before}


def step_of(variant: str, order: str, **given: Any) -> Step:
    """The step of a variant, but for what must be changed for the whole process."""
    if variant in USUAL:
        return usual_step(order, **USUAL[variant], **given)
    return our_step(order, **OPTIONS.get(variant, {}), **given)


def _peak(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(
    order: Annotated[str, typer.Option(help="first, second or both.")] = "both",
    batch_size: Annotated[int, typer.Option()] = 32,
    steps: Annotated[int, typer.Option(help="Of each variant.")] = 3,
    threads: Annotated[int, typer.Option()] = 2,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    layers: Annotated[int, typer.Option(help="The paper's are 8.")] = PAPER["layers"],
    variant: Annotated[str, typer.Option(help="Measure this one here, and print JSON.")] = "",
) -> None:
    """Print the table."""
    if variant:
        torch.set_num_threads(threads)
        size = {**PAPER, "layers": layers}
        found = measure(
            variant, order, batch_size=batch_size, steps=steps, device=device, size=size
        )
        print(json.dumps(found))
        return
    for one in ("first", "second") if order == "both" else (order,):
        print(f"\n{one} order{'':20}seconds   ratio       MB   ratio", flush=True)
        usual: dict[str, float] = {}
        for name in VARIANTS:
            if one == "second" and name in FIRST_ONLY:
                continue
            command = [
                sys.executable, "-m", "benchmarks.supernets.supernet_step", "--order", one,
                "--variant", name,
                "--batch-size", str(batch_size), "--steps", str(steps), "--threads", str(threads),
                "--device", device, "--layers", str(layers),
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
