"""Update rules are those of torch.optim, and differentiable without a mistake."""

import pytest
import torch
from torch import nn

from automl_on_ray.trainables.hypergradients import adam, begin_adam, begin_sgd, sgd

HYPER = {"learning_rate": 0.05, "weight_decay": 0.1, "momentum": 0.8, "beta1": 0.7, "beta2": 0.9}
RULES = {
    "sgd": (begin_sgd, sgd, {}, torch.optim.SGD),
    "nesterov": (begin_sgd, sgd, {"nesterov": True}, torch.optim.SGD),
    "adam": (begin_adam, adam, {}, torch.optim.Adam),
    "adamw": (begin_adam, adam, {"decoupled": True}, torch.optim.AdamW),
}


def tensors(values):
    return {key: torch.tensor(value, dtype=torch.float64) for key, value in values.items()}


def drawn(seed):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"one.weight": (3, 2), "one.bias": (3,), "two.weight": (1, 3)}
    return {
        name: torch.randn(shape, generator=generator, dtype=torch.float64)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_that_of_torch(rule):
    begin, update, words, klass = RULES[rule]
    weights = drawn(0)
    theirs = {name: nn.Parameter(weight.clone()) for name, weight in weights.items()}
    own = {"betas": (0.7, 0.9)} if "adam" in rule else {"momentum": 0.8, **words}
    optimizer = klass(theirs.values(), lr=0.05, weight_decay=0.1, **own)
    state = begin(weights)
    for seed in range(1, 6):
        gradient = drawn(seed)
        weights, state = update(weights, state, gradient, tensors(HYPER), **words)
        for name, parameter in theirs.items():
            parameter.grad = gradient[name]
        optimizer.step()
        for name, parameter in theirs.items():
            torch.testing.assert_close(weights[name], parameter.data, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("key", ["learning_rate", "weight_decay"])
def test_a_value_of_a_layer_or_a_weight_holds_for_it_alone(rule, key):
    begin, update, words, _ = RULES[rule]
    weights, gradient, hyper = drawn(0), drawn(1), tensors(HYPER)
    before = update(weights, begin(weights), gradient, hyper, **words)[0]
    own = {f"{key}/one": hyper[key] * 3, f"{key}/one.bias": hyper[key]}
    after = update(weights, begin(weights), gradient, {**hyper, **own}, **words)[0]
    same = {name for name in weights if torch.equal(before[name], after[name])}
    assert same == {"one.bias", "two.weight"}


def test_adams_step_has_a_derivative_where_no_gradient_ever_was():
    weights, hyper = drawn(0), tensors(HYPER)
    rate = hyper["learning_rate"].requires_grad_()
    nothing = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    after, _ = adam(weights, begin_adam(weights), nothing, hyper, decoupled=True)
    (slope,) = torch.autograd.grad(sum(weight.sum() for weight in after.values()), rate)
    assert torch.isfinite(slope)
