"""What mixing weights are, what they cost no one else, and where their gradients go."""

import pytest
import torch

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.differentiable_search.relaxations import (
    RELAXATIONS,
    check_learned,
    concentration_of,
    find_relaxation,
    flatness,
    mixed,
    normalised_edges,
    two_inputs,
    zero_one,
)

ALPHA = torch.randn(14, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", RELAXATIONS)
def test_its_generator_alone_decides_and_no_one_elses_numbers_change(name):
    sample = find_relaxation(name).sample
    before = torch.get_rng_state()
    first, again = (sample(ALPHA, 0.5, generator(3)) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["softmax", "gumbel", "dirichlet", "uniform"])
def test_an_edges_weights_sum_to_one(name):
    relaxation = find_relaxation(name)
    for mixing in (relaxation.sample(ALPHA, 0.3, generator()), relaxation.expected(ALPHA)):
        torch.testing.assert_close(mixing.sum(1), torch.ones(14, dtype=torch.float64))


def test_gumbel_keeps_one_operation_an_edge_at_exactly_one():
    for dtype in (torch.float32, torch.float64):
        mixing = find_relaxation("gumbel").sample(ALPHA.to(dtype), 0.5, generator())
        assert torch.equal(mixing.sort(1).values[:, -1], torch.ones(14, dtype=dtype))
        assert (mixing != 0).sum() == 14


def test_gumbel_chooses_as_often_as_softmax_says():
    alpha = torch.tensor([[0.0, 1.0, 2.0]]).expand(20_000, 3)
    chosen = find_relaxation("gumbel").sample(alpha, 0.2, generator()).mean(0)
    expected = torch.tensor([0.0, 1.0, 2.0]).softmax(0)
    # Four standard errors of a share among 20,000 draws.
    assert ((chosen - expected).abs() < 4 * (expected * (1 - expected) / 20_000).sqrt()).all()


@pytest.mark.parametrize("progress", [0.0, 1.0])
def test_gumbels_gradient_sharpens_the_choice_that_was_made(progress):
    alpha = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    mixing = find_relaxation("gumbel").sample(alpha, progress, generator())
    chosen = int(mixing.argmax())
    (gradient,) = torch.autograd.grad(mixing[0, chosen], alpha)
    assert gradient[0, chosen] > 0
    assert gradient.sum().abs() < 1e-12


def test_dirichlet_samples_have_its_mean_and_the_gradient_of_it():
    alpha = torch.tensor([[0.5, -0.5, 1.0]], dtype=torch.float64, requires_grad=True)
    count = 20_000
    samples = find_relaxation("dirichlet").sample(alpha.expand(count, 3), 0.0, generator())
    expected = find_relaxation("dirichlet").expected(alpha)[0]
    errors = samples.std(0).detach() / count**0.5
    assert ((samples.mean(0) - expected).abs() < 4 * errors).all()
    per_sample = [
        torch.autograd.grad(samples[i::20].mean(0)[0], alpha, retain_graph=True)[0]
        for i in range(20)
    ]
    stacked = torch.cat(per_sample)
    (analytic,) = torch.autograd.grad(expected[0], alpha)
    # Four standard errors of the mean of 20 independent estimates.
    assert ((stacked.mean(0) - analytic[0]).abs() < 4 * stacked.std(0) / 20**0.5).all()


@pytest.mark.parametrize("name", [name for name in RELAXATIONS if RELAXATIONS[name].learned])
def test_operations_that_an_edge_lacks_are_mixed_with_nothing_and_learn_nothing(name):
    exists = torch.ones(14, 8, dtype=torch.bool)
    exists[2, 3:] = False
    exists[5, 0] = False
    exists[6, 0] = False
    alpha = ALPHA.clone().requires_grad_()
    relaxation = find_relaxation(name)
    for function in (lambda a: relaxation.sample(a, 0.5, generator()), relaxation.expected):
        mixing = mixed(function, alpha, exists)
        assert not mixing[~exists].any()
        gradient = torch.autograd.grad((mixing * ALPHA).sum(), alpha)[0]
        assert not gradient[~exists].any()
        assert gradient[exists].any()
    torch.testing.assert_close(
        mixed(relaxation.expected, alpha, exists)[0], relaxation.expected(alpha)[0]
    )


def test_uniform_takes_each_operation_as_often_whatever_alpha_says():
    alpha = torch.tensor([[0.0, 5.0, -5.0]]).expand(20_000, 3)
    drawn = find_relaxation("uniform").sample(alpha, 0.0, generator())
    assert torch.equal(drawn.sum(1), torch.ones(20_000))
    # Four standard errors of a share among 20,000 draws.
    assert ((drawn.mean(0) - 1 / 3).abs() < 4 * (2 / 9 / 20_000) ** 0.5).all()


def test_every_pair_of_a_nodes_inputs_is_drawn_as_often():
    nodes, draws, count = [2, 2, 3, 3, 3], generator(), 3000
    drawn = torch.stack([two_inputs(nodes, draws) for _ in range(count)])
    assert torch.equal(drawn[:, :2], torch.ones(count, 2))
    assert torch.equal(drawn[:, 2:].sum(1), torch.full((count,), 2.0))
    assert ((drawn[:, 2:].mean(0) - 2 / 3).abs() < 4 * (2 / 9 / count) ** 0.5).all()


def test_edge_weights_sum_to_one_into_each_node():
    nodes = [2, 2, 3, 3, 3]
    beta = torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0], requires_grad=True)
    weights = normalised_edges(beta, nodes)
    torch.testing.assert_close(weights[2:], torch.full((3,), 1 / 3))
    torch.testing.assert_close(weights[:2], torch.tensor([0.0, 1.0]).softmax(0))
    assert torch.autograd.grad(weights[0], beta)[0][2:].eq(0).all()


def test_flat_dirichlets_are_not_penalised_and_others_are():
    assert flatness(torch.zeros(3, 4)).abs() < 1e-6
    assert torch.allclose(concentration_of(torch.zeros(2, 2)), torch.ones(2, 2))
    assert flatness(torch.full((3, 4), 2.0)) > 0.1


def test_the_zero_one_loss_rewards_decisions():
    assert zero_one(torch.zeros(3, 4)) == 0
    assert zero_one(torch.full((3, 4), 20.0)).item() == pytest.approx(-0.25)


def test_a_relaxation_that_learns_no_cells_is_no_search():
    with pytest.raises(UserError, match="--evaluation one-shot"):
        check_learned("uniform")
    check_learned("gumbel")


def test_an_unknown_relaxation_is_answered_with_the_list():
    with pytest.raises(UserError, match=r"Unknown relaxation 'gumble'\. Did you mean 'gumbel'"):
        find_relaxation("gumble")
