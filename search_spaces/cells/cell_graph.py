"""Both of DARTS's cells as one labelled graph."""

from automl_on_ray.search_spaces.cells.encoding import CELLS, FIRST, NODES, edges_of
from automl_on_ray.search_spaces.cells.network import DEFAULTS
from automl_on_ray.search_spaces.domains import Config
from automl_on_ray.search_spaces.graphs import SKIP, Graph


def graph(config: Config) -> Graph:
    """The input, then each cell's inputs, operations and nodes, then the output.

    A node adds up two operations, and a cell's output joins its nodes, in whatever order. In a
    reduction a skip from a cell's input is none: it halves the images, with weights of its own.
    """
    sizes = [str({**DEFAULTS, **config}[name]) for name in ("channels", "layers", "stem_stride")]
    labels, edges = [f"input {' '.join(sizes)}"], []
    joined = []
    for cell in CELLS:
        states = []
        for source in range(FIRST):
            edges.append((0, len(labels)))
            states.append(len(labels))
            labels.append(f"{cell} input {source}")
        wanted = edges_of(config, cell)
        for node in range(FIRST, FIRST + NODES):
            operations = []
            for source, _, operation in (edge for edge in wanted if edge.node == node):
                shrinks = cell == CELLS[1] and source < FIRST
                skips = operation == "skip_connect" and not shrinks
                edges.append((states[source], len(labels)))
                operations.append(len(labels))
                labels.append(SKIP if skips else f"{cell} {operation}{' /2' if shrinks else ''}")
            edges += [(one, len(labels)) for one in operations]
            states.append(len(labels))
            labels.append(f"{cell} node")
        joined += states[FIRST:]
    edges += [(node, len(labels)) for node in joined]
    return Graph((*labels, "output"), tuple(edges))
