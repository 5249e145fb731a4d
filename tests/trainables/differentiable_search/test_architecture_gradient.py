"""Hypergradients against the algebra of a quadratic problem and against plain autograd."""

import pytest
import torch
from torch import Tensor

from automl_on_ray.trainables.differentiable_search.architecture_gradient import (
    WeightStep,
    first_order,
    unrolled,
    unrolled_exact,
)

SEEDS = (0, 1, 2)


class Tiny:
    """A smooth bilevel problem in double precision: two layers, two alphas that mix features."""

    def __init__(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)

        def draw(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        self.weights = [draw(5, 4).requires_grad_(), draw(3, 5).requires_grad_()]
        self.alpha = [draw(4).requires_grad_(), draw(5).requires_grad_()]
        self.buffers = [0.1 * draw(5, 4), 0.1 * draw(3, 5)]
        self.data = [(draw(6, 4), draw(6, 3)) for _ in range(2)]

    def loss(self, part: int, weights: list[Tensor] | None = None) -> Tensor:
        first, second = self.weights if weights is None else weights
        inputs, targets = self.data[part]
        hidden = torch.tanh((inputs * self.alpha[0].softmax(0)) @ first.T)
        return ((hidden * self.alpha[1].sigmoid()) @ second.T - targets).pow(2).mean()

    def training(self) -> Tensor:
        return self.loss(0)

    def validation(self) -> Tensor:
        return self.loss(1)

    def explicit(self, step: WeightStep) -> list[Tensor]:
        """By autograd through the step written out."""
        gradients = torch.autograd.grad(self.training(), self.weights, create_graph=True)
        buffers = step.momentum_buffers or [torch.zeros_like(w) for w in self.weights]
        moved = [
            w - step.lr * (step.momentum * b + g + step.weight_decay * w)
            for w, g, b in zip(self.weights, gradients, buffers, strict=True)
        ]
        return list(torch.autograd.grad(self.loss(1, moved), self.alpha))


def error(found, expected):
    """Relative, over all alphas."""
    pairs = zip(found, expected, strict=True)
    return max(((a - b).abs().max() / b.abs().max()).item() for a, b in pairs)


def steps(problem):
    return [
        WeightStep(lr=0.1),
        WeightStep(lr=0.1, momentum=0.9, weight_decay=3e-2, momentum_buffers=problem.buffers),
        WeightStep(lr=0.1, momentum=0.9, weight_decay=3e-2),
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_exact_hypergradient_is_that_of_autograd_through_the_step(seed):
    problem = Tiny(seed)
    for step in steps(problem):
        found = unrolled_exact(
            problem.training, problem.validation, problem.weights, problem.alpha, step
        )
        assert error(found, problem.explicit(step)) < 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_the_finite_difference_comes_nearer_with_the_square_of_its_step(seed):
    problem = Tiny(seed)
    for step in steps(problem):
        errors = [
            error(
                unrolled(
                    problem.training, problem.validation, problem.weights, problem.alpha, step,
                    epsilon=epsilon,
                ),
                problem.explicit(step),
            )
            for epsilon in (0.04, 0.02, 0.01)
        ]  # fmt: skip
        assert errors[2] < 1e-3
        assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
        assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


def test_without_a_learning_rate_the_second_order_is_the_first():
    problem = Tiny(0)
    first = first_order(problem.validation, problem.alpha)
    for function in (unrolled, unrolled_exact):
        found = function(
            problem.training, problem.validation, problem.weights, problem.alpha, WeightStep(lr=0.0)
        )
        assert error(found, first) < 1e-12


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quadratic_problem_has_the_hypergradient_of_its_closed_form(seed):
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    target = torch.randn(4, generator=generator, dtype=torch.float64)
    alpha = torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_()
    w = torch.randn(4, generator=generator, dtype=torch.float64).requires_grad_()
    lr = 0.3
    # training = |w - A alpha|^2 / 2, validation = |w - b|^2 / 2, so that w' = w - lr (w - A alpha)
    # and the gradient of validation at w' with respect to alpha is lr A' (w' - b).
    moved = w - lr * (w - matrix @ alpha)
    expected = (lr * matrix.T @ (moved - target)).detach()

    def training():
        return (w - matrix @ alpha).pow(2).sum() / 2

    def validation():
        return (w - target).pow(2).sum() / 2

    for function, tolerance in ((unrolled_exact, 1e-12), (unrolled, 1e-9)):
        (found,) = function(training, validation, [w], [alpha], WeightStep(lr=lr))
        assert error([found], [expected]) < tolerance


@pytest.mark.parametrize("function", [unrolled, unrolled_exact])
def test_weights_are_bit_for_bit_what_they_were_also_after_an_error(function):
    problem = Tiny(1)
    step = steps(problem)[1]
    before = [weight.detach().clone() for weight in problem.weights]
    function(problem.training, problem.validation, problem.weights, problem.alpha, step)

    def broken():
        raise RuntimeError("no data")

    with pytest.raises(RuntimeError, match="no data"):
        function(problem.training, broken, problem.weights, problem.alpha, step)
    for weight, was in zip(problem.weights, before, strict=True):
        assert torch.equal(weight, was)
        assert weight.requires_grad
        assert weight.grad is None
    assert all(alpha.grad is None for alpha in problem.alpha)


def test_under_autocast_the_unrolled_step_is_felt_and_its_difference_is_that_of_float32():
    problem = Tiny(0)
    for tensor in (*problem.weights, *problem.alpha):
        tensor.data = tensor.data.float()
    problem.data = [(inputs.float(), targets.float()) for inputs, targets in problem.data]
    step, found = WeightStep(lr=0.3), []
    for enabled in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            arguments = (problem.training, problem.validation, problem.weights, problem.alpha)
            found.append(unrolled(*arguments, step))
    assert error(found[1], found[0]) < 0.05
