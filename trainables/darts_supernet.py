"""Searches a cell by training a supernet and its mixing weights in turns; one step is one epoch."""

import itertools
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, ClassVar, Unpack

from torch import Tensor
from torch.nn import functional as F

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import one_hot_mixing
from automl_on_ray.trainables._evaluation import equal_batches, evaluate
from automl_on_ray.trainables.differentiable_search import (
    SETTLED,
    STRONGER,
    STRONGEST,
    CollapseSign,
    EpochStatistics,
    Mixing,
    SupernetKeywords,
    SupernetTraining,
    cell_facts,
    check_learned,
    check_remedy,
    check_selection,
    dominant_eigenvalue,
    empty_operations,
    examine,
    select_by_perturbation,
    weight_step,
    window_of,
)
from automl_on_ray.trainables.image_classifier import EVALUATION_BATCH, DivergedError

EIGENVALUE_IMAGES, EIGENVALUE_PRODUCTS = 32, 3
TUNED_BATCHES = 5  # after each decision of a selection by perturbation


class DartsSupernet(SupernetTraining):
    """DARTS (Liu et al. 2019, arXiv:1806.09055) and its relatives; reports METRICS and `cell`.

    `cell` is the derived cells' config as JSON. With a remedy against collapse it is that of the
    healthiest epoch so far. Raises `DivergedError` when the loss is no number.

    Several ranks share out each batch and have the same alphas, bit for bit, which each epoch
    checks: RanksDifferError if not. Batch normalisation takes a rank's own part for the batch while
    training, so ranks and larger batches go together; evaluation shares out whole batches.
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

    history: list[EpochStatistics]  # by epoch
    cells: list[Config]  # derived, by epoch
    mixings: list[dict[str, Tensor]]  # expected ones, (E, O) on the CPU, by epoch

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        epochs: int,
        operations: str = "darts",
        remedy: str = "stop",
        eigenvalue_every: int = 1,
        select: str = "magnitude",
        **keywords: Unpack[SupernetKeywords],
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
        self.select, self.remedy, self.eigenvalue_every = select, remedy, eigenvalue_every
        self._take(space, epochs, operations, keywords)
        self._begin(config)

    def step(self) -> dict[str, Any]:
        started = time.perf_counter()
        with self.randomness(by_rank=True):
            train_loss = self._train_epoch()
            trained = time.perf_counter() - started
            self.epoch += 1
            result = {"train_loss": train_loss, **self._measure()}
        finding = self._treat()
        stop = finding is not None and self.remedy == "stop"
        kept = self.cells[finding.healthiest - 1] if finding and stop else self.cells[-1]
        done = stop or self.epoch >= self.epochs
        if done and self.select == "perturbation":
            with self.randomness(by_rank=True):
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
            "history": [asdict(vitals) for vitals in self.history],
            "cells": list(self.cells),
            "mixings": list(self.mixings),
            "decay_factor": self.decay_factor,
            "treated": self.treated,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.history = [EpochStatistics(**vitals) for vitals in state["history"]]
        self.cells = list(state["cells"])
        self.mixings = list(state["mixings"])
        self.treated = state["treated"]
        self._raise_decay(state["decay_factor"])

    def _begin(self, config: Config) -> None:
        super()._begin(config)
        check_learned(self.config_used["relaxation"])
        self.treated, self.decay_factor = 0, 1.0
        self.history, self.cells, self.mixings = [], [], []

    def _measure(self) -> dict[str, Any]:
        """Of the supernet as it is now, and of the cells that it stands for."""
        cells = self.architecture.derived()
        mixing = self.architecture.expected()
        self.mixings.append({cell: w.detach().cpu().clone() for cell, w in mixing[0].items()})
        loss, accuracy = self._evaluate(mixing)
        if not math.isfinite(loss):  # the epoch's last step may be the one too far
            raise DivergedError(f"The supernet diverged in epoch {self.epoch}: val_loss is {loss}.")
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
        empty, chosen = empty_operations(cells, mixing[0], self.operations.names)
        self.history.append(EpochStatistics(self.epoch, empty, chosen, eigenvalue))
        self.cells.append(cells)
        return found

    def _evaluate(self, mixing: Mixing, sparse: bool = False) -> tuple[float, float]:
        """Loss in nats and accuracy on validation."""
        held = itertools.islice(self._held_batches(), self.world.rank, None, self.world.size)
        return evaluate(lambda x: self.network(x, *mixing, sparse=sparse), held, self.world)

    def _held_batches(self, size: int = EVALUATION_BATCH) -> Iterator[tuple[Tensor, Tensor]]:
        return equal_batches(self._held, self.dataset, size)

    def _perturbed(self) -> Config:
        """The cells by Wang et al. 2021; the weights are trained a little on the way."""
        mixing, edges = self.architecture.expected()
        if edges is not None:
            mixing = {cell: mixing[cell] * edges[cell][:, None] for cell in mixing}

        def tune(left: dict[str, Tensor]) -> None:
            for batch in itertools.islice(self._batches(self._halves[0]), TUNED_BATCHES):
                clip = self.config_used["gradient_clip"]
                weight_step(
                    self.network, (left, None), self.optimizer, self._criterion, batch,
                    sparse=True, gradient_clip=clip, world=self.world,
                )  # fmt: skip

        return select_by_perturbation(
            mixing,
            self.operations.names,
            accuracy=lambda left: self._evaluate((left, None), sparse=True)[1],
            tune=tune,
            generator=self.generator,
        )

    def _eigenvalue(self) -> float:
        """On one small batch of validation, the same each epoch, float32: a fifth of an epoch."""
        images, labels = next(self._held_batches(EIGENVALUE_IMAGES))

        def loss() -> Tensor:
            return F.cross_entropy(self.network(images, *self.architecture.expected()), labels)

        alphas = list(self.architecture.alpha.values())
        found = dominant_eigenvalue(
            loss, alphas, generator=self.generator, iterations=EIGENVALUE_PRODUCTS, tolerance=0.01
        )
        return self.world.first(found)  # all measure the same, but GPUs sum in any order

    def finding(self) -> CollapseSign | None:
        """What the doctor finds in the newest epoch."""
        return examine(
            self.history,
            since=max(round(self.config_used["warm_up"] * self.epochs), self.treated),
            window=window_of(self.epochs // max(self.eigenvalue_every, 1)),
            settled=round(SETTLED * self.epochs),
        )

    def _treat(self) -> CollapseSign | None:
        """What the doctor finds; weight decay is raised here if that is the remedy."""
        finding = self.finding()
        if finding and self.remedy == "regularise":
            self.treated = self.epoch  # the next look is at what comes of it
            self._raise_decay(min(self.decay_factor * STRONGER, STRONGEST))
        return finding

    def _raise_decay(self, factor: float) -> None:
        self.decay_factor = factor
        for group in self.optimizer.param_groups:
            group["weight_decay"] = self.config_used["weight_decay"] * factor
