"""Reverse mode gives the derivative of the validation loss after the steps that it trained."""

import pytest
import torch

from automl_on_ray.trainables.differentiable_search.architecture_gradient import (
    WeightStep,
    unrolled_exact,
)
from automl_on_ray.trainables.hypergradients import reverse, sgd
from tests.trainables.hypergradients.trainings import (
    LAYERS,
    RULES,
    SGD,
    Perceptron,
    by_differences,
    distance,
    loss_after,
    of_network,
    tensors,
    trained,
)


@pytest.mark.parametrize("rule", RULES)
def test_it_agrees_with_differences(rule):
    problem = Perceptron(rule)
    training = problem.begun()
    found = reverse(problem, *training)
    assert distance(found.gradient, by_differences(problem, *training)) < 1e-6
    assert found.loss.item() == loss_after(problem, *training)


@pytest.mark.parametrize("checkpointed", [False, True])
def test_it_trains_as_steps_without_it_do(checkpointed):
    problem = Perceptron("adam")
    weights, state, hyper, batches, val_batch = problem.begun()
    found = reverse(
        problem, weights, state, hyper, batches, val_batch, checkpointed=checkpointed, truncation=2
    )
    after, after_state = trained(problem, weights, state, hyper, batches)
    for own, other in ((found.weights, after), (found.state, after_state)):
        assert all(torch.equal(own[name], other[name]) for name in other)
        assert not any(tensor.requires_grad for tensor in own.values())


@pytest.mark.parametrize("truncation", [None, 3])
@pytest.mark.parametrize("rule", RULES)
def test_checkpoints_change_nothing_dropout_included(rule, truncation):
    problem = Perceptron(rule, dropout=0.3)
    training = problem.begun(steps=5)
    found = {}
    for checkpointed in (False, True):
        torch.manual_seed(7)
        found[checkpointed] = reverse(
            problem, *training, checkpointed=checkpointed, truncation=truncation
        )
        found[checkpointed].gradient["next"] = torch.rand(3)  # torch's generator goes on alike
    assert distance(found[True].gradient, found[False].gradient) < 1e-12
    assert torch.equal(found[True].loss, found[False].loss)


@pytest.mark.parametrize("rule", RULES)
def test_truncated_it_looks_back_that_many_steps_only(rule):
    problem = Perceptron(rule)
    weights, state, hyper, batches, val_batch = problem.begun(steps=5)
    truncated = reverse(problem, weights, state, hyper, batches, val_batch, truncation=2)
    late = trained(problem, weights, state, hyper, batches[:3])
    assert (
        distance(
            truncated.gradient, reverse(problem, *late, hyper, batches[3:], val_batch).gradient
        )
        == 0.0
    )
    whole = reverse(problem, weights, state, hyper, batches, val_batch)
    assert distance(truncated.gradient, whole.gradient) > 0.01
    more = reverse(problem, weights, state, hyper, batches, val_batch, truncation=9)
    assert distance(more.gradient, whole.gradient) == 0.0


def test_it_refuses_to_look_back_no_step():
    problem = Perceptron()
    with pytest.raises(ValueError, match="last 0 steps"):
        reverse(problem, *problem.begun(), truncation=0)


@pytest.mark.parametrize("checkpointed", [False, True])
def test_what_no_step_uses_gets_zeros(checkpointed):
    problem = Perceptron()
    weights, state, hyper, *rest = problem.begun()
    unused = {"other": torch.ones(2, 3), "learning_rate/three": torch.tensor(0.1)}
    found = reverse(
        problem, weights, state, {**hyper, **unused}, *rest, checkpointed=checkpointed
    ).gradient
    assert all(torch.equal(found[key], torch.zeros_like(unused[key])) for key in unused)
    assert found["learning_rate"] != 0


@pytest.mark.parametrize("layer", LAYERS)
def test_it_goes_through_layers_of_torch(layer):
    problem, training = of_network(layer)
    found = reverse(problem, *training).gradient
    assert distance(found, by_differences(problem, *training)) < 1e-6
    assert distance(reverse(problem, *training, checkpointed=True).gradient, found) < 1e-12


class Mixture:
    """Two inputs mixed by alpha, which the validation loss sees as well, as DARTS's does."""

    def loss(self, weight, alpha, batch):
        first, second, target = batch
        share = alpha.sigmoid()
        mixed = share * torch.tanh(first @ weight) + (1 - share) * torch.sin(second @ weight)
        return (mixed - target).square().mean()

    def train_loss(self, weights, hyper, batch):
        return self.loss(weights["weight"], hyper["alpha"], batch)

    def val_loss(self, weights, batch):
        return self.loss(weights["weight"], weights["alpha"], batch)

    def update(self, weights, state, gradient, hyper):
        """Alpha is carried among the weights, to where the validation loss may look at it."""
        weights = {"weight": weights["weight"]}
        weights, state = sgd(weights, state, gradient, tensors(SGD))
        return {**weights, "alpha": hyper["alpha"]}, state


@pytest.mark.parametrize("checkpointed", [False, True])
def test_of_one_step_it_is_the_exact_second_order_of_darts(checkpointed):
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(2, 3, 7, 5, generator=generator, dtype=torch.float64)
    train, val = [(first, second, target[:, :1]) for first, second, target in drawn]
    weight, buffer = torch.randn(2, 5, 1, generator=generator, dtype=torch.float64)
    alpha = torch.tensor(0.4, dtype=torch.float64)
    problem = Mixture()
    found = reverse(
        problem,
        {"weight": weight, "alpha": alpha},
        {"momentum/weight": buffer},
        {"alpha": alpha},
        [train],
        val,
        checkpointed=checkpointed,
    )
    ours, theirs = weight.clone().requires_grad_(), alpha.clone().requires_grad_()
    step = WeightStep(SGD["learning_rate"], SGD["momentum"], SGD["weight_decay"], [buffer])
    (expected,) = unrolled_exact(
        lambda: problem.loss(ours, theirs, train),
        lambda: problem.loss(ours, theirs, val),
        [ours],
        [theirs],
        step,
    )
    assert torch.isclose(found.gradient["alpha"], expected, rtol=1e-12)
