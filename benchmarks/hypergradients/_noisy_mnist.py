"""MNIST with wrong labels, and a few clean images."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from automl_on_ray.trainables.datasets import Dataset, Images, load_dataset
from automl_on_ray.trainables.hypergradients import Tensors
from benchmarks.hypergradients._images import CLASSES, normalised

NOISY = 2000
Batch = tuple[Tensor, Tensor, Tensor]  # images (B, 1, 28, 28), labels (B,), rows among all (B,)


@dataclass(frozen=True)
class Noise:
    """`share` of labels wrong, by classes added to them; what `--tune` found best for baselines."""

    share: float
    clean: int
    added: tuple[int, int]  # the least and the most
    q: float
    clean_batch: int


NOISES = {
    "uniform": Noise(0.3, 500, (1, 9), q=0.3, clean_batch=25),
    "pairs": Noise(0.4, 100, (1, 1), q=0.7, clean_batch=50),
}


@dataclass(frozen=True)
class Data:
    """`noisy`'s labels are wrong where `right`, bool (N,), is false."""

    noisy: Batch
    right: Tensor
    clean: Batch
    test: Batch


def drawn(noise: Noise, seed: int) -> Data:
    """Images of MNIST's training part, other ones for each seed."""
    data = load_dataset("mnist")
    generator = Generator().manual_seed(seed)
    rows = torch.randperm(len(data.train), generator=generator)[: NOISY + noise.clean]
    low, high = noise.added
    added = torch.randint(low, high + 1, (NOISY,), generator=generator)
    right = torch.rand(NOISY, generator=generator) >= noise.share
    images, labels, _ = _batch(data, data.train, rows)
    wrong = torch.where(right, labels[:NOISY], (labels[:NOISY] + added) % CLASSES)
    noisy = (images[:NOISY], wrong, torch.arange(NOISY))
    clean = (images[NOISY:], labels[NOISY:], torch.arange(NOISY, len(rows)))
    return Data(noisy, right, clean, _batch(data, data.test, torch.arange(len(data.test))))


def _batch(data: Dataset, images: Images, rows: Tensor) -> Batch:
    return (*normalised(images, rows, data), rows)


def outputs_of(module: nn.Module, weights: Tensors, images: Tensor) -> Tensor:
    """(B, 10)"""
    outputs: Tensor = torch.func.functional_call(module, weights, (images,))
    return outputs
