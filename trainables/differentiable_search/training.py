"""Trains a supernet's weights and its mixing weights, alpha, in turns: one epoch after another."""

import math
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import OperationSet, operation_set
from automl_on_ray.search_spaces.core import UserError, check_keywords
from automl_on_ray.search_spaces.supernet import Supernet, SupernetSize
from automl_on_ray.trainables._augmentation import Augmentation, batch_sizes, batches
from automl_on_ray.trainables._optimisation import progress_of, restore_optimizer
from automl_on_ray.trainables._torch_trainable import TorchTrainable
from automl_on_ray.trainables.datasets import DataKeywords, Dataset, Images, load_asked
from automl_on_ray.trainables.differentiable_search.architecture import Architecture
from automl_on_ray.trainables.differentiable_search.bilevel import (
    Bilevel,
    alpha_step,
    check_hypergradient,
    weight_step,
)
from automl_on_ray.trainables.differentiable_search.optimisers import (
    DEFAULTS,
    alpha_optimizer,
    set_weights_rate,
    weights_optimizer,
)
from automl_on_ray.trainables.differentiable_search.relaxations import find_relaxation
from automl_on_ray.trainables.differentiable_search.settings import check_settings
from automl_on_ray.trainables.image_classifier import DivergedError, member_of


class SupernetKeywords(DataKeywords, SupernetSize, total=False):
    """Which data a supernet is searched on, how large it is, and whether it saves memory."""

    recompute: bool


class SupernetTraining(TorchTrainable):
    """All of a search but the judgement on it.

    A subclass's `setup` calls `_take`, which sets the first of these attributes, and `_begin`,
    which sets the others anew for each config.
    """

    space: SearchSpace
    epochs: int
    seed: int
    operations: OperationSet
    size: SupernetSize
    recompute: bool
    dataset: Dataset

    config_used: Config
    network: Supernet
    architecture: Architecture
    epoch: int
    _halves: list[Images]  # of the training data, for the weights and, if it learns, for alpha
    _held: Images

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "architecture": self.architecture.state(),
            "alpha_optimizer": self.alpha_optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        _check_operations(state["architecture"]["operations"], self.operations.names)
        super().load_state(state)
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["network"])
        restore_optimizer(self.optimizer, state["optimizer"])
        self.architecture.load_state(state["architecture"])
        restore_optimizer(self.alpha_optimizer, state["alpha_optimizer"])

    def reset_config(self, new_config: Config) -> bool:
        """Start again with another config; the data stays."""
        self._begin(new_config)
        return True

    def _take(
        self, space: SearchSpace, epochs: int, operations: str, keywords: SupernetKeywords
    ) -> None:
        """UserError for data that cannot be had, and for unknown operations or keywords."""
        check_keywords(keywords, SupernetKeywords)
        self.space, self.epochs, self.seed = space, epochs, keywords.get("seed", 0)
        self.operations = operation_set(operations)
        self.size = {
            "channels": keywords.get("channels", 16),
            "layers": keywords.get("layers", 8),
            "stem_stride": keywords.get("stem_stride", 1),
        }
        self.recompute = keywords.get("recompute", False)
        self.dataset = load_asked(keywords)

    def _begin(self, config: Config) -> None:
        member, own_seed = member_of(self.space, config)
        used = self.config_used = {**DEFAULTS, **member}
        check_hypergradient(used["hypergradient"], used["relaxation"])
        check_settings(used)
        self.learns_alpha = find_relaxation(used["relaxation"]).learned
        seeds = [seed for seed in (own_seed, used["seed"], self.seed) if seed is not None]
        self.prepare(seeds[0])
        self._place_data()
        self.world.check_batch(self._batch_size(self._halves[0]))
        with self.randomness():
            network = Supernet(
                self.dataset.image_shape,
                len(self.dataset.classes),
                operations=self.operations.names,
                exists=self.operations.exists,
                partial=used["partial"],
                recompute=self.recompute,
                **self.size,
            )
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.architecture = Architecture(
            self.operations.names,
            relaxation=used["relaxation"],
            edge_weights=used["edge_weights"],
            exists=self.operations.exists,
            generator=self.generator,
        )
        self.optimizer = weights_optimizer(self.network, used)
        self.alpha_optimizer = alpha_optimizer(self.architecture, used)
        self.epoch = 0

    def _place_data(self) -> None:
        """Disjoint halves of the training data, for weights and alpha, and what is judged on.

        The weights have all of it where alpha does not learn.
        """
        wanted = (self.config_used["search_on_all"], self.learns_alpha, self.device.type)
        if getattr(self, "_placed", None) == wanted:
            return
        train = self.dataset.joined() if self.config_used["search_on_all"] else self.dataset.train
        # Every second image: views, so that trials go on sharing the node's one copy, and balanced
        # where a user's images come sorted by class.
        count = 2 if self.learns_alpha else 1
        self._halves = [
            Images(train.images[i::count], train.labels[i::count]).to(self.device)
            for i in range(count)
        ]
        validation = self.dataset.validation.to(self.device)
        self._held = self._halves[-1] if self.config_used["search_on_all"] else validation
        self._placed = wanted

    def _train_epoch(self) -> float:
        """The mean loss of the weights' batches. Raises DivergedError if it is not finite."""
        used = self.config_used
        warm = self.epoch < round(used["warm_up"] * self.epochs)
        sizes = [self._batch_sizes(half) for half in self._halves]
        count = min(map(len, sizes))
        self.images_per_epoch = sum(sizes[0][:count])
        total = torch.zeros((), device=self.device)
        pairs = list(zip(self._batches(self._halves[0]), self._alpha_batches(), strict=False))
        for index, (training, validation) in enumerate(pairs):
            progress = progress_of(used, self.epoch, index / count, self.epochs)
            set_weights_rate(self.optimizer, used, progress)
            with self.precision():
                if validation is not None and not warm:
                    self._alpha_step(training, validation, progress)
                loss = weight_step(
                    self.network,
                    self.architecture.sample(progress, self.generator),
                    self.optimizer,
                    self._criterion,
                    training,
                    sparse=self.architecture.relaxation.sparse,
                    gradient_clip=used["gradient_clip"],
                    world=self.world,
                )
            total += loss
        self.world.check_alike(self.architecture.parameters, "Alpha")
        mean = self.world.average([total])[0].item() / count
        if not math.isfinite(mean):
            raise DivergedError(f"The supernet diverged in epoch {self.epoch + 1}: loss {mean}.")
        return mean

    def _alpha_step(
        self, training: tuple[Tensor, Tensor], validation: tuple[Tensor, Tensor], progress: float
    ) -> None:
        used = self.config_used
        problem = Bilevel(
            self.network, self.architecture, self.optimizer, self.alpha_optimizer,
            self._criterion, self.world,
        )  # fmt: skip
        alpha_step(
            problem,
            training,
            validation,
            hypergradient=used["hypergradient"],
            progress=progress,
            generator=self.generator,
            regulariser=lambda: self.architecture.regulariser(
                zero_one_weight=used["zero_one_weight"], flatness_weight=used["flatness_weight"]
            ),
        )

    def _criterion(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Of this rank's part, so that the average over the ranks is that of the batch."""
        return self.world.share(F.cross_entropy(logits, labels), self._batch_size(self._halves[0]))

    def _batch_size(self, half: Images) -> int:
        # Ranks weigh their parts by one size for both halves, which may differ by an image.
        smallest = half if self.world.size == 1 else min(self._halves, key=len)
        return min(self.config_used["batch_size"], len(smallest))

    def _batch_sizes(self, half: Images) -> list[int]:
        # A smaller last batch would need weights of its own in the ranks' average.
        last = self.config_used["last_batch"] and self.world.size == 1
        return batch_sizes(len(half), self._batch_size(half), last=last)

    def _alpha_batches(self) -> Iterator[tuple[Tensor, Tensor] | None]:
        if not self.learns_alpha:
            yield from repeat(None)
        if not self.config_used["redraw_alpha_batches"]:
            yield from self._batches(self._halves[1])
            return
        while True:
            yield next(self._batches(self._halves[1]))

    def _batches(self, half: Images) -> Iterator[tuple[Tensor, Tensor]]:
        side = min(self.dataset.image_shape[1:])
        return batches(
            half,
            batch_size=self._batch_size(half),
            generator=self.generator,
            mean=self.dataset.mean,
            std=self.dataset.std,
            augmentation=Augmentation.chosen(self.config_used, side=side),
            drop_last=sum(self._batch_sizes(half)) < len(half),
            part=self.world.part,
        )


def _check_operations(stored: Sequence[str], own: Sequence[str]) -> None:
    if list(stored) != list(own):
        raise UserError(
            f"The checkpoint's alphas are of the operations {', '.join(stored)}; this search has "
            f"{', '.join(own)}. Go on with the same --operations, or begin a study of its own."
        )
