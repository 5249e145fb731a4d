"""Online descent finds the slope of a learning rate from the steps that are taken anyway."""

import pytest
import torch

from automl_on_ray.trainables.hypergradients import (
    Log,
    Unconstrained,
    leaves,
    online,
    online_step,
    reverse,
    training_gradient,
    training_step,
)
from tests.trainables.hypergradients.trainings import (
    RULES,
    Perceptron,
    by_differences,
    distance,
)


def rates(values):
    return {key: value for key, value in values.items() if key.startswith("learning_rate")}


def after_one_step(problem, weights, state, hyper, batches, val_batch):
    """The gradient of validation loss after the step, and the tangents of its weights."""
    gradient, _ = training_gradient(problem, leaves(weights), hyper, batches[0])
    weights, _, tangents = online_step(problem, weights, state, gradient, hyper)
    at = leaves(weights)
    slopes = torch.autograd.grad(problem.val_loss(at, val_batch), list(at.values()))
    return dict(zip(at, slopes, strict=True)), tangents


@pytest.mark.parametrize("rule", RULES)
def test_the_additive_form_is_exact_through_one_step(rule):
    problem = Perceptron(rule)
    training = problem.begun(steps=1)
    hyper = training[2]
    found = online(*after_one_step(problem, *training), hyper, multiplicative=False)
    assert set(found) == {"learning_rate", "learning_rate/one"}
    assert distance(found, rates(by_differences(problem, *training))) < 1e-6
    assert distance(found, rates(reverse(problem, *training).gradient)) < 1e-12


@pytest.mark.parametrize("rule", RULES)
def test_the_multiplicative_form_is_minus_the_cosine_of_gradient_and_direction(rule):
    problem = Perceptron(rule)
    weights, state, hyper, batches, val_batch = problem.begun(steps=1)
    gradient, tangents = after_one_step(problem, weights, state, hyper, batches, val_batch)
    after, _, _ = training_step(problem, leaves(weights), state, hyper, batches[0])
    found = online(gradient, tangents, hyper)
    for key, layer in (("learning_rate", "two"), ("learning_rate/one", "one")):
        names = [f"{layer}.weight", f"{layer}.bias"]
        direction = torch.cat([(weights[n] - after[n]).flatten() for n in names])
        slope = torch.cat([gradient[n].flatten() for n in names])
        expected = -torch.cosine_similarity(slope, direction, dim=0)
        assert torch.isclose(found[key], expected, rtol=1e-10)


def test_of_logarithms_both_forms_are_slopes_by_the_logarithm():
    problem = Perceptron("adamw")
    weights, state, hyper, *rest = problem.begun(steps=1)
    raw = {key: value.log() for key, value in hyper.items()}
    of_logs = Unconstrained(problem, {key: Log(1e-5, 10.0) for key in hyper})
    found = after_one_step(problem, weights, state, hyper, *rest)
    by_log = after_one_step(of_logs, weights, state, raw, *rest)
    slopes = online(*found, hyper, multiplicative=False)
    times_rate = {key: slope * hyper[key] for key, slope in slopes.items()}
    assert distance(online(*by_log, raw, multiplicative=False), times_rate) < 1e-12
    assert distance(online(*by_log, raw), online(*found, hyper)) < 1e-12


@pytest.mark.parametrize("rule", RULES)
def test_its_step_is_that_of_the_training(rule):
    problem = Perceptron(rule)
    weights, state, hyper, batches, _ = problem.begun(steps=1)
    gradient, _ = training_gradient(problem, leaves(weights), hyper, batches[0])
    found, found_state, _ = online_step(problem, weights, state, gradient, hyper)
    after, after_state, _ = training_step(problem, leaves(weights), state, hyper, batches[0])
    for own, other in ((found, after), (found_state, after_state)):
        assert all(torch.equal(own[name], other[name]) for name in other)


@pytest.mark.parametrize("multiplicative", [False, True])
def test_before_the_first_step_slopes_are_zero(multiplicative):
    problem = Perceptron()
    weights, _, hyper, batches, _ = problem.begun(steps=1)
    gradient, _ = training_gradient(problem, leaves(weights), hyper, batches[0])
    nothing = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    found = online(gradient, nothing, hyper, multiplicative=multiplicative)
    assert set(found) == {"learning_rate", "learning_rate/one"}
    assert not any(found.values())


@pytest.mark.parametrize("rule", RULES)
def test_a_rate_that_is_far_too_small_grows_until_training_is_better(rule):
    problem = Perceptron(rule)
    weights, state, hyper, batches, _ = problem.begun(steps=1)
    hyper |= {"learning_rate": hyper["learning_rate"] / 1000, "weight_decay": torch.tensor(0.0)}
    hyper = {key: value for key, value in hyper.items() if "/" not in key}
    losses = {}
    for factor in (0.0, 0.1):
        now, own, rate = (weights, state), dict(hyper), hyper["learning_rate"]
        tangents = {name: torch.zeros_like(weight) for name, weight in weights.items()}
        for _ in range(100):
            gradient, loss = training_gradient(problem, leaves(now[0]), own, batches[0])
            slope = online(gradient, tangents, own)["learning_rate"]
            own["learning_rate"] = own["learning_rate"] * torch.exp(-factor * slope)
            *now, tangents = online_step(problem, *now, gradient, own)
        losses[factor] = loss.item()
        assert (own["learning_rate"] > 10 * rate) == (factor > 0)
    assert losses[0.1] < losses[0.0] / 2
