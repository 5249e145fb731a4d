"""Judges a cell with weights that it inherits from a trained supernet; one trial is one report."""

import math
import time
from typing import Any, ClassVar, Unpack

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import check_cells, one_hot_mixing
from automl_on_ray.search_spaces.core import UserError, check_keywords
from automl_on_ray.search_spaces.supernet import Supernet
from automl_on_ray.trainables._evaluation import equal_batches, evaluate
from automl_on_ray.trainables._torch_trainable import TorchTrainable
from automl_on_ray.trainables.datasets import DataKeywords, load_asked
from automl_on_ray.trainables.image_classifier import (
    EVALUATION_BATCH,
    DivergedError,
    build_network,
    count_parameters,
    member_of,
)
from automl_on_ray.trainables.one_shot.stored_supernet import find_supernet


class InheritedCell(TorchTrainable):
    """One-shot evaluation (Bender et al. 2018; Guo et al. 2020, arXiv:1904.00420, section 3.3).

    A trial passes the validation images through the part of the supernet that is its cell, in equal
    batches whose statistics normalise them, and trains nothing. The process keeps the supernet and
    the images for its next trial.
    """

    METRICS: ClassVar[dict[str, str]] = {
        "val_accuracy": "max",  # share, with inherited weights
        "val_loss": "min",  # nats, with inherited weights
        "parameters": "min",  # of the cell's own network
        "epoch_seconds": "min",
    }

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        supernet: str,
        **data: Unpack[DataKeywords],
    ) -> None:
        """Load the data, and the weights from `supernet`, a checkpoint's folder or URI.

        The data must be those that the supernet was trained on, split by the same seed. Raises
        UserError where the supernet or the data are not to be had or do not go together, and for a
        config that is no member of `space`.
        """
        check_keywords(data, DataKeywords)
        self.space, self.seed = space, data.get("seed", 0)
        self.dataset = load_asked(data)
        self._stored = find_supernet(supernet)
        self.operations = tuple(self._stored["architecture"]["operations"])
        self._check_images(supernet)
        self._begin(config)
        self.network = self._inherited()
        self._held = self.dataset.validation.to(self.device)

    def reset_config(self, new_config: Config) -> bool:
        """Judge another cell; supernet and images stay."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        started = time.perf_counter()
        held = equal_batches(self._held, self.dataset, EVALUATION_BATCH)
        one_hot = one_hot_mixing(self.member, self.operations)
        mixing = {cell: weights.to(self.device) for cell, weights in one_hot.items()}
        with self.randomness():
            loss, accuracy = evaluate(lambda x: self.network(x, mixing, sparse=True), held)
        if not math.isfinite(loss):
            raise DivergedError(f"With inherited weights the loss is {loss}.")
        return {
            "val_loss": loss,
            "val_accuracy": accuracy,
            "parameters": self.parameters,
            "epoch_seconds": time.perf_counter() - started,
            "done": True,
        }

    def _begin(self, config: Config) -> None:
        self.member, own_seed = member_of(self.space, config)
        self.prepare(self.seed if own_seed is None else own_seed)
        check_cells(self.member, self.operations)
        shape, classes = self.dataset.image_shape, len(self.dataset.classes)
        self.parameters = count_parameters(build_network(self.space, self.member, shape, classes))

    def _check_images(self, place: str) -> None:
        own = [*self.dataset.image_shape, len(self.dataset.classes)]
        stored = [*self._stored["images"], self._stored["classes"]]
        if own != stored:
            raise UserError(
                f"The supernet in {place} was trained on other images: channels, height, width and "
                f"classes are {stored} there, and {own} here."
            )

    def _inherited(self) -> Supernet:
        shape, classes = self.dataset.image_shape, len(self.dataset.classes)
        network = Supernet(shape, classes, operations=self.operations, **self._stored["size"])
        network.load_state_dict(self._stored.pop("network"))
        return network.to(self.device)
