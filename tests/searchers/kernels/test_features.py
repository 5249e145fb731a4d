"""Members as rows: how far apart they are by their graphs, and by what else they chose."""

import pickle

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces import Condition, Graph, SearchSpace, nas_bench_201
from automl_on_ray.searchers.kernels import KERNELS, Features
from automl_on_ray.searchers.members import varying

MIXED = SearchSpace(
    "mixed",
    training={
        "kind": tune.choice(["a", "b", "c"]),
        "rate": tune.loguniform(1e-3, 1e1),
        "depth": tune.uniform(0, 1),
    },
    conditions={"depth": Condition("kind", ("a", "b"))},
)


def apart(space, kernel, one, other):
    features = Features(space, kernel)
    return features.rows([one]).distances(features.rows([other]))[:, 0, 0]


def test_members_of_any_space_are_apart_by_their_places_in_the_unit_cube():
    base = {"kind": "a", "rate": 1e-3, "depth": 0.5}
    assert apart(MIXED, "unit", base, base) == pytest.approx([0.0])
    assert apart(MIXED, "unit", base, {**base, "kind": "b"}) == pytest.approx([1.0])
    assert apart(MIXED, "unit", base, {**base, "rate": 1e-1}) == pytest.approx([0.25])
    inactive = {"kind": "c", "rate": 1e-3}
    assert apart(MIXED, "unit", base, inactive) == pytest.approx([1.0 + 1.0])
    assert apart(MIXED, "unit", {**base, "depth": 0.0}, inactive) == pytest.approx([2.0 + 0.25])


def cells(count):
    generator = np.random.default_rng(0)
    space = nas_bench_201.SPACE
    return [varying(space, space.sample(generator)) for _ in range(count)]


@pytest.mark.parametrize("kernel", ["wl", "paths"])
def test_graphs_are_apart_by_their_counts_and_training_parameters_are_a_part_of_their_own(kernel):
    space = nas_bench_201.SPACE
    members = cells(12)
    features = Features(space, kernel)
    first, rest = features.rows(members[:5]), features.rows(members)
    graphs, units = first.distances(rest)  # `rest` has met more features than `first`
    for row, one in enumerate(members[:5]):
        for column, other in enumerate(members):
            counts = [KERNELS[kernel](space.graph({**space.constants, **c})) for c in (one, other)]
            names = set(counts[0]) | set(counts[1])
            assert graphs[row, column] == sum((counts[0][n] - counts[1][n]) ** 2 for n in names)
            rates = [np.log(c["learning_rate"] / 1e-2) / np.log(30) for c in (one, other)]
            assert units[row, column] == pytest.approx((rates[0] - rates[1]) ** 2)
    assert (rest.distances(first) == first.distances(rest).transpose(0, 2, 1)).all()


def test_parts_of_rows_are_rows():
    features = Features(nas_bench_201.SPACE, "wl")
    rows = features.rows(cells(6))
    parts = rows.split(2, 0)
    assert [len(part.units) for part in parts] == [2, 0, 4]
    assert (parts[0].distances(parts[2]) == rows.distances(rows)[:, :2, 2:]).all()


def test_what_is_remembered_is_not_saved_and_changes_nothing():
    features = Features(nas_bench_201.SPACE, "wl")
    members = cells(30)
    features.rows(members[::-1])
    again = pickle.loads(pickle.dumps(features))
    assert len(pickle.dumps(features)) < len(pickle.dumps(nas_bench_201.SPACE)) + 1_000
    rows, fresh = features.rows(members), again.rows(members)
    assert (rows.distances(rows) == fresh.distances(fresh)).all()


def test_a_graph_that_shows_all_that_varies_is_the_only_part():
    space = SearchSpace(
        "chain", architecture={"op": tune.choice(["a", "b"])},
        graph=lambda config: Graph(("in", config["op"], "out"), ((0, 1), (1, 2))),
    )  # fmt: skip
    # in each of three rounds "op" is another label, and from the second on "out" too
    assert apart(space, "wl", {"op": "a"}, {"op": "b"}).tolist() == [2 * 3 + 2 * 2]
