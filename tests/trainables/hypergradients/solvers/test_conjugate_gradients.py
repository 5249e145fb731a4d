"""Conjugate gradients end where they have to."""

import torch

from automl_on_ray.trainables.hypergradients.solvers import ConjugateGradients
from tests.trainables.hypergradients.convex import Counted, drawn, error, matrix


def positive(size, seed=0):
    root = drawn(seed, size, size)
    return root @ root.T + torch.eye(size, dtype=torch.float64)


def test_as_many_iterations_as_unknowns_give_the_solution():
    hessian, right = positive(12), drawn(1, 12)
    found = ConjugateGradients(iterations=12, tolerance=0)(matrix(hessian), {"w": right})
    assert error(found["w"], torch.linalg.solve(hessian, right)) < 1e-10


def test_the_damping_is_added_to_the_hessian():
    hessian, right = positive(12), drawn(1, 12)
    damped = hessian + 3 * torch.eye(12, dtype=torch.float64)
    found = ConjugateGradients(iterations=12, damping=3)(matrix(hessian), {"w": right})
    assert error(found["w"], torch.linalg.solve(damped, right)) < 1e-10


def test_it_ends_at_the_tolerance():
    hessian, right = positive(40), drawn(1, 40)
    for tolerance in (1e-1, 1e-3, 1e-6):
        solver = Counted(ConjugateGradients(iterations=1000, tolerance=tolerance))
        found = solver(matrix(hessian), {"w": right})
        assert error(hessian @ found["w"], right) <= 2 * tolerance
        fewer = ConjugateGradients(iterations=solver.products - 1, tolerance=0)
        assert error(hessian @ fewer(matrix(hessian), {"w": right})["w"], right) > tolerance / 2


def test_it_ends_at_negative_curvature_with_what_it_has():
    hessian = torch.diag(torch.tensor([4.0, 1.0, -1.0]))
    right = torch.tensor([10.0, 10.0, 1.0])
    ten, one = (
        Counted(ConjugateGradients(iterations=iterations, tolerance=0)) for iterations in (10, 1)
    )
    found = ten(matrix(hessian), {"w": right})["w"]
    assert ten.products == 3
    before = ConjugateGradients(iterations=2, tolerance=0)(matrix(hessian), {"w": right})["w"]
    assert torch.equal(found, before)
    assert not torch.equal(found, one(matrix(hessian), {"w": right})["w"])


def test_it_gives_the_right_side_where_the_first_curvature_is_negative():
    right = {"w": drawn(1, 4)}
    solver = Counted(ConjugateGradients())
    assert solver(matrix(-positive(4)), right) is right
    assert solver.products == 1


def test_a_right_side_of_0_needs_no_product():
    solver = Counted(ConjugateGradients())
    found = solver(matrix(positive(4)), {"w": torch.zeros(4).double()})
    assert torch.equal(found["w"], torch.zeros(4).double())
    assert solver.products == 0
