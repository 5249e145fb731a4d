"""Bounded hyperparameters as functions of raw values that an outer optimiser may move freely."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Transform(Protocol):
    """Raw values of any shape to hyperparameters of the same shape, and back."""

    def value(self, raw: Tensor) -> Tensor: ...

    def raw(self, value: Tensor) -> Tensor:
        """What `value` makes this of; the nearest, for what is out of bounds."""

    def clamped(self, raw: Tensor) -> Tensor:
        """`raw`, moved to where values are within the bounds and gradients do not vanish."""


@dataclass(frozen=True)
class Log:
    """exp(raw), of positive values from `low` to `high`: a step of `raw` is a factor."""

    low: float
    high: float

    def value(self, raw: Tensor) -> Tensor:
        return raw.exp()

    def raw(self, value: Tensor) -> Tensor:
        return value.clamp(self.low, self.high).log()

    def clamped(self, raw: Tensor) -> Tensor:
        return raw.clamp(math.log(self.low), math.log(self.high))


@dataclass(frozen=True)
class Logit:
    """low + (high - low) * sigmoid(raw), of values between two bounds, both out of reach."""

    low: float = 0.0
    high: float = 1.0
    steepest: float = 7.0  # |raw| beyond which a value is as good as its bound

    def value(self, raw: Tensor) -> Tensor:
        return self.low + (self.high - self.low) * raw.sigmoid()

    def raw(self, value: Tensor) -> Tensor:
        share = (value - self.low) / (self.high - self.low)
        return self.clamped(torch.logit(share, eps=torch.finfo(value.dtype).eps))

    def clamped(self, raw: Tensor) -> Tensor:
        return raw.clamp(-self.steepest, self.steepest)
