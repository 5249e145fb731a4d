"""How a window of steps is trained, with the estimator that goes along."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from automl_on_ray.trainables.hypergradients.course.guard import Point, Window
from automl_on_ray.trainables.hypergradients.forward_mode import (
    begin_tangents,
    forward,
    forward_step,
)
from automl_on_ray.trainables.hypergradients.online_descent import online, online_step
from automl_on_ray.trainables.hypergradients.problem import (
    Problem,
    Tensors,
    WithConstants,
    detached,
    leaves,
    training_gradient,
    training_step,
)
from automl_on_ray.trainables.hypergradients.reverse_mode import reverse
from automl_on_ray.trainables.hypergradients.tuned import HypergradientSettings


class Along:
    """Trains, and estimates the hypergradients of the values of these names: here of none.

    `move` takes an outer step within a window, and returns all raw values after it.
    """

    validates = False  # whether it needs a batch of validation for a window

    def __init__(
        self,
        problem: Problem,
        names: Sequence[str],
        settings: HypergradientSettings,
        move: Callable[[Tensors], Tensors],
    ) -> None:
        self.problem, self.names, self.settings, self.move = problem, names, settings, move

    def tangents(self, weights: Tensors, state: Tensors, raw: Tensors) -> Tensors:
        """What it carries from step to step, for a training that begins here."""
        return {}

    def window(self, begin: Point, batches: Sequence[Any], val_batch: Any) -> Window:
        """Train on the batches, a step each. Without a hypergradient if `val_batch` is None."""
        weights, state, losses = begin.weights, begin.state, []
        for batch in batches:
            new_weights, new_state, loss = training_step(
                self.problem, leaves(weights), state, begin.raw, batch
            )
            weights, state = detached(new_weights), detached(new_state)
            losses.append(loss.detach())
        end = Point(weights, state, begin.tangents, begin.raw)
        return Window(begin, end, batches, _numbers(losses), {})


class Reverse(Along):
    validates = True

    def window(self, begin: Point, batches: Sequence[Any], val_batch: Any) -> Window:
        if val_batch is None:
            return super().window(begin, batches, val_batch)
        part = _Noting(self.problem, begin.raw)
        found = reverse(
            part, begin.weights, begin.state, {name: begin.raw[name] for name in self.names},
            batches, val_batch,
            checkpointed=self.settings.checkpointed, truncation=self.settings.truncation,
        )  # fmt: skip
        end = Point(found.weights, found.state, begin.tangents, begin.raw)
        # With checkpoints all steps are taken once more, on the way back.
        return Window(begin, end, batches, _numbers(part.losses[: len(batches)]), found.gradient)


class Forward(Along):
    """Its tangents forget slowly what is more than `truncation` steps ago."""

    validates = True

    def tangents(self, weights: Tensors, state: Tensors, raw: Tensors) -> Tensors:
        return begin_tangents(weights, state, {name: raw[name] for name in self.names})

    def window(self, begin: Point, batches: Sequence[Any], val_batch: Any) -> Window:
        weights, state, tangents = begin.weights, begin.state, begin.tangents
        part, losses = WithConstants(self.problem, begin.raw), []
        hyper = {name: begin.raw[name] for name in self.names}
        decay = 1 - 1 / self.settings.truncation if self.settings.truncation else 1.0
        for batch in batches:
            weights, state, tangents, loss = forward_step(
                part, weights, state, tangents, hyper, batch, decay=decay
            )
            losses.append(loss)
        gradient = {}
        if val_batch is not None:
            gradient = forward(part, weights, state, tangents, hyper, val_batch).gradient
        end = Point(weights, state, tangents, begin.raw)
        return Window(begin, end, batches, _numbers(losses), gradient)


class Online(Along):
    """Takes an outer step before each of training, so a window's hypergradient is spent in it."""

    def tangents(self, weights: Tensors, state: Tensors, raw: Tensors) -> Tensors:
        return {name: torch.zeros_like(one) for name, one in weights.items()}

    def window(self, begin: Point, batches: Sequence[Any], val_batch: Any) -> Window:
        weights, state, tangents, raw = begin.weights, begin.state, begin.tangents, begin.raw
        losses = []
        for batch in batches:
            gradient, loss = training_gradient(self.problem, leaves(weights), raw, batch)
            rates = {name: raw[name] for name in self.names}
            raw = self.move(online(gradient, tangents, rates))
            weights, state, tangents = online_step(self.problem, weights, state, gradient, raw)
            losses.append(loss.detach())
        end = Point(weights, state, tangents, raw)
        return Window(begin, end, batches, _numbers(losses), {})


ALONG: Mapping[str, type[Along]] = {"reverse": Reverse, "forward": Forward, "online": Online}


@dataclass(frozen=True)
class _Noting(WithConstants):
    """And notes the losses of training, one for each call."""

    losses: list[Tensor] = field(default_factory=list)

    def train_loss(self, weights: Tensors, hyper: Tensors, batch: Any) -> Tensor:
        loss = super().train_loss(weights, hyper, batch)
        self.losses.append(loss.detach())
        return loss


def _numbers(losses: Sequence[Tensor]) -> list[float]:
    return [float(one) for one in torch.stack(list(losses)).tolist()]
