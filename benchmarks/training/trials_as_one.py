"""Several trials of one architecture trained as one program, against each by itself.

    python -m benchmarks.training.trials_as_one

Trials that differ in training hyperparameters alone can share a program: their weights are stacked,
and `torch.func.vmap` runs all networks at once. On a GPU that fills what one small network leaves
idle. Here is what it does on this device: the time of a training step of k trials as one program,
divided by that of k steps as `ImageClassifier` takes them, one after the other. Below 1 it pays.

Each has its own weights, batch and learning rate, and AdamW. Rounds alternate, so that a busy
machine slows both; times are the fastest of the rounds, in CPU time on a CPU.
"""

import time
from collections.abc import Callable
from typing import Annotated

import torch
import typer
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F

from automl_on_ray.search_spaces import build

IMAGE, CLASSES = (1, 28, 28), 10


def default_cnn() -> nn.Module:
    """What `make hpo` varies, at its defaults. Batch statistics alone: `vmap` keeps no others."""
    network = build({}, IMAGE, CLASSES)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.track_running_stats, layer.running_mean, layer.running_var = False, None, None
            layer.num_batches_tracked = None
    return network


def small_cnn() -> nn.Module:
    """Its smallest: two convolutions of 8 and 16 channels, 3 x 3, without normalisation."""
    return build(
        {"depth": 2, "width": 8, "kernel_size": 3, "normalisation": "none"}, IMAGE, CLASSES
    )


def perceptron() -> nn.Module:
    """No convolution: 64 and 64 units."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)
    )


NETWORKS = {"default CNN": default_cnn, "small CNN": small_cnn, "perceptron": perceptron}


def alone(
    make: Callable[[], nn.Module], images: Tensor, labels: Tensor, rates: list[float]
) -> Callable[[], None]:
    """A step of each network, one after the other; images (k, B, C, H, W), labels (k, B)."""
    networks = [make().to(images.device).to(memory_format=torch.channels_last) for _ in rates]
    optimizers = [
        torch.optim.AdamW(network.parameters(), rate, fused=True)
        for network, rate in zip(networks, rates, strict=True)
    ]
    batches = [batch.contiguous(memory_format=torch.channels_last) for batch in images]

    def step() -> None:
        for network, optimizer, batch, truth in zip(
            networks, optimizers, batches, labels, strict=True
        ):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(network(batch), truth).backward()
            optimizer.step()

    return step


def as_one(
    make: Callable[[], nn.Module], images: Tensor, labels: Tensor, rates: list[float]
) -> Callable[[], None]:
    """The same as one program. AdamW's step is the weight's, scaled by each network's rate."""
    stacked, buffers = stack_module_state([make().to(images.device) for _ in rates])
    weights = {name: each.detach().requires_grad_() for name, each in stacked.items()}
    base = make().to(images.device)
    optimizer = torch.optim.AdamW(weights.values(), 1.0, fused=True)
    scales = {
        name: torch.tensor(rates, device=images.device).view(-1, *[1] * (each.ndim - 1))
        for name, each in weights.items()
    }

    def loss(own: dict[str, Tensor], kept: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(base, (own, kept), (x,)), y)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        vmap(loss, randomness="different")(weights, buffers, images, labels).sum().backward()
        before = [weight.detach().clone() for weight in weights.values()]
        optimizer.step()
        with torch.no_grad():
            for (name, weight), old in zip(weights.items(), before, strict=True):
                weight.copy_(torch.lerp(old, weight, scales[name]))

    return step


def seconds(step: Callable[[], None], device: str) -> float:
    clock = time.process_time if device == "cpu" else time.perf_counter
    began = clock()
    step()
    if device == "cuda":
        torch.cuda.synchronize()
    return clock() - began


def ratio(
    make: Callable[[], nn.Module], count: int, batch_size: int, rounds: int, device: str
) -> float:
    """Of the times: as one by one after the other."""
    torch.manual_seed(0)
    images = torch.randn(count, batch_size, *IMAGE, device=device)
    labels = torch.randint(CLASSES, (count, batch_size), device=device)
    rates = [1e-3 * (1 + i / count) for i in range(count)]
    together, apart = (form(make, images, labels, rates) for form in (as_one, alone))
    times = [(seconds(together, device), seconds(apart, device)) for _ in range(rounds + 1)][1:]
    return min(one for one, _ in times) / min(other for _, other in times)


def main(
    trials: Annotated[str, typer.Option(help="How many, by commas.")] = "1,2,4,8,16,32",
    batch_sizes: Annotated[str, typer.Option(help="By commas.")] = "32,128",
    rounds: Annotated[int, typer.Option()] = 5,
    threads: Annotated[int, typer.Option(help="Of the CPU.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Print the table."""
    torch.set_num_threads(threads)
    counts = [int(each) for each in trials.split(",")]
    print(f"{'':26}" + "".join(f"{count:>8}" for count in counts))
    for name, make in NETWORKS.items():
        for size in map(int, batch_sizes.split(",")):
            cells = [ratio(make, count, size, rounds, device) for count in counts]
            print(f"{name:14}batch {size:<6}" + "".join(f"{cell:8.2f}" for cell in cells))


if __name__ == "__main__":
    typer.run(main)
