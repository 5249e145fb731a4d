"""The Neumann series nears the solution with each term."""

import pytest
import torch
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.hypergradients.solvers import Neumann
from tests.trainables.hypergradients.convex import drawn, error, matrix


def with_eigenvalues(values, seed):
    basis = torch.linalg.qr(drawn(seed, len(values), len(values))).Q
    return basis @ torch.diag(values) @ basis.T


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 20), st.floats(1, 1e3), st.floats(0.1, 1.9), st.integers(0, 1000))
def test_the_error_falls_with_each_term(size, condition, share, seed):
    """As long as the step size is below 2 / the largest eigenvalue, which is 1."""
    hessian = with_eigenvalues(torch.linspace(1 / condition, 1, size).double(), seed)
    right = drawn(seed + 1, size)
    exact = torch.linalg.solve(hessian, right)
    errors = [
        error(Neumann(share, terms)(matrix(hessian), {"w": right})["w"], exact)
        for terms in range(1, 12)
    ]
    for more, fewer in zip(errors[1:], errors, strict=False):
        assert more < fewer or more < 1e-13


@pytest.mark.parametrize("seed", range(5))
def test_500_terms_are_right_to_a_thousandth_at_condition_10(seed):
    hessian = with_eigenvalues(torch.logspace(-1, 0, 100).double(), seed)
    right = drawn(seed + 1, 100)
    found = Neumann(step_size=0.9, terms=500)(matrix(hessian), {"w": right})["w"]
    assert error(found, torch.linalg.solve(hessian, right)) < 1e-3


def test_a_single_term_is_the_right_side_times_the_step_size():
    right = drawn(0, 5)
    found = Neumann(step_size=0.1, terms=1)(matrix(torch.eye(5).double()), {"w": right})["w"]
    assert torch.equal(found, 0.1 * right)
