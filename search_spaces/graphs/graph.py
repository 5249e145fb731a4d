"""An architecture as a labelled graph: what tells equal ones, and how alike two are."""

from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.graphs.ordering import least_text

SKIP = "skip"  # the label of a node that passes on what it gets
MAX_PATHS = 1_000  # of one node: a graph may have more than can be listed
Edge: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Graph:
    """Nodes by their labels, the input first and the output last, and edges from lower to higher.

    A node takes the sum of what its edges bring, or whatever its label says; the order of edges
    means nothing. An edge may be there twice: its source counts twice. A node labelled `SKIP`
    passes on what it gets: `canonical` sees through it. UserError for what is no such graph.
    """

    labels: tuple[str, ...]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        if len(self.labels) < 2:
            raise UserError(f"A graph needs an input and an output, but has {len(self.labels)}.")
        for source, node in self.edges:
            if not 0 <= source < node < len(self.labels):
                raise UserError(
                    f"A graph's edge ({source}, {node}) must go from a lower to a higher of its "
                    f"{len(self.labels)} nodes, which count from 0."
                )

    def live(self) -> "Graph":
        """Without nodes that are on no way from the input to the output; these two always stay."""
        output = len(self.labels) - 1
        reached, used = {0}, {output}
        for source, node in sorted(self.edges, key=lambda edge: edge[1]):
            if source in reached:
                reached.add(node)
        for source, node in sorted(self.edges, key=lambda edge: -edge[0]):
            if node in used:
                used.add(source)
        return self._only((reached & used) | {0, output})

    def canonical(self) -> str:
        """Equal for two graphs exactly if their live parts are the same but for the nodes' order.

        Skips are no nodes here: their edges go on to where they lead.
        """
        graph = self.live()._without_skips()
        last = len(graph.labels) - 1
        kinds = [f"{label} {'in' if n == 0 else 'out' if n == last else ''}"
                 for n, label in enumerate(graph.labels)]  # fmt: skip
        return least_text(kinds, graph.edges)

    def wl_features(self, depth: int = 2) -> Counter[str]:
        """How often each label is there, and each with those before it, to `depth` steps back.

        The features of the Weisfeiler-Lehman kernel (Shervashidze et al. 2011) along the edges, of
        the live nodes; skips are nodes.
        """
        graph = self.live()
        labels = list(graph.labels)
        found = Counter(labels)
        for _ in range(depth):
            before: list[list[str]] = [[] for _ in labels]
            for source, node in graph.edges:
                before[node].append(labels[source])
            labels = [
                f"{label}({','.join(sorted(sources))})"
                for label, sources in zip(graph.labels, before, strict=True)
            ]
            found.update(labels)
        return found

    def paths(self) -> Counter[str]:
        """How many ways from the input to the output have these labels (White et al. 2021).

        Of more than 1,000 that differ, those with the fewest nodes.
        """
        graph = self.live()
        ways: list[Counter[tuple[str, ...]]] = [Counter() for _ in graph.labels]
        ways[0][()] = 1
        for source, node in sorted(graph.edges):
            label = () if node == len(graph.labels) - 1 else (graph.labels[node],)
            for way, count in _fewest(ways[source]):
                ways[node][(*way, *label)] += count
        return Counter({">".join(way): count for way, count in _fewest(ways[-1])})

    def _only(self, kept: set[int]) -> "Graph":
        number = {node: new for new, node in enumerate(sorted(kept))}
        labels = tuple(self.labels[node] for node in number)
        edges = ((number[s], number[n]) for s, n in self.edges if s in number and n in number)
        return Graph(labels, tuple(edges))

    def _without_skips(self) -> "Graph":
        sources: list[list[int]] = [[] for _ in self.labels]  # seen through skips
        passed = {n for n, label in enumerate(self.labels[1:-1], start=1) if label == SKIP}
        for source, node in sorted(self.edges):
            sources[node] += sources[source] if source in passed else [source]
        edges = tuple((s, n) for n, into in enumerate(sources) for s in into if n not in passed)
        return Graph(self.labels, edges)._only(set(range(len(self.labels))) - passed)


def _fewest(ways: Counter[tuple[str, ...]]) -> list[tuple[tuple[str, ...], int]]:
    if len(ways) <= MAX_PATHS:
        return list(ways.items())
    return sorted(ways.items(), key=lambda way: (len(way[0]), way[0]))[:MAX_PATHS]
