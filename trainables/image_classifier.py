"""Trains the network that a config stands for to classify images; one step is one epoch."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, Unpack, runtime_checkable

import numpy as np
import torch
from ray import tune
from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import INFEASIBLE, check_keywords
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.search_spaces.proxies import Limit, count_flops, count_parameters
from automl_on_ray.trainables._augmentation import Augmentation, batch_sizes, batches
from automl_on_ray.trainables._evaluation import evaluate
from automl_on_ray.trainables._networks import build_network, load_network, member_of
from automl_on_ray.trainables._optimisation import (
    check_clip,
    make_optimizer,
    progress_of,
    restore_optimizer,
    set_learning_rate,
)
from automl_on_ray.trainables._torch_trainable import DivergedError, TorchTrainable
from automl_on_ray.trainables.datasets import DataKeywords, Dataset, Images, load_asked
from automl_on_ray.trainables.registered_models import final_image_model, latency_seconds

# What a config that leaves a key out means.
DEFAULTS: Config = {
    "optimizer": "adamw",
    "learning_rate": 3e-3,
    "weight_decay": 1e-3,
    "momentum": 0.9,
    "nesterov": True,
    "beta1": 0.9,
    "beta2": 0.999,
    "batch_size": 128,
    "schedule": "one_cycle",
    "label_smoothing": 0.0,
    "augmentation": 0.5,
    "flip": False,
    "crop": 0,
    "cutout": None,
    # As published for DARTS: True, "black", "epoch", True, True and 5.0.
    "even_cutout": False,
    "crop_border": "mirror",
    "schedule_by": "batch",
    "last_batch": False,
    "decay_vectors": False,
    "gradient_clip": 0.0,
}
EVALUATION_BATCH = 1000


@runtime_checkable
class GrowsHarder(Protocol):
    """A network that is told how much of its training is done, 0 to 1: drop path grows with it."""

    def set_progress(self, share: float) -> None: ...


class ImageClassifier(TorchTrainable):
    """Each step trains one epoch and reports METRICS; those on the test set only when `final`.

    A trial that diverges raises `DivergedError` at the end of that epoch rather than report a NaN,
    which schedulers would compare and population-based training might copy.

    Several ranks share out each batch. Without batch normalisation that is the training of one
    process but for rounding; batch normalisation takes each rank's own part for the batch, and its
    running statistics are averaged after each epoch.

    A network that is beyond a limit to its COSTS is not trained: the only step reports its costs
    and that it is infeasible.
    """

    # Which direction is better.
    METRICS: ClassVar[dict[str, str]] = {
        "val_accuracy": "max",  # share, 0 to 1
        "val_loss": "min",  # mean cross-entropy without smoothing, nats
        "train_loss": "min",  # mean of the loss trained on, with smoothing, nats
        "parameters": "min",
        "flops": "min",  # of one image forward; a multiplication and an addition are two
        "latency": "min",  # ms of one image forward on this device; measured if it is asked for
        "epoch_seconds": "min",  # training and evaluation
        "images_per_second": "max",  # while training
    }

    TEST_METRICS: ClassVar[tuple[str, ...]] = ("test_accuracy", "test_loss")  # when `final`
    COSTS: ClassVar[tuple[str, ...]] = ("parameters", "flops", "latency")  # before any training

    _train: Images  # what is trained on, on the device
    _held: Images  # what is judged on: validation, or test when final

    @classmethod
    def read_data(cls, keywords: Mapping[str, Any]) -> Dataset:
        """The images that trials with these `keywords` take.

        UserError if they cannot be had, or the space builds no network for images of their shape.
        """
        data, space = load_asked(keywords), keywords["space"]
        member = space.sample(np.random.default_rng(0))
        build_network(space, member, data.image_shape, len(data.classes))
        return data

    @classmethod
    def final_model(
        cls, checkpoint: Path, config: Config, *, data: Dataset, trial_kwargs: Mapping[str, Any]
    ) -> FinalModel:
        """The network of a final trial, for pictures in any usual form."""
        space = trial_kwargs["space"]
        network = load_network(
            checkpoint, config, space=space, image_shape=data.image_shape,
            classes=len(data.classes),
        )  # fmt: skip
        return final_image_model(network, config, space, data)

    @classmethod
    def with_hypergradients(cls) -> type[tune.Trainable]:
        """The trainable that does the same, and can tune by gradients if there is such a one."""
        from automl_on_ray.trainables.tuned_classifier import HypergradientClassifier

        return HypergradientClassifier if cls is ImageClassifier else cls

    def setup(  # type: ignore[override]
        self,
        config: Config,
        *,
        space: SearchSpace,
        epochs: int,
        final: bool = False,
        limits: Sequence[Limit] = (),
        latency: bool = False,
        **data: Unpack[DataKeywords],
    ) -> None:
        """Load the data and build the network.

        `seed` splits the data and starts the random streams; `config["seed"]`, if there is one, the
        latter alone. With `final`, train and validation are trained on and the test set is looked
        at once, in the last of `epochs`; `limits` hold no longer. With `latency` that is measured,
        which takes half a second. Raises UserError if the config is not a member of `space`,
        or the data cannot be had, or the network cannot take its images.
        """
        check_keywords(data, DataKeywords)
        self.space, self.epochs, self.final = space, epochs, final
        self.limits, self.latency = limits, latency
        self.seed = data.get("seed", 0)
        self.dataset = load_asked(data)
        self._begin(config)

    def reset_config(self, new_config: Config) -> bool:
        """Start again with another config; the data stays."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        if not self.final and not all(limit.holds(self.costs) for limit in self.limits):
            return {**self.costs, INFEASIBLE: True, "done": True}
        started = time.perf_counter()
        with self.randomness(by_rank=True):
            loss = self._train_epoch()
        trained = time.perf_counter() - started
        self.epoch += 1
        done = self.epoch >= self.epochs
        result = {
            "train_loss": loss,
            **self._evaluate(done),
            **self.costs,
            "epoch_seconds": time.perf_counter() - started,
            "images_per_second": self.images_per_epoch / trained,
        }
        return {**result, "done": done}

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            "epoch": self.epoch,
            "network": self.network.state_dict(),
            "optimizer_name": self.config_used["optimizer"],
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.epoch = state["epoch"]
        self.network.load_state_dict(state["network"])
        if state["optimizer_name"] == self.config_used["optimizer"]:
            restore_optimizer(self.optimizer, state["optimizer"])

    def _begin(self, config: Config) -> None:
        member, own_seed = member_of(self.space, config)
        self.config_used = {**DEFAULTS, **member}
        check_clip(self.config_used["gradient_clip"])
        self.prepare(self.seed if own_seed is None else own_seed)
        self._place_data()
        self.world.check_batch(min(self.config_used["batch_size"], len(self._train)))
        with self.randomness():
            network = build_network(
                self.space, member, self.dataset.image_shape, len(self.dataset.classes)
            )
        self.costs: dict[str, float] = {
            "parameters": count_parameters(network),
            "flops": count_flops(network, self.dataset.image_shape),
        }
        network.to(self.device)
        self.network = network.to(memory_format=torch.channels_last)  # a quarter faster on CPUs
        if self.latency:
            seconds = latency_seconds(self.network, self.dataset.image_shape)
            self.costs["latency"] = 1000 * self.world.first(seconds)
        self.optimizer = make_optimizer(self.config_used, self.network)
        self.epoch = 0

    def _place_data(self) -> None:
        """Onto the device, once in the life of this actor."""
        if hasattr(self, "_train") and self._train.images.device.type == self.device.type:
            return
        train = self.dataset.joined() if self.final else self.dataset.train
        held = self.dataset.test if self.final else self.dataset.validation
        self._train, self._held = train.to(self.device), held.to(self.device)

    def _train_epoch(self) -> float:
        """The mean loss. Raises DivergedError if it is not finite."""
        config = self.config_used
        sizes = batch_sizes(
            len(self._train), config["batch_size"], last=config["last_batch"],
            ranks=self.world.size,
        )  # fmt: skip
        count, self.images_per_epoch = len(sizes), sum(sizes)
        total = torch.zeros((), device=self.device)
        self.network.train()
        whole = self._batches(drop_last=self.images_per_epoch < len(self._train))
        for index, (size, (images, labels)) in enumerate(zip(sizes, whole, strict=True)):
            progress = progress_of(config, self.epoch, index / count, self.epochs)
            set_learning_rate(self.optimizer, config, progress)
            if isinstance(self.network, GrowsHarder):
                self.network.set_progress(progress)
            with self.precision():
                loss = self.world.share(self._loss(self.network(images), labels), size)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.world.average_gradients(self.network.parameters())
            if config["gradient_clip"]:
                nn.utils.clip_grad_norm_(
                    self.network.parameters(), config["gradient_clip"], foreach=True
                )
            self.optimizer.step()
            total += loss.detach()
        self.world.average_statistics(self.network)
        mean = self.world.average([total])[0].item() / count
        if not math.isfinite(mean):
            raise DivergedError(
                f"Training diverged in epoch {self.epoch + 1}: the loss is {mean}, with "
                f"optimizer={config['optimizer']}, learning_rate={config['learning_rate']:.3g}."
            )
        return mean

    def _loss(self, output: Tensor | tuple[Tensor, Tensor], labels: Tensor) -> Tensor:
        """Of the logits and, where a network has an auxiliary head, of that one's too."""
        smoothing = self.config_used["label_smoothing"]
        if isinstance(output, Tensor):
            return F.cross_entropy(output, labels, label_smoothing=smoothing)
        main, auxiliary = (F.cross_entropy(o, labels, label_smoothing=smoothing) for o in output)
        return main + self.config_used["auxiliary_weight"] * auxiliary

    def _batches(self, *, drop_last: bool) -> Iterator[tuple[Tensor, Tensor]]:
        side = min(self.dataset.image_shape[1:])
        return batches(
            self._train,
            batch_size=self.config_used["batch_size"],
            generator=self.generator,
            mean=self.dataset.mean,
            std=self.dataset.std,
            augmentation=Augmentation.chosen(self.config_used, side=side),
            drop_last=drop_last,
            part=self.world.part,
        )

    def _evaluate(self, last: bool) -> dict[str, float]:
        """Loss and accuracy on the held-out images: of validation, or at the very end of test."""
        if self.final and not last:
            return {}
        part = "test" if self.final else "val"
        self.network.eval()
        held = batches(
            self._held, batch_size=EVALUATION_BATCH, generator=None, mean=self.dataset.mean,
            std=self.dataset.std, part=self.world.part,
        )  # fmt: skip
        loss, right = evaluate(self.network, held, self.world)
        if not math.isfinite(loss):  # the epoch's last step may be the one too far
            raise DivergedError(f"Training diverged in epoch {self.epoch}: {part}_loss is {loss}.")
        return {f"{part}_loss": loss, f"{part}_accuracy": right}
