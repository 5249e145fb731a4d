"""NAS-Bench-201's cells: its text form, its networks' sizes, and what is refused."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.nas_bench_201 import (
    EDGES,
    OPERATIONS,
    SPACE,
    architecture_text,
    build,
    key,
    parse_architecture,
)

DATA = os.environ.get("AUTOML_TEST_DATA")
CONVOLUTIONS = dict.fromkeys((key(*edge) for edge in EDGES), "nor_conv_3x3")


@given(st.tuples(*(st.sampled_from(OPERATIONS) for _ in EDGES)))
def test_an_architectures_text_comes_back_as_its_config(operations):
    config = {key(*edge): o for edge, o in zip(EDGES, operations, strict=True)}
    assert parse_architecture(architecture_text(config)) == config


@pytest.mark.parametrize(
    ("operation", "weights"),
    # What the benchmark states for these two: 1.531546 and 0.073306 million.
    [("nor_conv_3x3", 1_531_546), ("skip_connect", 73_306)],
)
def test_networks_have_the_benchmarks_numbers_of_weights(operation, weights):
    config = dict.fromkeys(CONVOLUTIONS, operation)
    network = build(config, (3, 32, 32), 10)
    assert sum(weight.numel() for weight in network.parameters()) == weights


@pytest.mark.parametrize("side", [4, 9, 28])
def test_a_smaller_network_takes_even_and_odd_sides(side):
    config = {**CONVOLUTIONS, key(0, 1): "none", key(0, 2): "avg_pool_3x3", "channels": 4}
    network = build({**config, "cells_a_stage": 1}, (1, side, side), 7)
    assert network(torch.zeros(2, 1, side, side)).shape == (2, 7)


def test_its_default_member_is_one():
    SPACE.check({**SPACE.constants, **CONVOLUTIONS, "learning_rate": 0.1})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({key(0, 1): None}, "lacks 'edge_0_1'"),
        ({"edge_1_0": "none"}, "Cell config has 'edge_1_0'"),
        ({key(1, 3): "nor_conv_3x4"}, "Did you mean 'nor_conv_3x3'"),
    ],
)
def test_what_is_no_cell_is_refused_in_one_line(change, message):
    config = {k: v for k, v in {**CONVOLUTIONS, **change}.items() if v}
    with pytest.raises(UserError, match=message) as refused:
        build(config, (3, 32, 32), 10)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "cut", [(key(0, 3), key(1, 3), key(2, 3)), (key(0, 1), key(0, 2), key(0, 3))]
)
def test_a_cell_whose_output_gets_nothing_answers_all_images_alike(cut):
    config = {**CONVOLUTIONS, **dict.fromkeys(cut, "none"), "channels": 4, "cells_a_stage": 1}
    network = build(config, (1, 8, 8), 3)
    logits = network(torch.randn(5, 1, 8, 8))
    torch.testing.assert_close(logits, logits[:1].expand(5, 3))
    logits.sum().backward()


@pytest.mark.parametrize(
    "text", ["", "|none~0|", "|nor_conv_7x7~0|+|none~0|none~1|+|none~0|none~1|none~2|"]
)
def test_what_is_no_architecture_is_answered_with_an_example(text):
    with pytest.raises(UserError, match="cannot be read; write it as"):
        parse_architecture(text)


@pytest.mark.skipif(DATA is None, reason="needs AUTOML_TEST_DATA with nasbench201/")
def test_all_architectures_of_the_benchmark_are_members_and_no_two_alike():
    path = Path(str(DATA)) / "nasbench201" / "nasbench201.parquet"
    texts = pq.read_table(path, columns=["architecture"])["architecture"].to_pylist()
    configs = [parse_architecture(text) for text in texts]
    assert len({tuple(config.values()) for config in configs}) == 5**6
    assert [architecture_text(config) for config in configs] == texts
