"""Nyström's method is exact but for its damping, where the Hessian's rank is no larger."""

import pytest
import torch
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.hypergradients.solvers import Nystrom
from tests.trainables.hypergradients.convex import drawn, error, matrix


def of_rank(rank, size, seed):
    root = drawn(seed, size, rank)
    return root @ root.T


def solved(hessian, right, **options):
    generator = torch.Generator().manual_seed(0)
    return Nystrom(**options, generator=generator)(matrix(hessian), {"w": right})["w"]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 8), st.integers(0, 4), st.floats(-3, 0), st.integers(0, 1000))
def test_a_hessian_of_low_rank_is_inverted_exactly_with_its_damping(rank, more, log_rho, seed):
    hessian, right, rho = of_rank(rank, 40, seed), drawn(seed + 1, 40), 10**log_rho
    exact = torch.linalg.solve(hessian + rho * torch.eye(40, dtype=torch.float64), right)
    assert error(solved(hessian, right, rank=rank + more, rho=rho), exact) < 1e-8


@pytest.mark.parametrize("rho", [1e-1, 1e-3, 1e-6])
def test_within_the_range_of_a_hessian_of_low_rank_the_error_is_that_of_the_damping(rho):
    hessian = of_rank(5, 40, 0)
    right = hessian @ drawn(1, 40)
    exact = torch.linalg.pinv(hessian, hermitian=True, rtol=1e-10) @ right
    smallest = torch.linalg.eigvalsh(hessian)[-5]
    assert error(solved(hessian, right, rank=5, rho=rho), exact) < rho / smallest


@pytest.mark.parametrize("rho", [1e-1, 1e-2, 1e-3])
@pytest.mark.parametrize("seed", range(3))
def test_with_all_columns_the_error_is_that_of_the_damping(rho, seed):
    hessian = of_rank(30, 20, seed)
    right = drawn(seed + 1, 20)
    bound = 2 * rho / torch.linalg.eigvalsh(hessian)[0]
    found = solved(hessian, right, rank=50, rho=rho)
    assert error(found, torch.linalg.solve(hessian, right)) < bound


def test_negative_curvature_counts_as_none():
    hessian, right = torch.diag(torch.tensor([2.0, -1.0, 0.0]).double()), drawn(0, 3)
    found = solved(hessian, right, rank=3, rho=0.5)
    torch.testing.assert_close(found, right / torch.tensor([2.5, 0.5, 0.5]).double())


def test_the_generator_draws_the_columns():
    hessian, right = of_rank(30, 20, 0), drawn(1, 20)
    one, same = (solved(hessian, right, rank=3) for _ in range(2))
    assert torch.equal(one, same)
    solver = Nystrom(rank=3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(solver(matrix(hessian), {"w": right})["w"], one)
    assert not torch.equal(solver(matrix(hessian), {"w": right})["w"], one)


def test_several_tensors_of_any_shape_are_one_vector():
    hessian, right = of_rank(3, 6, 0), drawn(1, 6)

    def hvp(vector):
        image = hessian @ torch.cat([vector["a"].flatten(), vector["b"]])
        return {"a": image[:4].view(2, 2), "b": image[4:]}

    generator = torch.Generator().manual_seed(0)
    found = Nystrom(rank=4, generator=generator)(hvp, {"a": right[:4].view(2, 2), "b": right[4:]})
    expected = solved(hessian, right, rank=4)
    assert torch.equal(torch.cat([found["a"].flatten(), found["b"]]), expected)
