"""A NAS-Bench-201 cell as text for terminals; its name in the benchmark is `architecture_text`."""

from collections.abc import Mapping

from automl_on_ray.search_spaces.nas_bench_201 import EDGES, NONE, key

OUTPUT = max(node for _, node in EDGES)


def cell_text(config: Mapping[str, object]) -> str:
    """A line a node: `node 2 = nor_conv_3x3(input) + skip_connect(node 1)`, or `= 0`."""
    lines = []
    for node in range(1, OUTPUT + 1):
        found = [(source, config[key(source, node)]) for source in range(node)]
        terms = [f"{name}({node_name(source)})" for source, name in found if name != NONE]
        lines.append(f"{node_name(node)} = {' + '.join(terms) or '0'}")
    return "\n".join(lines)


def node_name(node: int) -> str:
    """`input`, `node 1`, `node 2`, `output`."""
    return {0: "input", OUTPUT: "output"}.get(node, f"node {node}")
