"""One epoch of the same CNN: our batches against torchvision's data set, DataLoader and transforms.

    python -m benchmarks.training.data_pipeline

Both see MNIST's training images, moved by up to 2 pixels and turned by up to 10 degrees, in the
same process with the same threads, and train the same weights from the same start. Rounds
alternate, so that a busy machine slows both; the ratio is of the medians. The small network shows
the pipelines; under `--network default` a CPU is busy with the network itself.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

import torch
import typer
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets
from torchvision.transforms import Compose, Normalize, RandomAffine, ToTensor

from automl_on_ray.search_spaces import build
from automl_on_ray.trainables import Augmentation, batches
from automl_on_ray.trainables.datasets import Dataset, cache_folder, data_folder, load_dataset
from automl_on_ray.trainables.datasets.downloads import idx

Epoch: TypeAlias = Callable[[], Iterable[tuple[Tensor, Tensor]]]
SHIFT, DEGREES = 2, 10


def small_cnn() -> nn.Module:
    """Two convolutions of stride 2 with 8 and 16 channels, 9 thousand parameters: a light load."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 49, 10),
    )


def default_cnn() -> nn.Module:
    """What `make hpo` varies, at its defaults."""
    return build({}, (1, 28, 28), 10)


NETWORKS = {"small": small_cnn, "default": default_cnn}


def ours(data: Dataset, batch_size: int) -> Epoch:
    generator = torch.Generator().manual_seed(0)
    augmentation = Augmentation(shift=SHIFT, rotation=DEGREES)
    return lambda: batches(
        data.train,
        batch_size=batch_size,
        generator=generator,
        mean=data.mean,
        std=data.std,
        augmentation=augmentation,
    )


def torchvisions(data: Dataset, batch_size: int, workers: int) -> Epoch:
    transform = Compose(
        [
            RandomAffine(DEGREES, translate=(SHIFT / 28, SHIFT / 28)),
            ToTensor(),
            Normalize(data.mean, data.std),
        ]
    )
    theirs = datasets.MNIST(_root(), train=True, transform=transform)
    return lambda: DataLoader(
        Subset(theirs, range(len(data.train))),
        batch_size=batch_size,
        shuffle=True,
        num_workers=workers,
    )


def _root() -> Path:
    """The folder that torchvision finds MNIST in, once load_dataset has seen to it."""
    first = data_folder()
    whole = all((first / "MNIST" / "raw" / name).is_file() for name in idx.FILES)
    return first if whole else cache_folder()


def seconds(make: Callable[[], nn.Module], epoch: Epoch) -> float:
    """Wall time of one epoch of training from the same first weights."""
    torch.manual_seed(0)
    model = make()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    started = time.perf_counter()
    for images, labels in epoch():
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return time.perf_counter() - started


def main(
    network: Annotated[str, typer.Option(help=", ".join(NETWORKS))] = "small",
    rounds: Annotated[int, typer.Option(help="Epochs of each pipeline.")] = 3,
    size: Annotated[int, typer.Option(help="Images of MNIST, a sixth for validation.")] = 60_000,
    batch_size: Annotated[int, typer.Option(help="Images a batch.")] = 128,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Print the seconds of an epoch of each pipeline, and ours as a share of theirs."""
    torch.set_num_threads(threads)
    data = load_dataset("mnist", size=size)
    make = NETWORKS[network]
    pipelines = {
        "ours": ours(data, batch_size),
        "torchvision, 0 workers": torchvisions(data, batch_size, 0),
        "torchvision, 2 workers": torchvisions(data, batch_size, 2),
    }
    parameters = sum(p.numel() for p in make().parameters())
    typer.echo(
        f"{network} CNN of {parameters:,} parameters, {len(data.train):,} images in batches of "
        f"{batch_size}, {threads} thread(s), {rounds} rounds"
    )
    times: dict[str, list[float]] = {name: [] for name in pipelines}
    for _, (name, epoch) in itertools.product(range(rounds), pipelines.items()):
        times[name].append(seconds(make, epoch))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        spread = f"{min(times[name]):.2f} to {max(times[name]):.2f}"
        share = "" if name == "ours" else f"; ratio ours / theirs {medians['ours'] / median:.2f}"
        typer.echo(f"  {name}: {median:.2f} s ({spread}){share}")


if __name__ == "__main__":
    typer.run(main)
