"""Weights of examples: found all at once, and the same as in the general way."""

import pytest
import torch

from automl_on_ray.trainables.hypergradients import Log, Logit, Unconstrained, implicit
from automl_on_ray.trainables.hypergradients.solvers import ConjugateGradients, Identity
from tests.trainables.hypergradients.convex import Counted, Network, NetworkByExample, error

SOLVERS = [Identity(), ConjugateGradients(iterations=5, damping=1)]
TRANSFORMS = {"weight_decay": Log(1e-3, 10), "examples": Logit(0, 5)}


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: type(solver).__name__)
@pytest.mark.parametrize("wrapped", [False, True], ids=["values", "raw values"])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_equal_to_the_general_way(solver, wrapped, seed):
    found = []
    for own in (Network(seed), NetworkByExample(seed)):
        problem = Unconstrained(own, TRANSFORMS) if wrapped else own
        rest = (own.start, own.hyper, own.train, own.val)
        found.append(implicit(problem, *rest, solver=solver).gradient)
    for key, general in found[0].items():
        assert error(found[1][key], general) < 1e-10


@pytest.mark.parametrize("wrapped", [False, True], ids=["values", "raw values"])
def test_with_the_identity_the_training_loss_is_not_differentiated_twice(wrapped):
    calls = []

    class Watched(NetworkByExample):
        def train_loss(self, weights, hyper, batch):
            raise AssertionError("the general way was taken")

        def example_losses(self, weights, batch):
            calls.append(any(weight.requires_grad for weight in weights.values()))
            return super().example_losses(weights, batch)

    own = Watched()
    problem = Unconstrained(own, TRANSFORMS) if wrapped else own
    solver = Counted(Identity())
    implicit(problem, own.start, own.hyper, own.train, own.val, solver=solver)
    assert calls == [False]
    assert solver.products == 0


def test_hyperparameters_that_act_by_the_penalty_alone_are_found_too():
    class Unweighted(NetworkByExample):
        def train_loss(self, weights, hyper, batch):
            return self.losses(weights, batch).mean()

        def weighted(self, losses, hyper, batch):
            return losses.mean()

    class General(Network):
        def train_loss(self, weights, hyper, batch):
            return self.losses(weights, batch).mean()

    found = []
    for own in (General(), Unweighted()):
        rest = (own.start, own.hyper, own.train, own.val)
        found.append(implicit(own, *rest, solver=Identity()).gradient)
    assert error(found[1]["weight_decay"], found[0]["weight_decay"]) < 1e-10
    assert torch.equal(found[1]["examples"], torch.zeros(12).double())
