"""Cells as configs: what mixing weights derive to, and what is no cell."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.cells import (
    CELLS,
    EDGES,
    OPERATIONS,
    Edge,
    check_cells,
    decode,
    edges_of,
    from_edges,
    keys,
    one_hot_mixing,
    pairs,
)
from automl_on_ray.search_spaces.core import UserError

USABLE = OPERATIONS[1:]


@st.composite
def cells(draw):
    return {
        key: draw(st.sampled_from(USABLE if node is None else pairs(node))) for key, node in keys()
    }


@given(cells())
def test_a_config_is_what_its_one_hot_mixing_derives_to(config):
    check_cells(config)
    assert decode(one_hot_mixing(config, OPERATIONS), OPERATIONS) == config


@given(cells(), st.randoms())
def test_edges_in_any_order_are_one_config(config, random):
    shuffled = {cell: list(edges_of(config, cell)) for cell in CELLS}
    for edges in shuffled.values():
        random.shuffle(edges)
    assert from_edges(shuffled) == config


def test_each_node_keeps_its_two_strongest_edges_whatever_none_weighs():
    mixing = {cell: torch.full((14, 8), 0.01) for cell in CELLS}
    mixing["normal"][:, 0] = 0.9  # none
    for (source, node), column in {(1, 2): 4, (0, 2): 3, (2, 4): 5, (0, 4): 7}.items():
        mixing["normal"][EDGES.index((source, node)), column] = 0.5
    found = edges_of(decode(mixing, OPERATIONS), "normal")
    assert Edge(0, 2, "skip_connect") in found
    assert Edge(1, 2, "sep_conv_3x3") in found
    assert [edge for edge in found if edge.node == 4] == [
        Edge(0, 4, "dil_conv_5x5"),
        Edge(2, 4, "sep_conv_5x5"),
    ]
    # Nothing tells the other nodes' edges apart: the first two, with the first operation.
    assert [edge for edge in found if edge.node == 5] == [
        Edge(0, 5, "max_pool_3x3"),
        Edge(1, 5, "max_pool_3x3"),
    ]


def some_cell():
    generator = np.random.default_rng(0)
    return {
        key: str(generator.choice(USABLE if node is None else pairs(node))) for key, node in keys()
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normal_node3_inputs": None}, "lacks 'normal_node3_inputs'"),
        ({"normal_node6_op1": "skip_connect"}, "'normal_node6_op1', which is no key of a cell"),
        ({"normal_node2_op1": "none"}, "leaves the node without an input"),
        ({"reduction_node4_op2": "sep_conv_3x4"}, "Did you mean 'sep_conv_3x3'"),
        ({"normal_node4_inputs": "0-4"}, "normal_node4_inputs='0-4'; there are 0-1, 0-2, 0-3"),
    ],
)
def test_what_is_no_cell_is_refused_in_one_line(change, message):
    config = {key: value for key, value in {**some_cell(), **change}.items() if value}
    with pytest.raises(UserError, match=message) as refused:
        check_cells(config)
    assert "\n" not in str(refused.value)
