"""Searches a cell by training a supernet and its mixing weights in turns; one step is one epoch."""

import itertools
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import SGD, Adam

from search_spaces._cells import one_hot_mixing
from search_spaces._operation_sets import operation_set
from search_spaces._space import Config, SearchSpace
from search_spaces._supernet import Supernet
from trainables._architecture import Architecture, Mixing
from trainables._augmentation import Augmentation, batches
from trainables._bilevel import alpha_step, check_hypergradient, weight_step
from trainables._doctor import (
    SETTLED,
    STRONGER,
    Finding,
    Vitals,
    check_remedy,
    examine,
    window_of,
)
from trainables._hessian import dominant_eigenvalue
from trainables._optimisation import cosine, restore_optimizer
from trainables._perturbation import check_selection, select_by_perturbation
from trainables._supernet_vitals import cell_facts, chosen_empty, evaluate_supernet
from trainables._torch_trainable import TorchTrainable
from trainables.datasets._dataset import Images, load_dataset
from trainables.image_classifier import EVALUATION_BATCH, DivergedError, member_of

# As published; what a config that leaves a key out means.
DEFAULTS: Config = {
    "relaxation": "softmax",
    "hypergradient": "first_order",
    "partial": 1,
    "edge_weights": False,
    "batch_size": 64,
    "learning_rate": 0.025,
    "lowest_learning_rate": 0.001,
    "momentum": 0.9,
    "weight_decay": 3e-4,
    "gradient_clip": 5.0,
    "alpha_learning_rate": 3e-4,
    "alpha_weight_decay": 1e-3,
    "warm_up": 0.0,
    "zero_one_weight": 0.0,
    "flatness_weight": 0.0,
    "augmentation": 0.0,
}
ALPHA_BETAS = (0.5, 0.999)
TUNED_BATCHES = 5  # after each decision of a selection by perturbation


class DartsSupernet(TorchTrainable):
    """DARTS (Liu et al. 2019, arXiv:1806.09055) and its relatives; reports METRICS and `cell`.

    `cell` is the derived cells' config as JSON. With a remedy against collapse it is that of the
    healthiest epoch so far. Raises `DivergedError` when the loss is no number.
    """

    METRICS: ClassVar[dict[str, str]] = {
        "val_accuracy": "max",  # of the supernet, share
        "val_loss": "min",  # of the supernet, nats
        "train_loss": "min",
        "discretised_accuracy": "max",  # of the supernet with the derived cells' operations alone
        "discretisation_gap": "min",  # val_accuracy less that
        "skip_connections": "min",  # in the derived normal cell, of 8
        "parameter_free": "min",  # operations without weights in both derived cells, of 16
        "alpha_entropy": "min",  # share of the largest possible
        "cell_changes": "min",  # edges of 16 that the derived cells did not have an epoch before
        "alpha_eigenvalue": "min",  # dominant one of the Hessian; at its interval only
        "collapsed": "min",  # 1 if the doctor ends the search with this epoch
        "parameters": "min",
        "epoch_seconds": "min",
        "images_per_second": "max",
    }

    history: list[Vitals]  # by epoch
    cells: list[Config]  # derived, by epoch
    _halves: list[Images]  # of the training data, for the weights and for alpha
    _held: Images

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        dataset: str,
        epochs: int,
        data_dir: str | None = None,
        seed: int = 0,
        subset: int | None = None,
        operations: str = "darts",
        channels: int = 16,
        layers: int = 8,
        stem_stride: int = 1,
        remedy: str = "stop",
        eigenvalue_every: int = 1,
        select: str = "magnitude",
    ) -> None:
        """Load the data and build the supernet.

        `remedy` is what is done about a collapse: warn, stop (and go back to the healthiest epoch)
        or regularise (and go on). Every `eigenvalue_every` epochs the eigenvalue is measured; 0 is
        never. `select` is how the last epoch derives its cell: by the magnitude of mixing weights,
        or by perturbation. Raises UserError for a config that is no member of `space`, unknown
        operations or remedies, and images too small.
        """
        check_remedy(remedy)
        check_selection(select)
        self.select = select
        self.space, self.epochs, self.seed = space, epochs, seed
        self.operations = operation_set(operations)
        self.size = {"channels": channels, "layers": layers, "stem_stride": stem_stride}
        self.remedy, self.eigenvalue_every = remedy, eigenvalue_every
        self.dataset = load_dataset(
            dataset, data_dir=Path(data_dir) if data_dir else None, seed=seed, size=subset
        )
        self._begin(config)

    def reset_config(self, new_config: Config) -> bool:
        """Start again with another config; the data stays."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        started = time.perf_counter()
        with self.randomness():
            train_loss = self._train_epoch()
            trained = time.perf_counter() - started
            self.epoch += 1
            result = {"train_loss": train_loss, **self._measure()}
        finding = self._treat()
        stop = finding is not None and self.remedy == "stop"
        kept = self.cells[finding.healthiest - 1] if finding and stop else self.cells[-1]
        done = stop or self.epoch >= self.epochs
        if done and self.select == "perturbation":
            with self.randomness():
                kept = self._perturbed()
        return {
            **result,
            "cell": json.dumps(kept),
            "warning": finding.reason if finding else "",
            "collapsed": int(stop),
            "parameters": sum(weight.numel() for weight in self.network.parameters()),
            "epoch_seconds": time.perf_counter() - started,
            "images_per_second": 2 * self.images_per_epoch / trained,
            "done": done,
        }

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "architecture": self.architecture.state(),
            "alpha_optimizer": self.alpha_optimizer.state_dict(),
            "history": [asdict(vitals) for vitals in self.history],
            "cells": list(self.cells),
            "decay_factor": self.decay_factor,
            "treated": self.treated,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["network"])
        restore_optimizer(self.optimizer, state["optimizer"])
        self.architecture.load_state(state["architecture"])
        restore_optimizer(self.alpha_optimizer, state["alpha_optimizer"])
        self.history = [Vitals(**vitals) for vitals in state["history"]]
        self.cells = list(state["cells"])
        self.treated = state["treated"]
        self._raise_decay(state["decay_factor"])

    def _begin(self, config: Config) -> None:
        member, own_seed = member_of(self.space, config)
        used = self.config_used = {**DEFAULTS, **member}
        check_hypergradient(used["hypergradient"], used["relaxation"])
        self.prepare(self.seed if own_seed is None else own_seed)
        self._place_data()
        with self.randomness():
            network = Supernet(
                self.dataset.image_shape,
                len(self.dataset.classes),
                operations=self.operations.names,
                exists=self.operations.exists,
                partial=used["partial"],
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
        self.optimizer = SGD(
            self.network.parameters(), used["learning_rate"], used["momentum"],
            weight_decay=used["weight_decay"], fused=True,
        )  # fmt: skip
        # Where paths are drawn some weights wait for their first step, and fused SGD takes buffers
        # of all or none. Zeros are what it would begin with.
        for weight in self.network.parameters():
            self.optimizer.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
        self.alpha_optimizer = Adam(
            self.architecture.parameters, used["alpha_learning_rate"], ALPHA_BETAS,
            weight_decay=used["alpha_weight_decay"], fused=True,
        )  # fmt: skip
        self.epoch, self.treated, self.decay_factor = 0, 0, 1.0
        self.history, self.cells = [], []

    def _place_data(self) -> None:
        """Disjoint halves of the training data, for weights and alpha, and what is judged on."""
        if hasattr(self, "_halves") and self._held.images.device.type == self.device.type:
            return
        train = self.dataset.train
        # Every second image: views, so that trials go on sharing the node's one copy, and balanced
        # where a user's images come sorted by class.
        self._halves = [
            Images(train.images[i::2], train.labels[i::2]).to(self.device) for i in (0, 1)
        ]
        self._held = self.dataset.validation.to(self.device)

    def _train_epoch(self) -> float:
        """The mean loss of the weights' batches. Raises DivergedError if it is not finite."""
        used = self.config_used
        warm = self.epoch < round(used["warm_up"] * self.epochs)
        pairs = list(zip(*(self._batches(half) for half in self._halves), strict=False))
        self.images_per_epoch = sum(len(images) for (images, _), _ in pairs)
        total = torch.zeros((), device=self.device)
        for index, (training, validation) in enumerate(pairs):
            progress = (self.epoch + index / len(pairs)) / self.epochs
            self._set_rate(progress)
            with self.precision():
                if not warm:
                    self._alpha_step(training, validation, progress)
                loss = weight_step(
                    self.network,
                    self.architecture.sample(progress, self.generator),
                    self.optimizer,
                    F.cross_entropy,
                    training,
                    sparse=self.architecture.relaxation.sparse,
                    gradient_clip=used["gradient_clip"],
                )
            total += loss
        mean = total.item() / len(pairs)
        if not math.isfinite(mean):
            raise DivergedError(f"The supernet diverged in epoch {self.epoch + 1}: loss {mean}.")
        return mean

    def _alpha_step(
        self, training: tuple[Tensor, Tensor], validation: tuple[Tensor, Tensor], progress: float
    ) -> None:
        used = self.config_used
        alpha_step(
            self.network,
            self.architecture,
            self.alpha_optimizer,
            F.cross_entropy,
            training=training,
            validation=validation,
            hypergradient=used["hypergradient"],
            weights_optimizer=self.optimizer,
            progress=progress,
            generator=self.generator,
            regulariser=lambda: self.architecture.regulariser(
                zero_one_weight=used["zero_one_weight"], flatness_weight=used["flatness_weight"]
            ),
        )

    def _set_rate(self, progress: float) -> None:
        """Half a cosine down to the lowest, as published."""
        low, high = self.config_used["lowest_learning_rate"], self.config_used["learning_rate"]
        for group in self.optimizer.param_groups:
            group["lr"] = low + (high - low) * cosine(min(progress, 1.0))

    def _batches(self, half: Images) -> Iterator[tuple[Tensor, Tensor]]:
        side = min(self.dataset.image_shape[1:])
        return batches(
            half,
            batch_size=min(self.config_used["batch_size"], len(half)),
            generator=self.generator,
            mean=self.dataset.mean,
            std=self.dataset.std,
            augmentation=Augmentation.scaled(self.config_used["augmentation"], side=side),
            drop_last=True,
        )

    def _measure(self) -> dict[str, Any]:
        """Of the supernet as it is now, and of the cells that it stands for."""
        cells = self.architecture.derived()
        loss, accuracy = self._evaluate(self.architecture.expected())
        one_hot = one_hot_mixing(cells, self.operations.names)
        alone = self._evaluate(({c: m.to(self.device) for c, m in one_hot.items()}, None), True)[1]
        facts = cell_facts(cells, self.cells[-1] if self.cells else cells)
        found = {
            "val_loss": loss,
            "val_accuracy": accuracy,
            "discretised_accuracy": alone,
            "discretisation_gap": accuracy - alone,
            "alpha_entropy": self.architecture.entropy(),
            **facts,
        }
        eigenvalue = math.nan
        if self.eigenvalue_every and self.epoch % self.eigenvalue_every == 0:
            eigenvalue = found["alpha_eigenvalue"] = self._eigenvalue()
        empty = chosen_empty(cells, self.architecture.expected()[0], self.operations.names)
        self.history.append(Vitals(self.epoch, empty, eigenvalue))
        self.cells.append(cells)
        return found

    def _evaluate(self, mixing: Mixing, sparse: bool = False) -> tuple[float, float]:
        """Loss in nats and accuracy on validation."""
        return evaluate_supernet(self.network, self._held_batches(), mixing, sparse=sparse)

    def _held_batches(self, size: int = EVALUATION_BATCH) -> Iterator[tuple[Tensor, Tensor]]:
        # Equal batches: each has its own statistics, and few images have poor ones.
        size = math.ceil(len(self._held) / math.ceil(len(self._held) / size))
        return batches(
            self._held, batch_size=size, generator=self.generator, mean=self.dataset.mean,
            std=self.dataset.std, shuffle=False,
        )  # fmt: skip

    def _perturbed(self) -> Config:
        """The cells by Wang et al. 2021; the weights are trained a little on the way."""
        mixing, edges = self.architecture.expected()
        if edges is not None:
            mixing = {cell: mixing[cell] * edges[cell][:, None] for cell in mixing}

        def tune(left: dict[str, Tensor]) -> None:
            for batch in itertools.islice(self._batches(self._halves[0]), TUNED_BATCHES):
                clip = self.config_used["gradient_clip"]
                weight_step(
                    self.network, (left, None), self.optimizer, F.cross_entropy, batch,
                    sparse=True, gradient_clip=clip,
                )  # fmt: skip

        return select_by_perturbation(
            mixing,
            self.operations.names,
            accuracy=lambda left: self._evaluate((left, None), sparse=True)[1],
            tune=tune,
            generator=self.generator,
        )

    def _eigenvalue(self) -> float:
        """On one batch of validation, as Zela et al. measure it; float32."""
        images, labels = next(self._held_batches(self.config_used["batch_size"]))

        def loss() -> Tensor:
            return F.cross_entropy(self.network(images, *self.architecture.expected()), labels)

        alphas = list(self.architecture.alpha.values())
        return dominant_eigenvalue(
            loss, alphas, generator=self.generator, iterations=10, tolerance=0.01
        )

    def finding(self) -> Finding | None:
        """What the doctor finds in the newest epoch."""
        return examine(
            self.history,
            since=max(round(self.config_used["warm_up"] * self.epochs), self.treated),
            window=window_of(self.epochs // max(self.eigenvalue_every, 1)),
            settled=round(SETTLED * self.epochs),
        )

    def _treat(self) -> Finding | None:
        """What the doctor finds; weight decay is raised here if that is the remedy."""
        finding = self.finding()
        if finding and self.remedy == "regularise":
            self.treated = self.epoch  # the next look is at what comes of it
            self._raise_decay(self.decay_factor * STRONGER)
        return finding

    def _raise_decay(self, factor: float) -> None:
        self.decay_factor = factor
        for group in self.optimizer.param_groups:
            group["weight_decay"] = self.config_used["weight_decay"] * factor
