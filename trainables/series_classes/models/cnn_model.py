"""Trains a residual network on series, for a given number of steps.

No series is held out to stop early: there are often few, and a trial's folds judge it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.trainables.series_classes.models.augmentation import augmented, inside
from automl_on_ray.trainables.series_classes.models.choosing import FitSettings
from automl_on_ray.trainables.series_classes.models.network import ResidualNetwork, shortened
from automl_on_ray.trainables.series_classes.models.padding import Scaling, lengths_of

FILE = "model.pt"
PREDICTED = 64  # series at a time
SMOOTHING = 0.1  # of labels
MOST_GRADIENT = 1.0  # its norm
WARM = 0.1  # share of the steps in which the learning rate rises
SHAPE = ("depth", "width", "kernel", "dilation", "pooling", "dropout")
STRENGTHS = ("jitter", "stretch", "crop", "warp")


class Cnn:
    """A `Model`. `factor` is by how much the longest series of the fit was shortened, or 1."""

    def __init__(
        self, scaling: Scaling, network: ResidualNetwork, shape: Mapping[str, Any], threads: int
    ) -> None:
        """`shape` says how the network was built, and has `factor`."""
        self.scaling, self.network = scaling, network
        self.shape, self.threads = dict(shape), threads

    def predict(self, values: np.ndarray) -> np.ndarray:
        torch.set_num_threads(self.threads)
        self.network.eval()
        series, lengths = tensors(self.scaling(values), self.shape["factor"])
        parts = zip(series.split(PREDICTED), lengths.split(PREDICTED), strict=True)
        with torch.inference_mode():
            told = torch.cat([self.network(*part).double().softmax(dim=1) for part in parts])
        return told.numpy()

    def save(self, folder: Path) -> None:
        stored = {
            "kind": self.scaling.kind,
            "mean": torch.from_numpy(self.scaling.mean),
            "deviation": torch.from_numpy(self.scaling.deviation),
            "shape": self.shape,
            "weights": self.network.state_dict(),
        }
        torch.save(stored, folder / FILE)


def fit(
    config: Mapping[str, Any], values: np.ndarray, labels: np.ndarray, settings: FitSettings
) -> Cnn:
    """ValueError for a single series, of which there is no batch."""
    if len(values) < 2:
        raise ValueError("A network needs two series to be trained.")
    torch.set_num_threads(settings.threads)
    scaling = Scaling.fit(config["scaling"], values)
    factor = min(1.0, config["cnn_length"] / int(lengths_of(values).max()))
    shape = {
        **{key: config[f"cnn_{key}"] for key in SHAPE},
        "channels": values.shape[1], "classes": settings.classes, "factor": factor,
    }  # fmt: skip
    series, lengths = tensors(scaling(values), factor)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = built(shape)
        _train(network, config, series, lengths, torch.from_numpy(labels.astype(np.int64)))
    return Cnn(scaling, network, shape, settings.threads)


def load(folder: Path, threads: int) -> Cnn:
    stored = torch.load(folder / FILE, map_location="cpu", weights_only=True)
    network = built(stored["shape"])
    network.load_state_dict(stored["weights"])
    scaling = Scaling(stored["kind"], stored["mean"].numpy(), stored["deviation"].numpy())
    return Cnn(scaling, network, stored["shape"], threads)


def built(shape: Mapping[str, Any]) -> ResidualNetwork:
    return ResidualNetwork(
        shape["channels"], shape["classes"], **{key: shape[key] for key in SHAPE}
    )  # fmt: skip


def tensors(values: np.ndarray, factor: float) -> tuple[Tensor, Tensor]:
    """(n, channels, L) with 0 after the ends, and (n,) lengths."""
    lengths = torch.from_numpy(lengths_of(values)).clamp_min(1)
    series, lengths = shortened(torch.from_numpy(np.nan_to_num(values, nan=0.0)), lengths, factor)
    return series * inside(lengths, series.shape[2]), lengths


def _train(
    network: ResidualNetwork, config: Mapping[str, Any], series: Tensor, lengths: Tensor,
    labels: Tensor,
) -> None:  # fmt: skip
    strengths = {key: float(config[f"cnn_{key}"]) for key in STRENGTHS}
    generator = torch.Generator().manual_seed(torch.initial_seed())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config["cnn_learning_rate"],
        weight_decay=config["cnn_weight_decay"],
    )  # fmt: skip
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config["cnn_learning_rate"], total_steps=config["cnn_steps"], pct_start=WARM
    )
    network.train()
    drawn = _batches(len(labels), config["cnn_batch"], generator)
    for _, rows in zip(range(config["cnn_steps"]), drawn, strict=False):
        given = augmented(series[rows], lengths[rows], strengths, generator)
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(
            network(given, lengths[rows]), labels[rows], label_smoothing=SMOOTHING
        ).backward()
        nn.utils.clip_grad_norm_(network.parameters(), MOST_GRADIENT)
        optimizer.step()
        schedule.step()


def _batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """For ever; each series once before any comes again, but for a rest that is one alone."""
    while True:
        for rows in torch.randperm(count, generator=generator).split(size):
            if len(rows) > 1:
                yield rows
