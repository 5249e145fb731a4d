"""The supernet does what one module a candidate operation and edge would do."""

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.supernet import Supernet
from automl_on_ray.search_spaces.supernet.arithmetic import (
    from_quarters,
    grid_of,
    matrix,
    normalised,
    to_quarters,
)
from automl_on_ray.search_spaces.supernet.edge_inputs import State
from automl_on_ray.trainables.differentiable_search.memory_forecast import Live
from benchmarks.supernets._usual_supernet import UsualSupernet, copy_weights

DARTS = (
    "none", "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
)  # fmt: skip
CELLS = ("normal", "reduction")


def logits_of_mixing(operations=DARTS, seed=1, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(14, len(operations), generator=generator, dtype=dtype).requires_grad_()
        for _ in CELLS
    ]


def softmax_of(alphas: list[Tensor]) -> dict[str, Tensor]:
    return {name: alpha.softmax(1) for name, alpha in zip(CELLS, alphas, strict=True)}


def pair(side=16, partial=1, layers=4, channels=4):
    """The supernet and the usual form of it, with the same weights, in double precision."""
    torch.manual_seed(0)
    mine = Supernet(
        (3, side, side), 10, operations=DARTS, channels=channels, layers=layers, partial=partial
    ).double()
    usual = UsualSupernet(
        3, 10, operations=DARTS, channels=channels, layers=layers, partial=partial
    ).double()
    copy_weights(mine, usual)
    generator = torch.Generator().manual_seed(2)
    images = torch.randn(6, 3, side, side, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 10, (6,), generator=generator)
    return mine, usual, images, labels


def relative(a: Tensor, b: Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


def test_the_supernet_of_the_paper_has_its_number_of_weights():
    supernet = Supernet((3, 32, 32), 10, operations=DARTS, channels=16, layers=8)
    assert sum(weight.numel() for weight in supernet.parameters()) == 1_930_618


@pytest.mark.parametrize("side", [16, 14, 9])
def test_it_equals_the_usual_form_in_value_and_in_both_gradients(side):
    mine, usual, images, labels = pair(side)
    found = []
    for network in (mine, usual):
        alphas = logits_of_mixing()
        loss = F.cross_entropy(network(images, softmax_of(alphas)), labels)
        loss.backward()
        found.append((loss.detach(), [alpha.grad for alpha in alphas]))
    (my_loss, my_gradients), (loss, gradients) = found
    assert relative(my_loss, loss) < 1e-12
    for my_gradient, gradient in zip(my_gradients, gradients, strict=True):
        assert relative(my_gradient, gradient) < 1e-9

    # Weights' gradients, brought into the usual form by the way that weights are.
    theirs = [weight.grad.clone() for weight in usual.parameters()]
    with torch.no_grad():
        for weight in mine.parameters():
            weight.copy_(weight.grad)
    copy_weights(mine, usual)
    for my_gradient, gradient in zip(usual.parameters(), theirs, strict=True):
        assert (my_gradient - gradient).abs().max() < 1e-9


@pytest.mark.parametrize("partial", [2, 4])
def test_partial_channels_with_edge_weights_equal_the_usual_form(partial):
    mine, usual, images, _ = pair(partial=partial)
    alphas = logits_of_mixing()
    edges = {name: torch.rand(14, dtype=torch.float64) + 0.1 for name in CELLS}
    outputs = [network(images, softmax_of(alphas), edges) for network in (mine, usual)]
    assert relative(*outputs) < 1e-10


def test_it_can_be_differentiated_twice():
    mine, usual, images, labels = pair(side=8, layers=3)
    found = []
    for network in (mine, usual):
        alphas = logits_of_mixing()
        loss = F.cross_entropy(network(images, softmax_of(alphas)), labels)
        gradients = torch.autograd.grad(loss, alphas, create_graph=True)
        size = sum((gradient**2).sum() for gradient in gradients)
        found.append(torch.autograd.grad(size, alphas))
    for mine_twice, usual_twice in zip(*found, strict=True):
        assert relative(mine_twice, usual_twice) < 1e-8


@pytest.mark.parametrize("side", [16, 9])
def test_recomputing_changes_no_bit_and_keeps_less(side):
    found, kept = [], []
    for recompute in (False, True):
        torch.manual_seed(0)
        network = Supernet(
            (3, side, side), 10, operations=DARTS, channels=4, layers=4, recompute=recompute
        )
        alphas = logits_of_mixing(dtype=torch.float32)
        with Live() as live:
            output = network(torch.ones(6, 3, side, side).cumsum(3), softmax_of(alphas)).square()
            kept.append(live.now)
        gradients = torch.autograd.grad(output.sum(), alphas, create_graph=True)
        size = sum(gradient.square().sum() for gradient in gradients)
        found.append([*gradients, *torch.autograd.grad(size, alphas)])
    for without, recomputed in zip(*found, strict=True):
        assert torch.equal(without, recomputed)
    assert kept[1] < kept[0] / 2


@pytest.mark.parametrize("inputs", ["alpha", "everything"])
def test_a_pass_leaves_no_tensor_behind(inputs):
    mine, _, images, labels = pair(layers=3)
    alphas = logits_of_mixing()
    wanted = alphas if inputs == "alpha" else [*alphas, *mine.parameters()]
    with Live() as live:
        loss = F.cross_entropy(mine(images, softmax_of(alphas)), labels)
        torch.autograd.grad(loss, wanted)
        del loss
        assert live.now == 0


def test_in_bfloat16_loss_and_gradients_stay_close():
    torch.manual_seed(0)
    network = Supernet((3, 16, 16), 10, operations=DARTS, channels=8, layers=3)
    alphas = logits_of_mixing(dtype=torch.float32)
    # Images far from 0, for the covariance is a difference of squares.
    images, labels = 3 + torch.randn(16, 3, 16, 16), torch.randint(0, 10, (16,))
    found = []
    for enabled in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            loss = F.cross_entropy(network(images, softmax_of(alphas)), labels)
            gradients = torch.autograd.grad(loss, alphas)
        found.append((loss, torch.cat(gradients).flatten()))
    (exact, gradient), (rounded, near) = found
    assert abs(rounded - exact) < 0.01 * exact
    assert F.cosine_similarity(gradient, near, dim=0) > 0.95


def test_statistics_of_bfloat16_are_as_exact_as_of_float32():
    torch.manual_seed(0)
    x = (20 + torch.randn(64, 8, 8, 8)).bfloat16().contiguous(memory_format=torch.channels_last)
    weight = torch.randn(8, 4, 1, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = normalised(x, weight, 2)
    for rounded, exact in zip(found[1:], normalised(x.float(), weight, 2)[1:], strict=True):
        torch.testing.assert_close(rounded, exact)


def test_one_path_an_edge_costs_less_and_is_the_same():
    mine, _, images, _ = pair()
    generator = torch.Generator().manual_seed(3)
    one_hot = {
        name: F.one_hot(torch.randint(0, 8, (14,), generator=generator), 8).double()
        for name in CELLS
    }
    flops, outputs = [], []
    for sparse in (False, True):
        with FlopCounterMode(display=False) as counter:
            outputs.append(mine(images, one_hot, sparse=sparse))
        flops.append(counter.get_total_flops())
    assert flops[1] < flops[0] / 3
    torch.testing.assert_close(*outputs)


def test_an_edge_without_an_operation_has_no_weights_for_it():
    exists = {name: torch.ones(14, 8, dtype=torch.bool) for name in CELLS}
    exists["normal"][3, 5] = False  # sep_conv_5x5
    torch.manual_seed(0)
    whole = Supernet((3, 16, 16), 10, operations=DARTS, channels=4, layers=4)
    fewer = Supernet((3, 16, 16), 10, operations=DARTS, channels=4, layers=4, exists=exists)

    def count(network):
        return sum(weight.numel() for weight in network.parameters())

    # Two normal cells follow, with 4 * 2 and 4 * 1 channels: see the reductions' places.
    channels = [cell.nodes[0][0].weights["sep_conv_5x5:0"].shape[0] // 2
                for cell in whole.cells if cell.name == "normal"]  # fmt: skip
    assert count(whole) - count(fewer) == sum(2 * (25 * c + c * c) for c in channels)
    mixing = softmax_of(logits_of_mixing(dtype=torch.float32))
    mixing["normal"] = mixing["normal"] * exists["normal"]
    assert fewer(torch.randn(4, 3, 16, 16), mixing).isfinite().all()


def test_noise_has_the_mean_and_the_spread_of_its_mixing_weights():
    torch.manual_seed(0)
    supernet = Supernet((3, 32, 32), 10, operations=("noise",), channels=8, layers=3)
    edges = supernet.cells[0].nodes[0][0]
    states = [State(torch.zeros(32, 8, 32, 32)) for _ in range(2)]
    weights = torch.full((14, 1), 0.5)
    sums = edges(states, weights, None)
    count = sums.numel()
    # Two edges of 0.5 each: variance 0.5. Bounds are four standard errors.
    assert abs(sums.mean()) < 4 * (0.5 / count) ** 0.5
    assert abs(sums.var() - 0.5) < 4 * 0.5 * (2 / count) ** 0.5


def test_images_too_small_for_the_reductions_are_refused():
    with pytest.raises(UserError, match="6 x 6 are too small for 2 reductions"):
        Supernet((1, 6, 6), 10, operations=DARTS, channels=4, layers=3)


@settings(max_examples=30, deadline=None)
@given(st.tuples(*(st.integers(1, 3) for _ in range(4))), st.integers(0, 99))
def test_quarters_of_images_come_back_whole(sizes, seed):
    batch, channels, rows, columns = sizes
    images = torch.randn(
        batch, channels, 2 * rows, 2 * columns, generator=torch.Generator().manual_seed(seed)
    )
    images = images.contiguous(memory_format=torch.channels_last)
    back = from_quarters(matrix(to_quarters(images)), grid_of(images))
    assert torch.equal(back, matrix(images))
