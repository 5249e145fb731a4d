"""The course of hypergradients within one trial: an epoch of training in windows of steps."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables._torch_trainable import DivergedError
from automl_on_ray.trainables.hypergradients.course.along import ALONG, Along
from automl_on_ray.trainables.hypergradients.course.guard import Guard, Point, Trouble, Window
from automl_on_ray.trainables.hypergradients.course.outer import Outer
from automl_on_ray.trainables.hypergradients.course.values import Values
from automl_on_ray.trainables.hypergradients.implicit_differentiation import implicit
from automl_on_ray.trainables.hypergradients.problem import (
    Problem,
    Tensors,
    Unconstrained,
    detached,
)
from automl_on_ray.trainables.hypergradients.transforms import Transform
from automl_on_ray.trainables.hypergradients.tuned import (
    TRANSFORMS,
    HypergradientSettings,
    numbers,
    told,
)


class Course:
    """Trains the weights of a problem, and tunes its hyperparameters as it goes.

    `starts` are the values of all names that are tuned, as `spread` gives them: they are the
    `hyper` that the problem's functions are given, so what is constant is the problem's own.
    `begin` makes the optimiser's state for weights, such as `begin_sgd`. Whatever else `update`
    must know, such as how many steps were taken, may be in `state` too: a restart leaves it alone.

    UserError for a key without a transform.
    """

    weights: Tensors  # as they are now, without graph
    optimizer_state: Tensors

    def __init__(
        self,
        problem: Problem,
        settings: HypergradientSettings,
        weights: Tensors,
        starts: Tensors,
        begin: Callable[[Tensors], Tensors],
        *,
        transforms: Mapping[str, Transform] = TRANSFORMS,  # by key
        state: Tensors | None = None,  # beside that of `begin`
    ) -> None:
        self.settings, self._begin = settings, begin
        self._values = Values(settings.tuned, starts, transforms)
        self._problem = Unconstrained(problem, self._values.transforms)
        self._outer = Outer(
            self._values.starts, self._values.names, self._values.transforms,
            optimizer=settings.outer_optimizer, rate=settings.outer_rate,
            rates={one.key: settings.outer_rate / settings.unroll for one in settings.by("online")},
        )  # fmt: skip
        self._along = self._chosen()
        self._solver = settings.solver
        self._implicit = self._values.of(settings.by("implicit"))
        self.weights = detached(weights)
        self.optimizer_state = {**(state or {}), **begin(self.weights)}
        self._tangents = self._fresh_tangents()
        self._guard = Guard(self._point(), settings.restarts)
        self._steps = 0

    @property
    def values(self) -> Tensors:
        """The hyperparameters as they are now, by name, without graph."""
        return self._problem.values(self._outer.raw)

    def train(
        self, batches: Iterable[Any], val_batches: Iterable[Any], implicit_batch: Any = None
    ) -> float:
        """One epoch, a step for each batch; the mean training loss.

        The batches of validation are taken in turn, one to a window, again from the first when all
        were taken. Implicit hypergradients take the window's last batch for the training data, or
        `implicit_batch`. DivergedError if the guard gives up; UserError if there are fewer batches
        than a window has steps.
        """
        losses: list[float] = []
        held, whole = itertools.cycle(val_batches), False
        for window in _windows(batches, self.settings.unroll):
            if len(window) < self.settings.unroll:
                losses += self._train(window, None)
                continue
            whole = True
            val_batch = next(held, None)
            if val_batch is None:
                raise UserError("There is no batch of validation to take hypergradients of.")
            if self._outer.searches:
                self._search(window, val_batch)
            losses += self._train(window, val_batch, implicit_batch)
        if not whole:
            raise UserError(
                f"An epoch has {len(losses)} steps, but a hypergradient takes "
                f"{self.settings.unroll}: lower unroll or the batch size."
            )
        mean = fmean(losses)
        if not math.isfinite(mean):
            raise DivergedError(
                f"Training diverged: the loss is {mean}, with {told(self._by_key())}."
            )
        return mean

    def metrics(self) -> dict[str, float]:
        """`hyper/KEY`, `hyper_grad_norm/KEY`, `restarts`, and hypergradients clipped or skipped.

        A key of several values has `hyper/KEY/min`, `/mean` and `/max`.
        """
        found = {f"hyper/{word}": one for word, one in numbers(self._by_key()).items()}
        found |= {f"hyper_grad_norm/{key}": one for key, one in self._outer.norms.items()}
        return found | {
            "hypergradients_clipped": self._outer.clipped,
            "hypergradients_skipped": self._outer.skipped,
            "restarts": self._guard.restarts,
        }

    def state(self) -> dict[str, Any]:
        """All that a restored trial needs: tensors, numbers, text, lists and dicts of them."""
        return {
            "point": self._point().tensors(),
            "starts": self._values.starts,
            "outer": self._outer.state(),
            "guard": self._guard.state(),
            "steps": self._steps,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`, perhaps another trial's, whose start values were others.

        Then the raw values move by the difference of the starts: a clone in population-based
        training, whose rate was multiplied by 1.2, goes on with 1.2 times the rate that the other
        had come to. What another update rule knows of the weights is of no use to this one, which
        begins anew.
        """
        self._outer.load_state(state["outer"])
        device = next(iter(self.weights.values())).device
        state = _on({key: one for key, one in state.items() if key != "outer"}, device)
        self._guard.load_state(state["guard"])
        moved = self._values.moved(state["starts"])
        raw = self._outer.raw
        self._outer.put({name: raw[name] + by for name, by in moved.items()})
        self._guard.move(moved)
        point = Point(**state["point"])
        self.weights, self._steps = point.weights, state["steps"]
        if point.state.keys() == self.optimizer_state.keys():
            self.optimizer_state, self._tangents = point.state, point.tangents
        else:
            self.optimizer_state = {**self.optimizer_state, **self._begin(self.weights)}
            self._tangents = self._fresh_tangents()

    def _chosen(self) -> Along:
        for estimator, kind in ALONG.items():
            if keys := self.settings.by(estimator):
                return kind(self._problem, self._values.of(keys), self.settings, self._moved)
        return Along(self._problem, [], self.settings, self._moved)

    def _moved(self, gradient: Tensors) -> Tensors:
        self._outer.step(gradient)
        return self._outer.raw

    def _train(self, batches: list[Any], val_batch: Any, implicit_batch: Any = None) -> list[float]:
        """Losses of a window that is trained, or of what it was put back to."""
        along = val_batch if self._along.validates and not self._outer.searches else None
        window = self._along.window(self._point(), batches, along)
        if trouble := self._guard.trouble(window, self._loss()):
            self._go_back(window, trouble)
            return [float(self._loss()(self.weights, batches[-1]))]
        self.weights, self.optimizer_state = window.end.weights, window.end.state
        self._tangents = window.end.tangents
        self._steps += len(batches)
        if val_batch is not None:
            batch = batches[-1] if implicit_batch is None else implicit_batch
            self._outer.step({**window.gradient, **self._implicitly(batch, val_batch)})
        return list(window.losses)

    def _implicitly(self, batch: Any, val_batch: Any) -> Tensors:
        if not self._implicit or self._steps < self.settings.warm_up:
            return {}
        found = implicit(
            self._problem, self.weights, self._outer.raw, batch, val_batch, solver=self._solver
        )
        gradient = {name: found.gradient[name] for name in self._implicit}
        return self._values.by_number(gradient, self._outer.raw)

    def _search(self, batches: list[Any], val_batch: Any) -> None:
        """Values for this window, which is evaluated from its start as often as it takes."""
        begin = self._point()

        def evaluate(raw: Tensors) -> tuple[float, Tensors]:
            at = Point(begin.weights, begin.state, begin.tangents, raw)
            found = self._along.window(at, batches, val_batch)
            return float(self._problem.val_loss(found.end.weights, val_batch)), found.gradient

        self._outer.search(evaluate)

    def _go_back(self, window: Window, trouble: Trouble) -> None:
        """With a fresh optimiser and lower learning rates; other values as they were there.

        Where they are not tuned all values stay: else all would be as it was.
        """
        back = self._guard.restart(trouble, told(self._by_key()))
        raw, in_a_row = self._outer.raw, self._guard.in_a_row
        if reduced := self._values.reduced(trouble.too_large, raw, in_a_row):
            self._outer.put({**back.raw, **reduced})
            self._outer.stop(reduced)
        self.weights = back.weights
        # What is beside the optimiser's own, such as a count of steps, goes on.
        kept = {
            name: one if one.isfinite().all() else back.state.get(name, one)
            for name, one in window.end.state.items()
        }
        self.optimizer_state = {**kept, **self._begin(self.weights)}
        self._tangents = self._fresh_tangents()

    def _loss(self) -> Callable[[Tensors, Any], Tensor]:
        raw = self._outer.raw
        return lambda weights, batch: self._problem.train_loss(weights, raw, batch)

    def _point(self) -> Point:
        return Point(self.weights, self.optimizer_state, self._tangents, self._outer.raw)

    def _fresh_tangents(self) -> Tensors:
        return self._along.tangents(self.weights, self.optimizer_state, self._outer.raw)

    def _by_key(self) -> dict[str, Tensor]:
        return self._values.by_key(self._outer.raw)


def _windows(batches: Iterable[Any], size: int) -> Iterator[list[Any]]:
    remaining = iter(batches)
    while window := list(itertools.islice(remaining, size)):
        yield window


def _on(state: Any, device: torch.device) -> Any:
    """The same with all of its tensors there; it was saved from another one, or read to the CPU."""
    if isinstance(state, Tensor):
        return state.to(device)
    if isinstance(state, dict):
        return {key: _on(one, device) for key, one in state.items()}
    return [_on(one, device) for one in state] if isinstance(state, list) else state
