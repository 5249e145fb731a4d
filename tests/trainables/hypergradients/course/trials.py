"""Trials in small, on a perceptron: what course and guard are tried on."""

import io

import torch

from automl_on_ray.trainables.hypergradients import (
    Course,
    HypergradientSettings,
    decay_penalty,
    parse_tuned,
    spread,
)
from tests.trainables.hypergradients.trainings import Perceptron, tensors

STARTS = {"learning_rate": 0.05, "momentum": 0.8, "weight_decay": 0.01, "loss_weight": 1.0}
STARTS |= {"beta1": 0.9, "beta2": 0.999}
CONSTANTS = tensors(STARTS)
WINDOW, STEPS = 3, 7  # an epoch has two windows and a step more


class Tuned(Perceptron):
    """With a constant value for whatever is not tuned."""

    def train_loss(self, weights, hyper, batch):
        return super().train_loss(weights, {**CONSTANTS, **hyper}, batch)

    def update(self, weights, state, gradient, hyper):
        return super().update(weights, state, gradient, {**CONSTANTS, **hyper})

    def penalty(self, weights, hyper):
        return decay_penalty(weights, {**CONSTANTS, **hyper})


def begun(text="learning_rate", *, rule="sgd", dropout=0.0, starts=None, **words):
    """A course of this much tuned, and epochs of batches without end, with two of validation."""
    problem = Tuned(rule, dropout=dropout)
    weights = problem.weights()
    usual = {"unroll": WINDOW, "warm_up": WINDOW}
    settings = HypergradientSettings(parse_tuned(text), **{**usual, **words})
    values = {}
    for one in settings.tuned:
        values |= spread(one, {**STARTS, **(starts or {})}[one.key], weights)
    return Course(problem, settings, weights, values, problem.begin_state)


def epochs(count, *, steps=STEPS):
    problem = Tuned(seed=1)
    return [(problem.batches(steps), problem.batches(2)) for _ in range(count)]


def read_again(state):
    """As from a checkpoint: nothing in it can run code."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def same(one, other):
    """Whether two states are equal to the last bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
