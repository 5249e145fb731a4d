"""Zero-cost proxies: on networks so small that their values are known."""

import math
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from automl_on_ray.search_spaces.nas_bench_201 import EDGES, build, key, parse_architecture
from automl_on_ray.search_spaces.proxies import FORMULAS, NAMES, Batch, noise, score

DATA = os.environ.get("AUTOML_TEST_DATA")
EVERY = pytest.mark.parametrize("name", NAMES)
TINY = {"channels": 4, "cells_a_stage": 1}
CONVOLUTIONS = {**dict.fromkeys((key(*edge) for edge in EDGES), "nor_conv_3x3"), **TINY}


def linear(*rows):
    layer = nn.Linear(len(rows[0]), len(rows), bias=False)
    layer.weight.data = torch.tensor(rows, dtype=torch.float32)
    return layer


def batch(*images, labels=None):
    rows = torch.tensor(images, dtype=torch.float32)[:, :, None, None]
    return Batch(rows, torch.tensor(labels or [0] * len(images)))


FIRST, SECOND = [[1.0, -2.0], [3.0, 4.0], [0.0, -1.0]], [[1.0, -1.0, 2.0], [0.5, 0.0, 0.0]]


def flat(*layers):
    """A network of images (2, 1, 1)."""
    return nn.Sequential(nn.Flatten(), *layers)


def test_every_name_has_its_formula():
    assert tuple(FORMULAS) == NAMES


@pytest.mark.parametrize(
    "between", [[nn.ReLU()], [nn.BatchNorm1d(3), nn.ReLU()], [nn.GroupNorm(1, 3), nn.ReLU()]]
)
def test_synflow_is_the_flow_through_absolute_weights_and_no_normalisation(between):
    # |W1| 1 = (3, 7, 1); the columns of |W2| sum to (1.5, 1, 2). Each of two layers counts it.
    network = flat(linear(*FIRST), *between, linear(*SECOND))
    flow = 3 * 1.5 + 7 * 1 + 1 * 2
    assert score("synflow", network, batch([5.0, 5.0])) == pytest.approx(math.log(2 * flow))


def test_synflow_of_a_deep_network_does_not_overflow():
    layers = [linear(*(1e4 * torch.ones(8, 8)).tolist()) for _ in range(20)]
    network = flat(linear(*torch.ones(8, 2).tolist()), *layers)
    # Eight units of 2, then twenty times 8e4, in eight outputs; 21 layers.
    expected = math.log(2 * 8 * 21) + 20 * math.log(8e4)
    assert score("synflow", network, batch([1.0, 1.0])) == pytest.approx(expected)


def test_parameters_are_all_and_live_ones_those_that_the_output_depends_on():
    cell = {**CONVOLUTIONS, key(0, 2): "none", key(1, 2): "none", key(0, 1): "skip_connect"}
    network = build(cell, (3, 8, 8), 10)
    total = sum(weight.numel() for weight in network.parameters())
    assert score("parameters", network, noise((3, 8, 8), 10)) == total
    # Node 2 gets nothing, so the edge from it to node 3 is dead: a convolution in each stage.
    dead = sum(9 * width**2 for width in (4, 8, 16))
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    normalising = sum(weight.numel() for norm in norms for weight in norm.parameters())
    live = score("live_parameters", network, noise((3, 8, 8), 10))
    assert live == total - dead - normalising


def test_flops_are_two_for_each_multiplication():
    network = flat(linear(*FIRST), nn.ReLU(), linear(*SECOND))
    assert score("flops", network, batch([1.0, 1.0])) == 2 * (6 + 6)


def test_grad_norm_and_snip_go_by_the_gradient_of_the_cross_entropy():
    network, given = flat(linear([1.0, 2.0], [0.0, 1.0])), batch([1.0, 0.0], labels=[1])
    # Logits (1, 0); the gradient is (p - y) x, so its second column is 0.
    p = 1 / (1 + math.exp(-1))
    assert score("grad_norm", network, given) == pytest.approx(math.sqrt(2) * p)
    assert score("snip", network, given) == pytest.approx(1.0 * p)


def test_naswot_counts_the_units_on_which_images_agree():
    network = flat(linear([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]), nn.ReLU(), linear([1.0, 1.0, 1.0]))
    # On: all three units of the first image, two of the second: K = [[3, 2], [2, 3]].
    given = batch([1.0, 1.0], [2.0, -1.0])
    assert score("naswot", network, given) == pytest.approx(math.log(9 - 4))


def test_images_that_look_the_same_to_a_network_give_naswot_no_value():
    network = flat(linear([1.0, 0.0]), nn.ReLU())
    assert score("naswot", network, batch([1.0, 0.0], [2.0, 0.0])) == -math.inf


def test_jacov_goes_by_the_correlation_of_the_images_jacobians():
    # Linear, so all Jacobians are the same: the eigenvalues are 3, 0 and 0.
    network, k = flat(linear([1.0, 2.0])), 1e-5
    expected = -(math.log(3 + k) + 1 / (3 + k) + 2 * (math.log(k) + 1 / k))
    value = score("jacov", network, batch([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]))
    assert value == pytest.approx(expected, rel=1e-5)


@EVERY
@pytest.mark.parametrize(
    "cut", [(key(0, 3), key(1, 3), key(2, 3)), (key(0, 1), key(0, 2), key(0, 3))]
)
def test_a_dead_cell_scores_minus_infinity(name, cut):
    network = build({**CONVOLUTIONS, **dict.fromkeys(cut, "none")}, (1, 8, 8), 3)
    assert score(name, network, noise((1, 8, 8), 3)) == -math.inf


@EVERY
def test_a_network_is_not_changed_by_its_score(name):
    network = build(CONVOLUTIONS, (1, 8, 8), 3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = score(name, network, noise((1, 8, 8), 3))
    assert math.isfinite(first)
    assert score(name, network, noise((1, 8, 8), 3)) == first
    assert network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(weight.grad is None for weight in network.parameters())


@pytest.mark.whole
@pytest.mark.skipif(DATA is None, reason="needs AUTOML_TEST_DATA with nasbench201/")
def test_on_the_benchmark_proxies_rank_cells_by_their_accuracy():
    """40 cells, of which a rank correlation has a standard error of some 0.1.

    Each formula by known values, quickly: the tests before.
    """
    columns = ["architecture", "cifar10_test_accuracy_200"]
    path = Path(str(DATA)) / "nasbench201" / "nasbench201.parquet"
    table = pq.read_table(path, columns=columns).to_pydict()
    drawn = np.random.default_rng(0).choice(len(table["architecture"]), 40, replace=False)
    scores, given = {name: [] for name in NAMES}, noise((3, 16, 16), 10)
    for index in drawn:
        torch.manual_seed(0)
        cell = {**parse_architecture(table["architecture"][index]), "cells_a_stage": 1}
        network = build(cell, (3, 16, 16), 10)
        for name in NAMES:
            scores[name].append(score(name, network, given))
    accuracies = [table["cifar10_test_accuracy_200"][index] for index in drawn]
    found = {name: spearmanr(of, accuracies).statistic for name, of in scores.items()}
    assert min(found[name] for name in ("synflow", "naswot", "parameters", "flops")) > 0.6
    assert found["live_parameters"] > found["parameters"]
    assert found["jacov"] > 0.5
    assert min(found[name] for name in ("grad_norm", "snip")) > 0.3
