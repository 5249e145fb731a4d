"""Labelled graphs of architectures: which are equal, and features that know no order."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from automl_on_ray.search_spaces import SKIP, Graph, darts, nas_bench_201
from automl_on_ray.search_spaces.cells import from_edges, keys
from automl_on_ray.search_spaces.cells.encoding import Edge
from automl_on_ray.search_spaces.core import UserError


@st.composite
def graphs(draw, labels=("a", "b", SKIP)):
    """Of up to five nodes between input and output, with edges that may be there twice."""
    between = draw(st.lists(st.sampled_from(labels), max_size=5))
    count = len(between) + 2
    pairs = list(itertools.combinations(range(count), 2))
    return Graph(("in", *between, "out"), tuple(draw(st.lists(st.sampled_from(pairs)))))


def renumbered(graph, order):
    """The same graph with its nodes in another order: where each node goes, `order` says."""
    labels = [""] * len(order)
    for node, place in enumerate(order):
        labels[place] = graph.labels[node]
    edges = [(order[source], order[node]) for source, node in graph.edges]
    return Graph(tuple(labels), tuple(edges))


def orders(graph):
    """Every order of the nodes that keeps the ends, and edges from lower to higher."""
    count = len(graph.labels)
    for middle in itertools.permutations(range(1, count - 1)):
        order = (0, *middle, count - 1)
        if all(order[source] < order[node] for source, node in graph.edges):
            yield order


def same_but_for_order(one, other):
    if Counter(one.labels) != Counter(other.labels) or len(one.edges) != len(other.edges):
        return False
    wanted = sorted(other.edges)
    count = len(one.labels)
    return any(
        all(one.labels[n] == other.labels[place] for n, place in enumerate(order))
        and sorted((order[s], order[n]) for s, n in one.edges) == wanted
        for middle in itertools.permutations(range(1, count - 1))
        for order in [(0, *middle, count - 1)]
    )


@given(graphs(), st.data())
def test_neither_the_order_of_nodes_nor_that_of_edges_means_anything(graph, data):
    order = data.draw(st.sampled_from(list(orders(graph))))
    other = renumbered(graph, order)
    other = Graph(other.labels, tuple(data.draw(st.permutations(other.edges))))
    assert other.canonical() == graph.canonical()
    assert other.wl_features() == graph.wl_features()
    assert other.paths() == graph.paths()


@given(graphs(labels=("a", "b")), graphs(labels=("a", "b")))
def test_the_canonical_form_is_equal_exactly_for_isomorphic_live_graphs(one, other):
    same = same_but_for_order(one.live(), other.live())
    assert (one.canonical() == other.canonical()) == same


@given(graphs(labels=("a",)), st.data())
def test_one_edge_moved_makes_another_graph_unless_it_is_isomorphic(graph, data):
    """Graphs that are nearly alike, as two at random seldom are."""
    assume(graph.edges)
    pairs = list(itertools.combinations(range(len(graph.labels)), 2))
    index = data.draw(st.integers(0, len(graph.edges) - 1))
    moved = data.draw(st.sampled_from(pairs))
    other = Graph(graph.labels, (*graph.edges[:index], moved, *graph.edges[index + 1 :]))
    same = same_but_for_order(graph.live(), other.live())
    assert (graph.canonical() == other.canonical()) == same


def test_graphs_whose_nodes_all_have_like_neighbours_are_told_apart():
    """Two rings of eight nodes and one of sixteen: refining alone cannot tell them apart."""

    def rings(*sizes):
        edges, first = [], 1
        for size in sizes:
            upper = range(first + size // 2, first + size)
            for lower in range(first, first + size // 2):
                edges += [(0, lower), (lower, upper[lower - first])]
                edges += [(lower, upper[(lower - first + 1) % len(upper)])]
            edges += [(one, 17) for one in upper]
            first += size
        return edges

    def graph(*sizes):  # nodes in two layers: all lower ones before all upper ones
        raw = rings(*sizes)
        return Graph(("in", *"a" * 16, "out"), tuple(raw))

    assert graph(8, 8).wl_features(6) == graph(16).wl_features(6)
    assert graph(8, 8).canonical() != graph(16).canonical()


@given(graphs(), st.sampled_from("ab"), st.booleans())
def test_a_dead_node_changes_nothing(graph, label, gets_input):
    last = len(graph.labels) - 1
    shifted = tuple((s, n + (n == last)) for s, n in graph.edges)
    dead = Graph(
        (*graph.labels[:-1], label, graph.labels[-1]),
        (*shifted, (0, last)) if gets_input else (*shifted, (last, last + 1)),
    )
    assert dead.live() == graph.live()
    assert dead.canonical() == graph.canonical()
    assert dead.wl_features() == graph.wl_features()


def test_a_skip_is_seen_through_by_the_canonical_form_but_is_a_node_to_kernels():
    direct = Graph(("in", "a", "out"), ((0, 1), (1, 2)))
    skipping = Graph(("in", SKIP, "a", "out"), ((0, 1), (1, 2), (2, 3)))
    assert skipping.canonical() == direct.canonical()
    assert skipping.wl_features() != direct.wl_features()
    twice = Graph(("in", SKIP, "out"), ((0, 1), (1, 2), (0, 2)))
    once = Graph(("in", "out"), ((0, 1),))
    assert twice.canonical() != once.canonical()  # the input twice is not the input


def test_features_are_counted_from_live_nodes():
    graph = Graph(("in", "a", "a", "b", "dead", "out"), ((0, 1), (0, 2), (1, 3), (2, 3), (3, 5)))
    assert graph.wl_features(1) == {
        "in": 1, "a": 2, "b": 1, "out": 1,
        "in()": 1, "a(in)": 2, "b(a,a)": 1, "out(b)": 1,
    }  # fmt: skip
    assert graph.paths() == {"a>b": 2}
    nothing = Graph(("in", "a", "out"), ((0, 1),))
    assert nothing.paths() == {}
    assert nothing.wl_features(0) == {"in": 1, "out": 1}


def test_a_graph_of_very_many_paths_lists_the_shortest():
    layers = [[0], *([2 * i + 1, 2 * i + 2] for i in range(16)), [33]]
    edges = [(s, n) for a, b in itertools.pairwise(layers) for s in a for n in b]
    labels = ("in", *(f"{'ab'[i % 2]}{i}" for i in range(32)), "out")
    paths = Graph(labels, (*edges, (0, 33))).paths()
    assert len(paths) <= 1_000
    assert paths[""] == 1


@pytest.mark.parametrize(
    ("labels", "edges", "message"),
    [
        (("in",), (), "an input and an output"),
        (("in", "out"), ((1, 0),), r"edge \(1, 0\) must go from a lower"),
        (("in", "out"), ((0, 2),), "2 nodes"),
    ],
)
def test_what_is_no_graph_is_refused(labels, edges, message):
    with pytest.raises(UserError, match=message):
        Graph(labels, edges)


@pytest.fixture(scope="module")
def cells():
    names = [nas_bench_201.key(*edge) for edge in nas_bench_201.EDGES]
    every = itertools.product(nas_bench_201.OPERATIONS, repeat=6)
    return [dict(zip(names, operations, strict=True)) for operations in every]


def test_nas_bench_201_has_the_benchmarks_classes_and_fewer_different_graphs(cells):
    """6,466 is what papers count; 5,425 graphs, as adding nothing is no difference there."""
    assert len({nas_bench_201.isomorphism_class(cell) for cell in cells}) == 6_466
    assert len({nas_bench_201.graph(cell).canonical() for cell in cells}) == 5_425


def nas_cell(*operations):
    names = {".": "none", "s": "skip_connect", "1": "nor_conv_1x1", "3": "nor_conv_3x3"}
    pairs = zip(nas_bench_201.EDGES, operations, strict=True)
    return nas_bench_201.graph({nas_bench_201.key(*edge): names[o] for edge, o in pairs})


def test_cells_of_nas_bench_201_are_equal_if_they_compute_the_same():
    # edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3
    assert nas_cell(*"3...3.").canonical() == nas_cell(*".3...3").canonical()
    assert nas_cell(*"3.s..3").canonical() == nas_cell(*"3...3.").canonical()
    assert nas_cell(*".....3").canonical() == nas_cell(*"333...").canonical()  # nothing comes out
    assert nas_cell(*"3.s.ss").canonical() != nas_cell(*"33..ss").canonical()  # shared, or two
    assert nas_cell(*"s..s..").canonical() == nas_cell(*"...s..").canonical()
    assert nas_cell(*"s...s.").canonical() == nas_cell(*"...s..").canonical()
    assert nas_cell(*"s..ss.").canonical() != nas_cell(*"...s..").canonical()


def test_what_else_the_architecture_varies_is_in_the_graph(cells):
    one = nas_bench_201.graph({**cells[-1], "channels": 4})
    assert one.canonical() != nas_bench_201.graph({**cells[-1], "channels": 8}).canonical()
    cell = darts.SPACE.sample(np.random.default_rng(0))
    changed = {**cell, "layers": cell["layers"] + 1}
    assert darts.SPACE.graph(cell).canonical() != darts.SPACE.graph(changed).canonical()


def darts_cell(operations, sources=((0, 1),) * 4):
    """Both cells alike: of each node two sources, and through what."""
    edges = [
        Edge(source, node, operation)
        for node, (pair, through) in enumerate(zip(sources, operations, strict=True), start=2)
        for source, operation in zip(pair, through, strict=True)
    ]
    return darts.SPACE.graph({**from_edges({"normal": edges, "reduction": edges})})


def test_darts_cells_whose_nodes_change_places_are_equal():
    one, two = ("sep_conv_3x3", "max_pool_3x3"), ("dil_conv_5x5", "skip_connect")
    first = darts_cell([one, two, one, one])
    assert darts_cell([two, one, one, one]).canonical() == first.canonical()
    assert darts_cell([two, two, one, one]).canonical() != first.canonical()
    swapped = darts_cell([one[::-1], two, one, one])
    assert swapped.canonical() != first.canonical()  # the two inputs are not alike


def test_a_darts_skip_is_one_only_where_images_keep_their_size():
    graph = darts_cell([("skip_connect", "skip_connect")] * 4, [(0, 1), (0, 2), (1, 2), (2, 3)])
    assert Counter(graph.labels)[SKIP] == 8 + 4  # the reduction's from its nodes alone
    assert sum(label == "reduction skip_connect /2" for label in graph.labels) == 4


def test_every_darts_cell_is_all_alive():
    generator = np.random.default_rng(1)
    for _ in range(20):
        config = darts.SPACE.sample(generator)
        graph = darts.SPACE.graph(config)
        unused = sum(label.split()[1:2] == ["input"] for label in graph.labels) - sum(
            label.split()[1:2] == ["input"] for label in graph.live().labels
        )
        assert len(graph.live().labels) == len(graph.labels) - unused
        assert set(config) >= {key for key, _ in keys()}
