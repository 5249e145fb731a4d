"""Hypergradients at a minimum are those of the closed form, and cost what they say."""

import pytest
import torch
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.hypergradients import implicit
from automl_on_ray.trainables.hypergradients.solvers import (
    ConjugateGradients,
    Identity,
    Neumann,
    Nystrom,
)
from tests.trainables.hypergradients.convex import Counted, Logistic, Network, Ridge, error

SOLVERS = {
    "conjugate gradients": (ConjugateGradients(iterations=6, tolerance=0), 6),
    "neumann": (Neumann(step_size=0.1, terms=7), 6),
    "nystrom": (Nystrom(rank=6), 6),
    "identity": (Identity(), 0),
}


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.floats(1, 1e3), st.floats(-4, 0), st.integers(0, 1000))
def test_conjugate_gradients_find_the_closed_form_of_ridge_regression(
    features, condition, penalty, seed
):
    problem = Ridge(features, condition, (penalty, 0), seed)
    solver = ConjugateGradients(iterations=2 * features, tolerance=1e-12)
    found = implicit(*problem.arguments(), solver=solver)
    assert error(found.gradient["log_penalties"], problem.exact()) < 1e-8


@pytest.mark.parametrize("seed", range(3))
def test_conjugate_gradients_find_the_differences_of_a_logistic_regression(seed):
    problem = Logistic(3, 10, seed=seed)
    found = implicit(*problem.arguments(), solver=ConjugateGradients(iterations=12))
    differences = []
    for step in 1e-4 * torch.eye(3, dtype=torch.float64):
        above, below = (
            problem.loss({"w": problem.solved(problem.log_penalties + sign * step)}, problem.val)
            for sign in (1, -1)
        )
        differences.append((above - below) / 2e-4)
    assert error(found.gradient["log_penalties"], torch.stack(differences)) < 1e-5


@pytest.mark.parametrize("seed", range(5))
def test_a_long_neumann_series_finds_the_closed_form_of_ridge_regression(seed):
    problem = Ridge(50, 10, seed=seed)
    solver = Neumann(step_size=0.9 / 2, terms=500)  # eigenvalues: the Gram's and penalty's, <= 2
    found = implicit(*problem.arguments(), solver=solver)
    assert error(found.gradient["log_penalties"], problem.exact()) < 1e-3


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("condition", [1, 10, 1e3])
def test_the_identity_points_the_same_way_as_the_closed_form(condition, seed):
    problem = Ridge(50, condition, seed=seed)
    found = implicit(*problem.arguments(), solver=Identity()).gradient["log_penalties"]
    assert torch.cosine_similarity(found, problem.exact(), 0) > 0.5


@pytest.mark.parametrize("features", [8, 80])
@pytest.mark.parametrize("name", SOLVERS)
def test_products_are_as_many_as_said_for_however_many_hyperparameters(name, features):
    solver, products = SOLVERS[name]
    counted = Counted(solver)
    implicit(*Ridge(features, 10).arguments(), solver=counted)
    assert counted.products == products


@pytest.mark.parametrize("name", SOLVERS)
def test_the_training_loss_is_built_once(name):
    calls = []

    class Watched(Network):
        def train_loss(self, weights, hyper, batch):
            calls.append(batch)
            return super().train_loss(weights, hyper, batch)

    own = Watched()
    implicit(own, own.start, own.hyper, own.train, own.val, solver=SOLVERS[name][0])
    assert len(calls) == 1


def test_it_gives_the_validation_loss_and_leaves_its_arguments_as_they_were():
    own = Network()
    found = implicit(own, own.start, own.hyper, own.train, own.val, solver=Identity())
    assert found.loss == own.val_loss(own.start, own.val)
    assert found.state == {}
    for tensor in (found.loss, *found.weights.values(), *found.gradient.values()):
        assert not tensor.requires_grad
    for tensor in (*own.start.values(), *own.hyper.values()):
        assert not tensor.requires_grad


def test_what_the_training_loss_does_not_depend_on_has_a_hypergradient_of_0():
    own = Network()
    hyper = {**own.hyper, "unused": torch.ones(3).double()}
    found = implicit(own, own.start, hyper, own.train, own.val, solver=Identity())
    assert torch.equal(found.gradient["unused"], torch.zeros(3).double())


class Attentive(Network):
    """Rows attend to each other before they are judged."""

    def losses(self, weights, batch):
        inputs, labels = batch
        rows = (inputs @ weights["one.w"])[None]
        attended = torch.nn.functional.scaled_dot_product_attention(rows, rows, rows)[0]
        return torch.nn.functional.cross_entropy(
            attended @ weights["two.w"], labels, reduction="none"
        )


def test_attention_has_second_derivatives():
    own, solver = Attentive(), ConjugateGradients(iterations=3, damping=10)
    found = implicit(own, own.start, own.hyper, own.train, own.val, solver=solver)
    assert found.gradient["examples"].abs().min() > 0


def test_autocast_makes_no_difference():
    own = Network()
    weights = {name: tensor.float() for name, tensor in own.start.items()}
    hyper = {name: tensor.float() for name, tensor in own.hyper.items()}
    batches = [(inputs.float(), labels) for inputs, labels in (own.train, own.val)]
    apart = implicit(own, weights, hyper, *batches, solver=Identity())
    with torch.autocast("cpu", torch.bfloat16):
        within = implicit(own, weights, hyper, *batches, solver=Identity())
    assert torch.equal(apart.gradient["examples"], within.gradient["examples"])


def test_weights_of_half_precision_are_refused():
    own = Network()
    weights = {**own.start, "one.w": own.start["one.w"].bfloat16()}
    with pytest.raises(ValueError, match=r"one\.w is torch\.bfloat16"):
        implicit(own, weights, own.hyper, own.train, own.val, solver=Identity())
