"""Trains weights for all cells of a supernet: one drawn cell a step; one step is one epoch."""

import math
import time
from typing import Any, ClassVar, Unpack

import numpy as np
import torch

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables._evaluation import equal_batches, evaluate
from automl_on_ray.trainables.differentiable_search import SupernetKeywords, SupernetTraining
from automl_on_ray.trainables.image_classifier import EVALUATION_BATCH, DivergedError

SPACE = SearchSpace(
    name="darts-one-shot",
    architecture={"partial": 1, "edge_weights": False},
    training={
        "relaxation": "uniform",
        "hypergradient": "first_order",
        "batch_size": 32,
        "learning_rate": 0.05,
        "lowest_learning_rate": 0.0,
        "momentum": 0.9,
        "weight_decay": 3e-4,
        "gradient_clip": 5.0,
        "warm_up": 0.0,
    },
)
JUDGED = 8  # drawn cells, the same each epoch, that the supernet is judged by


class SharedWeights(SupernetTraining):
    """SPOS's first half (Guo et al. 2020, arXiv:1904.00420, section 3.2): weights, and no choice.

    All training images train the weights. Judged by the mean over drawn cells with the weights as
    they are, so METRICS say how far the training is, not how good any cell is.
    Raises `DivergedError` when the loss is no number.
    """

    METRICS: ClassVar[dict[str, str]] = {
        "val_accuracy": "max",  # mean over drawn cells, share
        "val_loss": "min",  # the same, nats
        "accuracy_spread": "max",  # standard deviation over these cells
        "train_loss": "min",
        "parameters": "min",  # of all operations together
        "epoch_seconds": "min",
        "images_per_second": "max",
    }

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace = SPACE,
        epochs: int,
        operations: str = "darts",
        **keywords: Unpack[SupernetKeywords],
    ) -> None:
        """Load the data and build the supernet.

        Raises UserError for a config that is no member of `space` or learns cells, unknown
        operations or such as differ from edge to edge, and images too small.
        """
        self._take(space, epochs, operations, keywords)
        if self.operations.exists is not None:
            raise UserError(
                f"Operations {operations!r} differ from edge to edge, and cells do not know of it: "
                "weights that they inherit need one set for all edges."
            )
        self._begin(config)

    def step(self) -> dict[str, Any]:
        started = time.perf_counter()
        with self.randomness(by_rank=True):
            train_loss = self._train_epoch()
            trained = time.perf_counter() - started
            self.epoch += 1
            measured = self._measure()
        return {
            "train_loss": train_loss,
            **measured,
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "epoch_seconds": time.perf_counter() - started,
            "images_per_second": self.images_per_epoch / trained,
            "done": self.epoch >= self.epochs,
        }

    def state(self) -> dict[str, Any]:
        """With what a process needs to build the network that the weights are of."""
        answers = len(self.dataset.classes)
        shape = list(self.dataset.image_shape)
        return {**super().state(), "size": dict(self.size), "images": shape, "classes": answers}

    def _begin(self, config: Config) -> None:
        super()._begin(config)
        used = self.config_used
        for key, needed in (("relaxation", "uniform"), ("partial", 1), ("edge_weights", False)):
            if used[key] != needed:
                raise UserError(
                    f"Weights that cells inherit are trained with {key}={needed!r}, as the cells "
                    f"use them, but this config has {used[key]!r}."
                )
        draws = torch.Generator(self.device).manual_seed(0)
        self.judged = [self.architecture.sample(0.0, draws) for _ in range(JUDGED)]

    def _measure(self) -> dict[str, float]:
        """Each rank measures all of it: batches are not worth sharing out."""
        found = []
        for mixing in self.judged:
            held = equal_batches(self._held, self.dataset, EVALUATION_BATCH)
            found.append(evaluate(lambda x, m=mixing: self.network(x, *m, sparse=True), held))  # type: ignore[misc]
        losses, accuracies = zip(*found, strict=True)
        if not math.isfinite(sum(losses)):
            raise DivergedError(
                f"The supernet diverged in epoch {self.epoch}: a loss is no number."
            )
        return {
            "val_loss": float(np.mean(losses)),
            "val_accuracy": float(np.mean(accuracies)),
            "accuracy_spread": float(np.std(accuracies)),
        }
