"""Notices a training that has broken, and where it can go on from.

After a learning rate that was far too large the loss is often finite, at what chance gives, and so
are all gradients: the units are dead, and no hypergradient brings them back. So the guard compares
with the initial weights, on the very batches that a window was trained on. What batches have in
common then cancels, however small they are, and so does what the hyperparameters do to the loss.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from automl_on_ray.trainables._torch_trainable import DivergedError
from automl_on_ray.trainables.hypergradients.course.outer import norm
from automl_on_ray.trainables.hypergradients.problem import Tensors, leaves

SOME = 0.1  # of the initial loss: progress that is no chance, and that one can lose
NONE = 0.02  # less progress than this is none
MUCH = 0.2  # that is lost again
SHRUNK = 0.5  # of the norm of the initial weights
PATIENCE = 2  # windows in a row without progress
EARLY, LEAP, KEPT_PROMISE = 5, 3, 0.03  # windows; times the loss; of what was promised
KEPT = ("restarts", "in_a_row", "_idle", "_windows", "_untrained", "_usual", "_slope")

Loss = Callable[[Tensors, Any], Tensor]  # of weights, for a batch and the values as they are


@dataclass(frozen=True)
class Point:
    """Where training was: all that a window begins with."""

    weights: Tensors
    state: Tensors
    tangents: Tensors
    raw: Tensors

    def tensors(self) -> dict[str, Tensors]:
        return dict(vars(self))


@dataclass(frozen=True)
class Window:
    """What steps were trained on, and what came of them."""

    begin: Point
    end: Point
    batches: Sequence[Any]
    losses: Sequence[float]  # of each batch, before its step
    gradient: Tensors  # the hypergradient of the estimator that goes along, if there is one


@dataclass(frozen=True)
class Trouble:
    """What is wrong, in words, where to go on from, and the key whose values were too large."""

    what: str
    back: Point
    too_large: str = "learning_rate"


class Guard:
    """Judges each window, and remembers where training can go back to.

    Untrained is the loss of the initial weights, or that of zeros where it is larger: the initial
    weights may have been trained before. Trouble is what is not finite, or a training that

    - is dead: for two windows not better than untrained by 2 %;
    - or has lost, within two windows, more than half of what it had gained, and a fifth of the
      untrained loss.

    A learning rate that is much too small makes no progress either. So one is dead only if the
    weights have moved so far that their slope at the beginning promised all of the loss, or have
    shrunk to half. In the first five windows one is dead at once that has moved three times as far,
    and kept less than 3 % of the promise: what units survive such a leap learn a little, not much.

    One goes back to the beginning of the last good window, or to the initial weights if that is
    hardly better. Judging takes four passes over the window's batches without gradients, and only
    while the loss is near the untrained one, or rises.
    """

    def __init__(self, initial: Point, restarts: int) -> None:
        self._initial = self._good = replace(initial, tangents={})
        self._most, self.in_a_row, self._idle, self._windows = restarts, 0, 0, 0
        self._untrained: float | None = None  # the loss, as last found
        self._usual: float | None = None  # the mean loss of the last good window
        self._slope: float | None = None  # the norm of the gradient at the initial weights
        self.restarts = 0

    def trouble(self, window: Window, loss: Loss) -> Trouble | None:
        """None if nothing is wrong with it."""
        self._windows += 1
        mean, broken = fmean(window.losses), not_finite(window)
        if not broken and not self._is_suspect(mean):
            self._fine(window, mean)
            return None
        places = (self._initial, self._good, window.end)
        initial, good, end = (_mean(loss, one.weights, window.batches) for one in places)
        zeros = self._at_zeros(loss, window.batches)
        untrained = max(initial, zeros) if math.isfinite(zeros) else initial
        size, gained = abs(untrained), untrained - good
        better = good < initial - SOME * abs(initial) or not math.isfinite(initial)
        back = self._good if better else self._initial
        if broken:
            return Trouble(broken, back)
        self._untrained = untrained
        shrunk = norm(window.end.weights) < SHRUNK * norm(self._initial.weights)
        promised, gain = self._promised(window, loss), untrained - mean
        far = shrunk or untrained - initial > SOME * size or promised > size
        leapt = self._windows <= EARLY and promised > LEAP * size
        broke_promise = leapt and gain < KEPT_PROMISE * promised
        self._idle = self._idle + 1 if far and gain < NONE * size else 0
        if broke_promise or self._idle >= PATIENCE:
            what = f"the loss is {mean:.3g}, and {untrained:.3g} untrained"
            return Trouble(what, back, "weight_decay" if shrunk else "learning_rate")
        risen = max(mean, end)
        if gained > SOME * size and risen - good > max(MUCH * size, gained / 2):
            return Trouble(f"the loss has risen from {good:.3g} to {risen:.3g}", back)
        if not self._idle:
            self._fine(window, mean)
        return None

    def restart(self, trouble: Trouble, values: str) -> Point:
        """Where to go on from, counted; tangents are to begin anew.

        DivergedError, with the trouble and the values in words, after too many in a row.
        """
        if self.in_a_row >= self._most:
            after = f" after {self.in_a_row} restarts in a row" if self.in_a_row else ""
            raise DivergedError(f"Training diverged{after}: {trouble.what}, with {values}.")
        self.in_a_row += 1
        self.restarts += 1
        self._idle, self._usual, self._good = 0, None, trouble.back
        if trouble.back is self._initial:
            self._windows = 0
        return trouble.back

    def state(self) -> dict[str, Any]:
        """Tensors, numbers and dicts of them."""
        points = {"initial": self._initial.tensors(), "good": self._good.tensors()}
        return {**points, **{name: getattr(self, name) for name in KEPT}}

    def load_state(self, state: dict[str, Any]) -> None:
        self._initial, self._good = Point(**state["initial"]), Point(**state["good"])
        for name in KEPT:
            setattr(self, name, state[name])

    def move(self, by: Tensors) -> None:
        """Raw values of these names, wherever one may go back to."""
        self._initial, self._good = (
            replace(one, raw={**one.raw, **{name: one.raw[name] + d for name, d in by.items()}})
            for one in (self._initial, self._good)
        )

    def _at_zeros(self, loss: Loss, batches: Sequence[Any]) -> float:
        """NaN for a loss that cannot be had there, as of a matrix without an inverse."""
        zeros = {name: torch.zeros_like(one) for name, one in self._initial.weights.items()}
        try:
            return _mean(loss, zeros, batches)
        except (RuntimeError, ArithmeticError):
            return math.nan

    def _is_suspect(self, mean: float) -> bool:
        """Whether it must be compared with the initial weights: a guess that costs nothing."""
        if self._untrained is None:
            return True
        some = LEAP * SOME if self._windows <= EARLY else SOME
        near = self._untrained - some * abs(self._untrained)
        if self._usual is None:
            return mean > near
        return mean > min(near, self._usual + (self._untrained - self._usual) / 4)

    def _fine(self, window: Window, mean: float) -> None:
        self._good, self._usual, self._idle = replace(window.begin, tangents={}), mean, 0
        if self._untrained is not None and self._untrained - mean > SOME * abs(self._untrained):
            self.in_a_row = 0

    def _promised(self, window: Window, loss: Loss) -> float:
        """The most by which the slope at the initial weights lets a move so far lower the loss."""
        initial = self._initial.weights
        if self._slope is None:
            weights = leaves(initial)
            total = {name: torch.zeros_like(one) for name, one in initial.items()}
            for batch in window.batches:
                found = torch.autograd.grad(
                    loss(weights, batch), list(weights.values()), materialize_grads=True
                )
                total = {n: total[n] + one for n, one in zip(weights, found, strict=True)}
            self._slope = norm(total) / len(window.batches)
        end = window.end.weights
        return self._slope * norm({name: end[name] - one for name, one in initial.items()})


def _mean(loss: Loss, weights: Tensors, batches: Sequence[Any]) -> float:
    return fmean(float(loss(weights, batch)) for batch in batches)


def not_finite(window: Window) -> str:
    """What of it is not finite; "" if all is."""
    parts = {
        "a weight": window.end.weights,
        "the optimiser's state": window.end.state,
        "a tangent": window.end.tangents,
        "a hypergradient": window.gradient,
    }
    if not all(map(math.isfinite, window.losses)):
        return "the loss is not finite"
    broken = (what for what, tensors in parts.items() if not math.isfinite(norm(tensors)))
    return next((f"{what} is not finite" for what in broken), "")
