"""Small trainings in float64 with smooth losses, and their derivatives by differences."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn
from torch.func import functional_call

from automl_on_ray.trainables.hypergradients import (
    adam,
    begin_adam,
    begin_sgd,
    leaves,
    sgd,
    training_step,
)

RULES = {
    "sgd": (begin_sgd, sgd),
    "nesterov": (begin_sgd, partial(sgd, nesterov=True)),
    "adam": (begin_adam, adam),
    "adamw": (begin_adam, partial(adam, decoupled=True)),
}
SCALARS = {"learning_rate": 0.05, "weight_decay": 0.1, "loss_weight": 1.3}
OWN = {"learning_rate/one": 0.03, "weight_decay/two": 0.02}  # for a layer each
SGD = {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.01}
LAYERS = {  # and the shape of a batch
    "convolution": (
        lambda: nn.Sequential(
            nn.Conv2d(1, 3, 3, bias=False), nn.BatchNorm2d(3), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(3, 2, 2), nn.MaxPool2d(2), nn.Flatten(),
        ),
        (5, 1, 8, 8),
    ),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2, 4, 0.0, "gelu"), (5, 2, 8)),
    "LSTM": (lambda: nn.LSTM(3, 2), (5, 2, 3)),
    "GRU": (lambda: nn.GRU(3, 2), (5, 2, 3)),
}  # fmt: skip


@dataclass
class Perceptron:
    """One hidden layer, 3 inputs, `hidden` units; a loss with a weight and random dropout."""

    rule: str = "sgd"
    hidden: int = 4
    seed: int = 0
    dropout: float = 0.0

    def __post_init__(self):
        generator = torch.Generator().manual_seed(self.seed)
        self.drawn = partial(torch.randn, generator=generator, dtype=torch.float64)
        self.begin_state, self.rule_of_update = RULES[self.rule]

    def begun(self, *, steps=4):
        """Weights, state, hyper, batches and one of validation, as estimators take them.

        A step has been taken, so that the optimiser's state is not zero.
        """
        weights, hyper = self.weights(), self.hyper()
        first, *batches, val_batch = self.batches(steps + 2)
        begin = trained(self, weights, self.begin_state(weights), hyper, [first])
        return *begin, hyper, batches, val_batch

    def weights(self):
        shapes = {"one.weight": (self.hidden, 3), "one.bias": (self.hidden,)}
        shapes |= {"two.weight": (1, self.hidden), "two.bias": (1,)}
        return {name: self.drawn(*shape) / 2 for name, shape in shapes.items()}

    def batches(self, count):
        return [(self.drawn(6, 3), self.drawn(6, 1)) for _ in range(count)]

    def hyper(self):
        """Values for all, for a layer and for one weight alone, each of its elements."""
        own = {"momentum": 0.8} if self.begin_state is begin_sgd else {"beta1": 0.7, "beta2": 0.9}
        hyper = tensors({**SCALARS, **OWN, **own})
        of_each = torch.linspace(0.01, 0.2, self.hidden, dtype=torch.float64)
        return {**hyper, "weight_decay/two.weight": of_each.expand(1, -1)}

    def error(self, weights, batch, dropout=0.0):
        inputs, targets = batch
        hidden = torch.tanh(inputs @ weights["one.weight"].T + weights["one.bias"])
        hidden = torch.nn.functional.dropout(hidden, dropout)
        return (hidden @ weights["two.weight"].T + weights["two.bias"] - targets).square().mean()

    def train_loss(self, weights, hyper, batch):
        return hyper["loss_weight"] * self.error(weights, batch, self.dropout)

    def val_loss(self, weights, batch):
        return self.error(weights, batch)

    def update(self, weights, state, gradient, hyper):
        return self.rule_of_update(weights, state, gradient, hyper)


class OfNetwork:
    """A torch module as it is, with its buffers cloned; SGD with momentum on its mean square."""

    def __init__(self, network):
        self.network = network
        self.buffers = dict(network.named_buffers())

    def weights(self):
        return {name: weight.detach() for name, weight in self.network.named_parameters()}

    def val_loss(self, weights, batch):
        buffers = {name: buffer.clone() for name, buffer in self.buffers.items()}
        output = functional_call(self.network, {**weights, **buffers}, (batch,))
        return (output[0] if isinstance(output, tuple) else output).square().mean()

    def train_loss(self, weights, hyper, batch):
        return self.val_loss(weights, batch)

    def update(self, weights, state, gradient, hyper):
        return sgd(weights, state, gradient, hyper)


def of_network(layer, kind=torch.float64):
    """Problem, and weights, state, hyper, batches and one of validation."""
    torch.manual_seed(0)
    make, shape = LAYERS[layer]
    network = make().to(kind)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.5)
    problem = OfNetwork(network)
    weights = problem.weights()
    *batches, val_batch = torch.randn(4, *shape).to(kind)
    hyper = {key: value.to(kind) for key, value in tensors(SGD).items()}
    return problem, (weights, begin_sgd(weights), hyper, batches, val_batch)


def tensors(values):
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in values.items()}


def trained(problem, weights, state, hyper, batches):
    """Weights and state after a step for each batch."""
    for batch in batches:
        weights, state, _ = training_step(problem, leaves(weights), state, hyper, batch)
    return weights, state


def loss_after(problem, weights, state, hyper, batches, val_batch):
    weights, _ = trained(problem, weights, state, hyper, batches)
    return problem.val_loss(weights, val_batch).item()


def by_differences(problem, weights, state, hyper, batches, val_batch, *, width=5e-4):
    """Like `hyper`: central differences of fourth order, one scalar after the other."""
    gradient = {key: torch.zeros_like(value).contiguous() for key, value in hyper.items()}
    for key, value in hyper.items():
        for position in range(value.numel()):
            ends = []
            for steps in (-2, -1, 1, 2):
                moved = value.clone()
                moved.view(-1)[position] += steps * width
                ends.append(
                    loss_after(problem, weights, state, {**hyper, key: moved}, batches, val_batch)
                )
            slope = (ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / (12 * width)
            gradient[key].view(-1)[position] = slope
    return gradient


def distance(one, other):
    """Of two dicts of tensors, relative to the second: the largest of their keys'."""
    assert one.keys() == other.keys()
    assert all(one[key].shape == other[key].shape for key in other)
    return max(((one[key] - other[key]).norm() / other[key].norm()).item() for key in other)
