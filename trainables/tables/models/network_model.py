"""Trains TabM on the CPU, and stops when a held part of the rows is predicted no better."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.trainables.tables.models.choosing import FitSettings
from automl_on_ray.trainables.tables.models.early_stopping import held_part
from automl_on_ray.trainables.tables.models.tabm import TabM

FILE = "model.pt"
BINS = 16  # of a number that is embedded
BATCH_ROWS, PREDICTED_ROWS = 256, 2048
MOST_EPOCHS, PATIENCE = 200, 16
HELD_SHARE = 0.15
MOST_GRADIENT = 1.0  # its norm


class Network:
    """TabM as a `Model`. Numbers that it learns to predict are brought to mean 0 and deviation 1.

    The mean over the heads is of their losses while it is trained, of probabilities or values when
    it predicts.
    """

    def __init__(self, config: Mapping[str, Any], settings: FitSettings) -> None:
        self.config, self.settings = config, settings
        self.network: TabM | None = None
        self.stored: dict[str, Any] = {}

    def fit(self, x: np.ndarray, y: np.ndarray) -> "Network":
        torch.set_num_threads(self.settings.threads)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.settings.seed)
            self._fit(x.astype("float32"), y)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        assert self.network is not None
        torch.set_num_threads(self.settings.threads)
        self.network.eval()
        parts = torch.from_numpy(x.astype("float32")).split(PREDICTED_ROWS)
        with torch.inference_mode():
            told = torch.cat([self._told(self.network(part)) for part in parts])
        return told.numpy().astype("float64")

    def save(self, folder: Path) -> None:
        assert self.network is not None
        torch.save({**self.stored, "weights": self.network.state_dict()}, folder / FILE)

    def restore(self, stored: dict[str, Any]) -> "Network":
        """The network that `save` wrote."""
        weights = stored.pop("weights")
        self._build(stored)
        assert self.network is not None
        self.network.load_state_dict(weights)
        return self

    def _told(self, output: Tensor) -> Tensor:
        """(B, heads, outputs) -> (B, classes) probabilities or (B,) values."""
        if self.settings.task != "regression":
            return output.softmax(dim=-1).mean(dim=1)
        return output.mean(dim=1)[:, 0] * self.stored["deviation"] + self.stored["mean"]

    def _build(self, stored: dict[str, Any]) -> None:
        self.stored = stored
        self.network = TabM(
            stored["edges"], stored["embedded"], columns=stored["columns"],
            outputs=self.settings.classes or 1, others=stored["others"], **stored["shape"],
        )  # fmt: skip

    def _fit(self, x: np.ndarray, y: np.ndarray) -> None:
        settings = self.settings
        own, held = held_part(y, settings, share=HELD_SHARE)
        held = held if len(held) else own
        edges, embedded = bins_of(x[own])
        mean, deviation = (0.0, 1.0) if settings.classes else (y[own].mean(), y[own].std())
        self._build({
            "edges": edges, "embedded": embedded, "columns": x.shape[1],
            "shape": {key: self.config[f"network_{key}"] for key in ("width", "depth", "heads")},
            "others": {key: self.config[f"network_{key}"] for key in ("embedding", "dropout")},
            "mean": float(mean), "deviation": float(deviation),
        })  # fmt: skip
        answers = y if settings.classes else ((y - mean) / (deviation or 1)).astype("float32")
        data = torch.from_numpy(x), torch.from_numpy(np.ascontiguousarray(answers))
        self._train(data, torch.from_numpy(own), torch.from_numpy(held))

    def _train(self, data: tuple[Tensor, Tensor], own: Tensor, held: Tensor) -> None:
        assert self.network is not None
        network = self.network
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=self.config["network_learning_rate"],
            weight_decay=self.config["network_weight_decay"],
        )  # fmt: skip
        best, kept, waited = float("inf"), network.state_dict(), 0
        for _ in range(MOST_EPOCHS):
            network.train()
            for rows in _batches(own):
                optimizer.zero_grad(set_to_none=True)
                self._loss(network(data[0][rows]), data[1][rows]).backward()
                nn.utils.clip_grad_norm_(network.parameters(), MOST_GRADIENT)
                optimizer.step()
            loss = self._held_loss(data, held)
            waited += 1
            if loss < best:
                best, waited = loss, 0
                kept = {name: value.clone() for name, value in network.state_dict().items()}
            if waited >= PATIENCE or self.settings.time_is_up:
                break
        network.load_state_dict(kept)

    def _loss(self, output: Tensor, answers: Tensor) -> Tensor:
        """The mean over rows and heads."""
        repeated = answers[:, None].expand(-1, output.shape[1])
        if self.settings.task == "regression":
            return F.mse_loss(output[..., 0], repeated)
        return F.cross_entropy(output.flatten(0, 1), repeated.flatten())

    def _held_loss(self, data: tuple[Tensor, Tensor], held: Tensor) -> float:
        """Of the mean of the heads, which is what is predicted."""
        assert self.network is not None
        self.network.eval()
        total = 0.0
        with torch.inference_mode():
            for rows in held.split(PREDICTED_ROWS):
                output, answers = self.network(data[0][rows]), data[1][rows]
                if self.settings.task == "regression":
                    total += F.mse_loss(output[..., 0].mean(1), answers, reduction="sum").item()
                else:
                    told = self._told(output).clamp_min(1e-12).log()
                    total += F.nll_loss(told, answers, reduction="sum").item()
        return total / len(held)


def bins_of(x: np.ndarray) -> tuple[Tensor, Tensor]:
    """Edges (numbers, BINS + 1) of bins with as many rows each, and the columns they are of.

    A column with two values or fewer is no number to be embedded.
    """
    shares = np.linspace(0, 1, BINS + 1)
    embedded, edges = [], []
    for index, column in enumerate(x.T):
        found = np.unique(np.quantile(column, shares))
        if len(np.unique(column[:1000])) > 2 and len(found) > 1:
            embedded.append(index)
            edges.append(np.pad(found, (0, BINS + 1 - len(found)), constant_values=np.inf))
    shape = (len(edges), BINS + 1)
    return (
        torch.from_numpy(np.asarray(edges, dtype="float32").reshape(shape)),
        torch.tensor(embedded, dtype=torch.int64),
    )


def _batches(own: Tensor) -> Iterator[Tensor]:
    return iter(own[torch.randperm(len(own))].split(BATCH_ROWS))


def create(config: Mapping[str, Any], settings: FitSettings) -> Network:
    return Network(config, settings)


def load(folder: Path, settings: FitSettings) -> Network:
    stored = torch.load(folder / FILE, map_location="cpu", weights_only=True)
    return Network({}, settings).restore(stored)
