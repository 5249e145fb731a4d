"""Base of users' own trainables whose hyperparameters are tuned by their gradients."""

import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import fields
from itertools import repeat
from statistics import fmean
from typing import Any, ClassVar

import torch
from torch import Tensor

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError, check_choice
from automl_on_ray.trainables._torch_trainable import DivergedError, TorchTrainable
from automl_on_ray.trainables.hypergradients.course import Course
from automl_on_ray.trainables.hypergradients.problem import Tensors, WithConstants
from automl_on_ray.trainables.hypergradients.transforms import Transform
from automl_on_ray.trainables.hypergradients.tuned import (
    PER,
    TRANSFORMS,
    HypergradientSettings,
    Tunable,
    Tuned,
    parse_tuned,
    spread,
)
from automl_on_ray.trainables.hypergradients.updates import RULES, decay_penalty

OF_SETTINGS = tuple(one.name for one in fields(HypergradientSettings) if one.name != "tuned")
ALL = "all"  # the batch of those who have but one
# What a config that leaves a key out means.
DEFAULTS: Config = {
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "beta1": 0.9,
    "beta2": 0.999,
    "weight_decay": 0.0,
}


class HypergradientTrainable(TorchTrainable):
    """A subclass gives `begin`, `train_loss` and `val_loss`; all else may stay as it is.

    Its own hyperparameters are the keys of TRANSFORMS, with their bounds. `train_loss` is given all
    of them, and those of the update, as tensors: the tuned ones as they are now, the others as in
    the config. A key's start value is the config's, or what STARTS has for it: a number, or a
    tensor of any shape. Keys that have no gradient, such as a width, are in `self.config`.

    TUNED says which are tuned, in the words of `parse_tuned`, and SETTINGS has other fields of
    `HypergradientSettings`. If a study has settings for hypergradients, they take the place of
    both. With `KEY:weight` the values are in `hyper[f"{KEY}/{name}"]`,
    like the weight of that name, and with `KEY:layer` in `hyper[f"{KEY}/{layer}"]`; `nearest` finds
    them.

    Each step trains one epoch, and reports `train_loss`, `val_loss`, what `metrics` gives, and the
    hyperparameters with `hyper/` before their names. The val_loss is what they were tuned on. With
    hundreds of them it is too good to be true, so let `metrics` judge by data of its own.
    """

    TUNED: ClassVar[str] = "learning_rate"
    SETTINGS: ClassVar[Mapping[str, Any]] = {}
    TRANSFORMS: ClassVar[Mapping[str, Transform]] = {}
    STARTS: ClassVar[Mapping[str, float | Tensor]] = {}
    STEPS: ClassVar[int] = 50  # of an epoch, unless `batches` says otherwise

    course: Course

    @abstractmethod
    def begin(self, config: Config) -> Tensors:
        """The initial weights by name, of one floating type. Random ones follow from the seed."""

    @abstractmethod
    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Any) -> Tensor:
        """A scalar, to descend. Weight decay is not in it: the update adds that."""

    @abstractmethod
    def val_loss(self, weights: Tensors, batch: Any) -> Tensor:
        """A scalar, on data that `train_loss` never sees: what the hyperparameters descend."""

    def batches(self) -> Iterable[Any]:
        """Those of an epoch, one for each step: by default ALL, STEPS times. None is no batch."""
        return repeat(ALL, self.STEPS)

    def val_batches(self) -> Iterable[Any]:
        """Those of validation: by default ALL, once."""
        return [ALL]

    def implicit_batch(self) -> Any:
        """A batch that stands for all training data, or None for the last one that was trained on.

        Implicit hypergradients are the better the more of the data they see.
        """
        return None

    def metrics(self, weights: Tensors) -> dict[str, Any]:
        """More to report after an epoch; called without gradients."""
        return {}

    def begin_state(self, weights: Tensors) -> Tensors:
        """The optimiser's state; replace it together with `update`."""
        return RULES[self._used["optimizer"]][0](weights)

    def update(
        self, weights: Tensors, state: Tensors, gradient: Tensors, hyper: Tensors
    ) -> tuple[Tensors, Tensors]:
        """One step of SGD, Adam or AdamW: `config["optimizer"]`. Nothing may be done in place."""
        return RULES[self._used["optimizer"]][1](weights, state, gradient, hyper)

    def penalty(self, weights: Tensors, hyper: Tensors) -> Tensor:
        """What `update` descends beside the training loss: half of weight decay times w^2."""
        return decay_penalty(weights, hyper)

    @classmethod
    def tunes(cls) -> Mapping[str, Tunable]:
        """What trials can tune, by key: what TRANSFORMS has bounds for, and of the update."""
        known = {**DEFAULTS, **cls.STARTS}
        keys = {*(DEFAULTS.keys() & TRANSFORMS), *cls.TRANSFORMS}
        starts = {key: known.get(key) for key in sorted(keys)}
        return {
            key: Tunable(PER, None if isinstance(one, Tensor) else one, not isinstance(one, Tensor))
            for key, one in starts.items()
        }

    @classmethod
    def usual(cls) -> HypergradientSettings:
        """By TUNED and SETTINGS. UserError for what cannot be tuned, or set."""
        for key in cls.SETTINGS:
            check_choice("key of SETTINGS", key, OF_SETTINGS)
        known = {key: one.per for key, one in cls.tunes().items()}
        return HypergradientSettings(parse_tuned(cls.TUNED, known), **cls.SETTINGS)

    def setup(
        self,
        config: Config,
        *,
        epochs: int = 100,
        seed: int = 0,
        hypergradients: HypergradientSettings | None = None,
    ) -> None:
        """UserError for a key to tune that is none, or that has no start value.

        `config["seed"]`, if there is one, starts the random streams instead of `seed`.
        """
        self.epochs, self.seed = epochs, seed
        self.settings = hypergradients or self.usual()
        self._begin(config)

    def reset_config(self, new_config: Config) -> bool:
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        with self.randomness():
            loss = self.course.train(self.batches(), self.val_batches(), self.implicit_batch())
            self.epoch += 1
            weights = self.course.weights
            with torch.no_grad():
                held = fmean(float(self.val_loss(weights, batch)) for batch in self.val_batches())
                own = self.metrics(weights)
        if not math.isfinite(held):  # the epoch's last step may be the one too far
            raise DivergedError(f"Training diverged in epoch {self.epoch}: val_loss is {held}.")
        return {
            "train_loss": loss,
            "val_loss": held,
            **own,
            **self.course.metrics(),
            "done": self.epoch >= self.epochs,
        }

    def state(self) -> dict[str, Any]:
        return {**super().state(), "epoch": self.epoch, "course": self.course.state()}

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.epoch = state["epoch"]
        self.course.load_state(state["course"])

    def _begin(self, config: Config) -> None:
        self._used = {**DEFAULTS, **self.STARTS, **config}
        check_choice("optimizer", self._used["optimizer"], RULES)
        self.prepare(self._used.get("seed", self.seed))
        self.epoch = 0
        with self.randomness():
            weights = {name: one.to(self.device) for name, one in self.begin(config).items()}
            tuned = self.settings.tuned
            fixed = [Tuned(key) for key in self.tunes() if key not in {one.key for one in tuned}]
            starts, constants = (
                {
                    name: value
                    for one in several
                    for name, value in spread(one, self._start(one.key), weights).items()
                }
                for several in (tuned, fixed)
            )
            self.course = Course(
                WithConstants(self, constants), self.settings, weights, starts, self.begin_state,
                transforms={**TRANSFORMS, **self.TRANSFORMS},
            )  # fmt: skip

    def _start(self, key: str) -> float | Tensor:
        if key not in self._used:
            raise UserError(
                f"{type(self).__name__} has no value of {key!r} to start from: put it into the "
                "space, or into STARTS."
            )
        start: float | Tensor = self._used[key]
        return start
