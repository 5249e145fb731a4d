"""A text of a labelled graph that does not depend on the order of its nodes."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

Neighbours = list[tuple[tuple[int, ...], tuple[int, ...]]]  # of each node, before and after it


def least_text(labels: Sequence[str], edges: Sequence[tuple[int, int]]) -> str:
    """The least text of the graph in all orders of its nodes that refined colours leave open.

    Colours are refined by those of the neighbours. Where that leaves nodes alike, each of them in
    turn is told from the others, as in McKay and Piperno (2014), without their pruning: the time
    grows fast with the number of branches that could change places.
    """
    order = {label: rank for rank, label in enumerate(sorted(set(labels)))}
    neighbours = _neighbours(len(labels), edges)

    def least(colours: list[int]) -> str:
        colours = _refined(colours, neighbours)
        alike = [colour for colour, count in Counter(colours).items() if count > 1]
        if not alike:
            names = [label for _, label in sorted(zip(colours, labels, strict=True))]
            return f"{names}{sorted((colours[source], colours[node]) for source, node in edges)}"
        chosen = min(alike)
        # Nodes with the very same neighbours can change places: one of them will do.
        tried = {neighbours[n]: n for n, colour in enumerate(colours) if colour == chosen}
        return min(
            least([2 * c + (c == chosen and n != node) for n, c in enumerate(colours)])
            for node in tried.values()
        )

    return least([order[label] for label in labels])


def _refined(colours: list[int], neighbours: Neighbours) -> list[int]:
    """Ranks from 0 without gaps, as fine as neighbours tell; by colours, not by numbers."""
    while True:
        seen = [
            (colours[n], sorted(colours[m] for m in before), sorted(colours[m] for m in after))
            for n, (before, after) in enumerate(neighbours)
        ]
        ordered = sorted(seen)
        steps = [ordered[0], *(b for a, b in pairwise(ordered) if a != b)]
        finer = [steps.index(each) for each in seen]
        if finer == colours:
            return finer
        colours = finer


def _neighbours(count: int, edges: Sequence[tuple[int, int]]) -> Neighbours:
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for source, node in sorted(edges):
        before[node].append(source)
        after[source].append(node)
    return [(tuple(b), tuple(sorted(a))) for b, a in zip(before, after, strict=True)]
