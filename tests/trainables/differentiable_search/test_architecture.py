"""What cells the architecture parameters stand for."""

import pytest
import torch

from automl_on_ray.search_spaces.cells import (
    CELLS,
    NONE,
    OPERATIONS,
    check_cells,
    decode,
    edges_of,
    one_hot_mixing,
)
from automl_on_ray.trainables.differentiable_search import Architecture
from automl_on_ray.trainables.differentiable_search.relaxations import expected_dirichlet

SURE = [9.0] + [0.0] * 6
# Largest share of the softmax 0.74 and 0.39, of the Dirichlet's mean 0.22 and 0.37.
STEEP, FLAT = [5.0] + [2.0] * 6, [0.5] + [-1.0] * 6


@pytest.mark.parametrize("relaxation", ["softmax", "dirichlet"])
def test_edges_are_ranked_by_the_softmax_of_alpha(relaxation):
    architecture = Architecture(
        OPERATIONS[1:], relaxation=relaxation, generator=torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        for row, alphas in ((2, STEEP), (3, FLAT), (4, SURE)):  # into node 3, from 0, 1 and 2
            architecture.alpha["normal"][row] = torch.tensor(alphas)

    edges = [edge for edge in edges_of(architecture.derived(), "normal") if edge.node == 3]

    assert [edge.source for edge in edges] == [0, 2]


def test_the_mean_of_a_dirichlet_would_rank_them_otherwise():
    steep, flat = expected_dirichlet(torch.tensor([STEEP, FLAT])).max(1).values
    assert flat > steep


def test_a_uniform_sample_is_the_mixing_of_a_derived_cell():
    generator = torch.Generator().manual_seed(0)
    architecture = Architecture(OPERATIONS, relaxation="uniform", generator=generator)
    with torch.no_grad():
        architecture.alpha["normal"][:, OPERATIONS.index(NONE)] = 9.0
    drawn = [architecture.sample(0.0, generator)[0] for _ in range(50)]
    for mixing in drawn:
        cell = decode(mixing, OPERATIONS)
        check_cells(cell)
        again = one_hot_mixing(cell, OPERATIONS)
        assert all(torch.equal(mixing[name], again[name]) for name in CELLS)
    assert len({str(decode(mixing, OPERATIONS)) for mixing in drawn}) == 50
