"""Selection by perturbation keeps what the accuracy hangs on, whatever the weights are."""

import torch
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.cells import (
    CELLS,
    EDGES,
    OPERATIONS,
    edges_of,
    keys,
    one_hot_mixing,
    pairs,
)
from automl_on_ray.trainables.differentiable_search import select_by_perturbation


@st.composite
def cells(draw):
    return {
        key: draw(st.sampled_from(OPERATIONS[1:] if node is None else pairs(node)))
        for key, node in keys()
    }


@settings(max_examples=20, deadline=None)
@given(cells(), st.integers(0, 1000))
def test_the_operations_that_the_accuracy_hangs_on_are_kept(config, seed):
    needed = one_hot_mixing(config, OPERATIONS)
    generator = torch.Generator().manual_seed(seed)
    mixing = {cell: torch.rand(14, 8, generator=generator) for cell in CELLS}
    tuned = []

    def accuracy(left):
        """The share of the needed operations that are still there, others counting a little."""
        there = sum(float(((left[c] > 0) * needed[c]).sum()) for c in CELLS)
        others = sum(float((left[c] > 0).sum()) for c in CELLS)
        return there + 1e-4 * others

    found = select_by_perturbation(
        mixing, OPERATIONS, accuracy=accuracy, tune=tuned.append, generator=generator
    )
    assert found == config
    # After each of 28 edges, and after each of the 6 nodes that have more than two.
    assert len(tuned) == 28 + 6


def test_what_an_edge_lacks_is_never_chosen():
    generator = torch.Generator().manual_seed(0)
    mixing = {cell: torch.zeros(14, 8) for cell in CELLS}
    for cell in CELLS:
        mixing[cell][:, 0] = 0.9  # none
        mixing[cell][:, 3] = 0.1
    found = select_by_perturbation(
        mixing, OPERATIONS, accuracy=lambda left: 0.5, tune=lambda left: None, generator=generator
    )
    for cell in CELLS:
        edges = edges_of(found, cell)
        assert {edge.operation for edge in edges} == {"skip_connect"}
        assert all((edge.source, edge.node) in EDGES for edge in edges)
