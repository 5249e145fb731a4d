"""NAS-Bench-201: its own names of cells, its counts, and what is no cell of it."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from search_spaces._errors import UserError
from search_spaces._lookup import find
from search_spaces._nas_bench_cell import (
    KEYS,
    OPERATIONS,
    cell_lines,
    check_cell,
    from_text,
    reaches_output,
    to_text,
)
from search_spaces._nas_bench_drawing import draw_cell
from search_spaces._nas_bench_network import build
from search_spaces.nas_bench_201 import SPACE, space

CELLS = st.fixed_dictionaries({key: st.sampled_from(OPERATIONS) for key in KEYS})
# The best of the benchmark by CIFAR-10's test accuracy but one; index 9930.
GOOD = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"  # noqa: E501


def count(network):
    return sum(weight.numel() for weight in network.parameters())


def small(config):
    return build({**config, "channels": 4, "cells": 1}, (3, 8, 8), 5)


@given(CELLS)
def test_a_config_is_what_its_text_says(config):
    assert from_text(to_text(config)) == config


def test_the_text_is_the_benchmarks():
    config = from_text(GOOD)
    assert list(config) == list(KEYS)
    assert config["edge_0_3"] == "skip_connect"
    assert config["edge_2_3"] == "nor_conv_3x3"
    assert to_text(config) == GOOD


def test_inputs_of_a_node_may_come_in_any_order():
    shuffled = GOOD.replace(
        "|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
        "|nor_conv_3x3~2|skip_connect~0|nor_conv_3x3~1|",
    )
    assert shuffled != GOOD
    assert from_text(shuffled) == from_text(GOOD)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "writes a cell as"),
        ("|skip_connect~0|+|skip_connect~0|skip_connect~1|", "writes a cell as"),
        (GOOD.replace("nor_conv_3x3~2", "nor_conv_3x3~3"), "writes a cell as"),
        (GOOD + "+|none~0|", "writes a cell as"),
        (GOOD.replace("|nor_conv_3x3~2|", "|nor_conv_3x3~1|"), "input 1 twice"),
        (GOOD.replace("skip_connect", "skip_conect"), "Did you mean 'skip_connect'"),
    ],
)
def test_what_is_no_text_of_a_cell_is_refused_in_one_line(text, message):
    with pytest.raises(UserError, match=message) as refused:
        from_text(text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("operations", "classes", "parameters", "millions"),
    # The benchmark's largest and smallest: CIFAR-10, CIFAR-100; and index 9930, as it rounds it.
    [
        (["nor_conv_3x3"] * 6, 10, 1_531_546, 220.12),
        (["nor_conv_3x3"] * 6, 100, 1_537_396, 220.13),
        (["skip_connect"] * 6, 10, 73_306, 7.78),
        (["avg_pool_3x3"] * 6, 100, 79_156, 7.79),
        (list(from_text(GOOD).values()), 10, 1_288_506, 184.73),
    ],
)
def test_networks_have_the_benchmarks_numbers_of_weights_and_multiplications(
    operations, classes, parameters, millions
):
    network = build(dict(zip(KEYS, operations, strict=True)), (3, 32, 32), classes).eval()
    assert count(network) == parameters
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.zeros(1, 3, 32, 32))
    # PyTorch counts an addition, too; the benchmark counts the last layer's biases.
    multiplications = counter.get_total_flops() / 2 + classes
    assert round(multiplications / 1e6, 2) == millions


def test_341_of_the_15625_cells_have_no_way_through():
    # So many have the accuracy of guessing in all columns of the benchmark's table.
    cells = [
        dict(zip(KEYS, operations, strict=True))
        for operations in itertools.product(OPERATIONS, repeat=len(KEYS))
    ]
    assert len(cells) == 15_625
    assert sum(not reaches_output(cell) for cell in cells) == 341


@pytest.mark.parametrize(
    "text",
    [
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        # The output has an input, but that has none.
        "|none~0|+|none~0|skip_connect~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    ],
)
def test_a_cell_without_a_way_through_is_refused(text):
    with pytest.raises(UserError, match="no way from its input to its output") as refused:
        small(from_text(text))
    assert text in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edge_0_1": None}, "lacks 'edge_0_1'"),
        ({"edge_1_0": "none"}, "'edge_1_0', which is no edge"),
        ({"edge_0_2": "nor_conv_5x5"}, "Did you mean 'nor_conv_"),
        ({"edge_0_2": "sep_conv_3x3"}, "Unknown operation 'sep_conv_3x3' in edge_0_2"),
    ],
)
def test_what_is_no_cell_is_refused_in_one_line(change, message):
    config = {key: value for key, value in {**from_text(GOOD), **change}.items() if value}
    with pytest.raises(UserError, match=message) as refused:
        check_cell(config)
    assert "\n" not in str(refused.value)


def test_a_cell_of_one_skipped_edge_is_the_identity():
    only = dict.fromkeys(KEYS, "none")
    (cell,) = [m for m in small({**only, "edge_0_3": "skip_connect"}) if hasattr(m, "sources")][:1]
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(cell(x), x)


def test_a_node_is_the_sum_of_its_inputs():
    skips = dict.fromkeys(KEYS, "skip_connect")
    cell = next(m for m in small(skips) if hasattr(m, "sources"))
    x = torch.randn(2, 4, 8, 8)
    # Node 1 is x, node 2 twice that, and the output all three.
    torch.testing.assert_close(cell(x), 4 * x)


def test_a_node_without_inputs_is_black_and_what_follows_keeps_its_bias():
    only = dict.fromkeys(KEYS, "none")
    network = small({**only, "edge_0_3": "skip_connect", "edge_1_3": "nor_conv_1x1"})
    cell = next(m for m in network if hasattr(m, "sources"))
    norm = next(m for m in cell.modules() if isinstance(m, torch.nn.BatchNorm2d))
    torch.nn.init.constant_(norm.bias, 0.5)
    x = torch.randn(2, 4, 8, 8)
    torch.testing.assert_close(cell(x), x + 0.5)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (1, 25, 9), (3, 4, 4)])
def test_members_learn_something_of_images_of_even_and_odd_sides(shape):
    config = {**from_text(GOOD), "edge_0_1": "avg_pool_3x3", "edge_0_2": "nor_conv_1x1"}
    network = build({**config, "channels": 4, "cells": 1}, shape, 7)
    logits = network(torch.rand(4, *shape))
    assert logits.shape == (4, 7)
    logits.square().sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in network.parameters())


def test_images_too_small_for_the_reductions_are_refused():
    with pytest.raises(UserError, match="3 x 9 are too small"):
        build(from_text(GOOD), (1, 3, 9), 10)


def test_the_space_is_a_choice_and_has_the_benchmarks_size():
    assert find("search_spaces", "nas-bench-201", kind="space").SPACE is SPACE
    assert (SPACE.constants["channels"], SPACE.constants["cells"]) == (16, 5)
    member = {**SPACE.constants, **from_text(GOOD), "learning_rate": 0.1, "weight_decay": 5e-4}
    SPACE.check(member)


def test_draws_of_the_space_are_its_cells_and_its_size_is_asked_for():
    config = space(channels=4, cells=1).sample(np.random.default_rng(1))
    check_cell(config)
    assert count(build(config, (1, 8, 8), 5)) < 20_000


def test_text_for_terminals_has_a_line_a_node():
    config = from_text("|none~0|+|avg_pool_3x3~0|none~1|+|nor_conv_1x1~0|none~1|skip_connect~2|")
    assert cell_lines(config).splitlines() == [
        "node 1 = 0",
        "node 2 = avg_pool_3x3(input)",
        "output = nor_conv_1x1(input) + skip_connect(node 2)",
    ]


def test_a_drawing_names_nodes_and_operations_and_leaves_none_out():
    only = dict.fromkeys(KEYS, "none")
    svg = draw_cell({**only, "edge_0_3": "skip_connect", "edge_0_1": "nor_conv_3x3"}).decode()
    for word in ("input", "node 1", "node 2", "output"):
        assert f">{word}<" in svg
    assert svg.count(">skip connect<") == svg.count(">nor conv 3x3<") == 1
    assert ">none<" not in svg


def test_equal_cells_are_equal_files_and_others_are_not():
    config = from_text(GOOD)
    for kind in ("png", "svg"):
        assert draw_cell(config, kind) == draw_cell(dict(reversed(config.items())), kind)
        assert draw_cell(config, kind) != draw_cell({**config, "edge_0_1": "none"}, kind)
    assert draw_cell(config, "png").startswith(b"\x89PNG")
