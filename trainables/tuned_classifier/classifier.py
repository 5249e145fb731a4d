"""Trains the network of a config, and tunes some of its hyperparameters by their gradients."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Required, Unpack

import torch

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.proxies import Limit
from automl_on_ray.trainables._augmentation import Augmentation, batch_sizes, batches
from automl_on_ray.trainables._optimisation import progress_of
from automl_on_ray.trainables.datasets import DataKeywords, Images, stratified
from automl_on_ray.trainables.hypergradients import Course, HypergradientSettings, Tunable
from automl_on_ray.trainables.image_classifier import ImageClassifier, member_of
from automl_on_ray.trainables.tuned_classifier.problem import (
    Batch,
    Classification,
    WeighedClassification,
    find_statistics,
)
from automl_on_ray.trainables.tuned_classifier.values import TUNABLES, starts_of, transforms_of

OUTER_SHARE = 0.1  # of the training images: those that hypergradients are taken on
OUTER_BATCH = 500  # images at most
WEIGHED_BATCH = 2000  # images whose weights an implicit hypergradient moves at once
STATISTICS_BATCHES = 20


class ClassifierKeywords(DataKeywords, total=False):
    """Keywords of `ImageClassifier.setup`."""

    space: Required[SearchSpace]
    epochs: Required[int]
    final: bool
    limits: Sequence[Limit]
    latency: bool


class HypergradientClassifier(ImageClassifier):
    """An `ImageClassifier` whose trials tune some of a config's values in the course of training.

    The config says where they start. They follow the gradient of the loss of a tenth of the
    *training* images, which are held out by seed and never trained on: validation, by which trials
    are judged, stays unseen. The final training does so with train and validation together.

    Weights are trained in float32, by the update rules of `hypergradients`. The running statistics
    of batch normalisation are found anew at the end of each epoch, from STATISTICS_BATCHES batches
    of training. A window is no longer than an epoch, and the first implicit hypergradient comes in
    the first quarter of the training. A key that does not apply to a config, such as the momentum
    of Adam, is not tuned there. Augmentation is not tuned: cutout and the border have no gradient.
    """

    _outer: Images  # held out of the training images, on the device

    @classmethod
    def tunes(cls) -> Mapping[str, Tunable]:
        """What trials can tune."""
        return TUNABLES

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        hypergradients: HypergradientSettings,
        **keywords: Unpack[ClassifierKeywords],
    ) -> None:
        """As the plain classifier's. Raises UserError for a trial of several processes, too."""
        if self.world.size > 1:
            raise UserError(
                f"Hypergradients are for trials of one process, and this one has {self.world.size}."
            )
        self.settings = hypergradients
        super().setup(config, **keywords)

    def step(self) -> dict[str, Any]:
        report = super().step()
        return {**report, **self._course.metrics()} if "train_loss" in report else report

    def state(self) -> dict[str, Any]:
        return {**super().state(), "course": self._course.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from it, as `Course.load_state` does from another trial's."""
        super().load_state(state)
        self._course.load_state(state["course"])

    def _begin(self, config: Config) -> None:
        super()._begin(config)
        member, _ = member_of(self.space, config)
        tuned = [
            one
            for one in self.settings.tuned
            if one.key in member or one.key not in self.space.conditions
        ]
        weights = {name: one.detach().clone() for name, one in self.network.named_parameters()}
        in_loss = {"label_smoothing", "auxiliary_weight"} & {one.key for one in tuned}
        problem = Classification if in_loss else WeighedClassification
        self._problem = problem(self.network, self.config_used)
        self._weighs = any(one.per == "example" for one in tuned)
        steps = len(self._sizes())
        self._unroll = min(self.settings.unroll, steps)
        warm_up = min(self.settings.warm_up, steps * self.epochs // 4)
        self._course = Course(
            self._problem,
            replace(self.settings, tuned=tuple(tuned), unroll=self._unroll, warm_up=warm_up),
            weights,
            starts_of(
                tuned, self.config_used, weights,
                classes=len(self.dataset.classes), examples=len(self._train),
            ),
            self._problem.begin,
            transforms=transforms_of(self.space),
        )  # fmt: skip

    def _place_data(self) -> None:
        """With a part of what would be trained on held out, for hypergradients."""
        if hasattr(self, "_outer") and self._outer.images.device.type == self.device.type:
            return
        super()._place_data()
        whole = self._train
        count = max(1, round(len(whole) * OUTER_SHARE))
        parts = stratified(whole.labels.cpu().numpy(), count, seed=self.seed)
        own, outer = (torch.from_numpy(part).to(self.device) for part in parts)
        self._train = Images(whole.images[own], whole.labels[own])
        self._outer = Images(whole.images[outer], whole.labels[outer])

    def _sizes(self) -> list[int]:
        config = self.config_used
        return batch_sizes(len(self._train), config["batch_size"], last=config["last_batch"])

    def _train_epoch(self) -> float:
        """The mean loss. Raises DivergedError if the guard cannot mend what goes wrong."""
        sizes = self._sizes()
        self.images_per_epoch = sum(sizes)
        equal = math.ceil(len(self._outer) / math.ceil(len(self._outer) / OUTER_BATCH))
        outer = self._drawn(self._outer, equal)
        per_window = list(islice(outer, max(1, len(sizes) // self._unroll)))
        weighed = next(self._drawn(self._train, WEIGHED_BATCH)) if self._weighs else None
        loss = self._course.train(self._training_batches(), per_window, weighed)
        with torch.no_grad():
            for name, weight in self.network.named_parameters():
                weight.copy_(self._course.weights[name])
        find_statistics(
            self.network,
            lambda: (b.images for b in islice(self._training_batches(), STATISTICS_BATCHES)),
        )
        return loss

    def _training_batches(self) -> Iterator[Batch]:
        """Of an epoch; what is left over for a batch is left out as in the plain classifier."""
        config, sizes = self.config_used, self._sizes()
        side = min(self.dataset.image_shape[1:])
        augmentation = Augmentation.chosen(config, side=side)
        drawn = self._drawn(self._train, config["batch_size"], augmentation)
        for index, (_, batch) in enumerate(zip(sizes, drawn, strict=False)):
            progress = progress_of(config, self.epoch, index / len(sizes), self.epochs)
            yield replace(batch, progress=progress)

    def _drawn(
        self, split: Images, batch_size: int, augmentation: Augmentation | None = None
    ) -> Iterator[Batch]:
        """All of a split, in an order drawn from the trial's generator."""
        places = torch.arange(len(split), device=self.device)
        drawn = batches(
            Images(split.images, places), batch_size=batch_size, generator=self.generator,
            mean=self.dataset.mean, std=self.dataset.std, augmentation=augmentation,
        )  # fmt: skip
        for images, index in drawn:
            seed = torch.randint(
                2**31, (1,), generator=self.generator, device=self.generator.device
            )
            yield Batch(images, split.labels[index], index, seed=int(seed))
