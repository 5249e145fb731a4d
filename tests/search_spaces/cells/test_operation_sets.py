"""Sets of operations: by name, edge by edge, listed, and refused."""

import pytest

from automl_on_ray.search_spaces.cells import CELLS, EDGES, OPERATIONS
from automl_on_ray.search_spaces.cells.operation_sets import NAMES, operation_set
from automl_on_ray.search_spaces.core import UserError


def test_the_papers_set_has_its_eight_operations_on_every_edge():
    assert operation_set("darts").names == OPERATIONS
    assert operation_set("darts").exists is None
    assert operation_set("darts").derivable == OPERATIONS[1:]


def test_s1_has_two_operations_an_edge_and_other_ones_in_each_cell():
    found = operation_set("S1")
    assert found.exists is not None
    for cell in CELLS:
        assert found.exists[cell].sum(1).tolist() == [2] * len(EDGES)

    # The first edges of Zela et al.'s table, and the last.
    def names(cell, edge):
        return {n for n, has in zip(found.names, found.exists[cell][edge], strict=True) if has}

    assert names("normal", 0) == {"skip_connect", "dil_conv_3x3"}
    assert names("normal", 13) == {"dil_conv_3x3", "dil_conv_5x5"}
    assert names("reduction", 6) == {"max_pool_3x3", "sep_conv_3x3"}


@pytest.mark.parametrize("name", NAMES)
def test_every_named_set_leaves_something_to_derive(name):
    assert operation_set(name).derivable


def test_operations_may_be_listed():
    assert operation_set("sep_conv_3x3, skip_connect").names == ("sep_conv_3x3", "skip_connect")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sep_conv_3x4", "Unknown operation 'sep_conv_3x4'. Did you mean 'sep_conv_3x3'"),
        ("s5", "Unknown operation 's5'"),
        ("none", "leave every node without an input"),
        ("", "leave every node without an input"),
        ("skip_connect,skip_connect", "name one twice"),
    ],
)
def test_what_is_no_set_is_refused_in_one_line(text, message):
    with pytest.raises(UserError) as refused:
        operation_set(text)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
