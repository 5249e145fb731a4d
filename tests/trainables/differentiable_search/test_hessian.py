"""The dominant eigenvalue against dense eigenvalues of the whole Hessian."""

import pytest
import torch

from automl_on_ray.trainables.differentiable_search import dominant_eigenvalue


def generator():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("sign", [1, -1])
def test_it_is_the_largest_eigenvalue_in_size_of_the_whole_hessian(seed, sign):
    drawn = torch.Generator().manual_seed(seed)
    features = torch.randn(20, 12, generator=drawn, dtype=torch.float64)
    alpha = torch.randn(2, 6, generator=drawn, dtype=torch.float64).requires_grad_()

    def loss(a=alpha):
        return sign * (features @ a.flatten()).cosh().log().pow(2).mean()

    whole = torch.autograd.functional.hessian(loss, alpha).reshape(12, 12)
    values = torch.linalg.eigvalsh(whole)
    expected = values[values.abs().argmax()].item()
    assert dominant_eigenvalue(loss, [alpha], generator=generator()) == pytest.approx(
        expected, rel=1e-3
    )


def test_several_alphas_are_one_vector():
    a = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    c = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)

    def loss():
        return (a * torch.tensor([1.0, -7.0])).mul(a).sum() + a[0] * b[0] + 0.0 * c.pow(2).sum()

    # The Hessian's blocks: diagonal (2, -14), one mixed entry of 1, and zeros for c.
    found = dominant_eigenvalue(loss, [a, b, c], generator=generator())
    assert found == pytest.approx(-14, rel=1e-3)


def test_a_hessian_of_one_number_is_that_number():
    a = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    found = dominant_eigenvalue(lambda: 3 * a.pow(2).sum(), [a], generator=generator())
    assert found == pytest.approx(6)


@pytest.mark.parametrize("products", [1, 4, 8])
def test_few_products_make_an_estimate_from_below(products, monkeypatch):
    drawn = torch.Generator().manual_seed(1)
    basis = torch.linalg.qr(torch.randn(60, 60, generator=drawn, dtype=torch.float64)).Q
    values = torch.tensor([0.7**i for i in range(60)], dtype=torch.float64)  # as alpha's decay
    matrix = basis @ torch.diag(values) @ basis.T
    alpha = torch.zeros(60, dtype=torch.float64, requires_grad=True)
    taken = []
    gradient = torch.autograd.grad
    monkeypatch.setattr(
        torch.autograd, "grad", lambda *a, **k: taken.append(1) or gradient(*a, **k)
    )
    found = dominant_eigenvalue(
        lambda: alpha @ matrix @ alpha / 2, [alpha], generator=generator(), iterations=products
    )
    assert len(taken) <= 1 + products
    assert {1: 0.01, 4: 0.8, 8: 0.99}[products] < found <= 1 + 1e-9


def test_products_end_where_the_estimate_is_good_enough():
    alpha = torch.zeros(50, dtype=torch.float64, requires_grad=True)
    once = torch.ones(50, dtype=torch.float64)
    found = dominant_eigenvalue(
        lambda: (alpha @ once).pow(2) / 2, [alpha], generator=generator(), iterations=30
    )
    assert found == pytest.approx(50)


def test_the_hessian_of_a_line_is_nought():
    alpha = torch.zeros(5, requires_grad=True)
    scale = torch.ones(5, requires_grad=True)
    found = dominant_eigenvalue(
        lambda: (alpha * scale).sum() + 0 * alpha.pow(2).sum(), [alpha], generator=generator()
    )
    assert found == 0


def test_a_hessian_that_is_not_finite_has_no_eigenvalue():
    alpha = torch.zeros(5, requires_grad=True)
    found = dominant_eigenvalue(lambda: alpha.pow(1.5).sum(), [alpha], generator=generator())
    assert found != found
