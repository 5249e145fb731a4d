"""NAS-Bench-201's cell (Dong and Yang 2020, arXiv:2001.00326) as a flat config, and its two texts.

Node 0 is the cell's input, node 3 its output; a node is the sum over all nodes before it, each
through an operation. `edge_0_2` says which one leads from node 0 to node 2. There are 15,625 such
configs. Of them, 341 have no way from the input to the output; the benchmark trained them, too, and
they only guess.
"""

import difflib
import re
from collections.abc import Iterable, Mapping

from search_spaces._errors import UserError
from search_spaces._space import Config

NODES = 4
NONE = "none"
OPERATIONS = (NONE, "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
# (source, node), in the order of the benchmark's text.
EDGES = tuple((source, node) for node in range(1, NODES) for source in range(node))
FORM = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"


def key_of(source: int, node: int) -> str:
    """The key of the edge from `source` to `node`."""
    return f"edge_{source}_{node}"


KEYS = tuple(key_of(source, node) for source, node in EDGES)


def inputs_of(config: Mapping[str, object], node: int) -> list[tuple[int, str]]:
    """(source, operation) of all that `node` sums, the lowest source first, without none."""
    found = [(source, str(config[key_of(source, node)])) for source in range(node)]
    return [(source, operation) for source, operation in found if operation != NONE]


def to_text(config: Mapping[str, object]) -> str:
    """The benchmark's own name of a cell: `|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...|`."""
    nodes = [
        "".join(f"|{config[key_of(source, node)]}~{source}" for source in range(node)) + "|"
        for node in range(1, NODES)
    ]
    return "+".join(nodes)


def from_text(text: str) -> Config:
    """The config of the cell that the benchmark calls `text`; a node's inputs in any order.

    Raises UserError for another form and for unknown operations, not for a cell without a way to
    its output: the benchmark has results of those, too.
    """
    found: Config = {}
    parts = text.strip().split("+")
    for node, part in enumerate(parts, 1):
        if not re.fullmatch(r"\|([^|~]+~\d+\|)+", part):
            raise UserError(f"NAS-Bench-201 writes a cell as {FORM}; got {text!r}.")
        for word in part.strip("|").split("|"):
            operation, _, source = word.partition("~")
            key = key_of(int(source), node)
            if key in found:
                raise UserError(f"Cell {text!r} has node {node}'s input {source} twice.")
            found[key] = operation
    if set(found) != set(KEYS):
        raise UserError(f"NAS-Bench-201 writes a cell as {FORM}; got {text!r}.")
    _check_operations(found)
    return {key: found[key] for key in KEYS}


def cell_lines(config: Mapping[str, object]) -> str:
    """For terminals, a line a node: `node 2 = nor_conv_3x3(input) + skip_connect(node 1)`."""
    lines = []
    for node in range(1, NODES):
        sums = [f"{operation}({node_name(s)})" for s, operation in inputs_of(config, node)]
        lines.append(f"{node_name(node)} = {' + '.join(sums) or '0'}")
    return "\n".join(lines)


def node_name(node: int) -> str:
    """`input`, `node 1`, `node 2`, `output`."""
    return {0: "input", NODES - 1: "output"}.get(node, f"node {node}")


def check_cell(config: Mapping[str, object]) -> None:
    """UserError unless `config` has all six edges, and a way from the input to the output.

    Keys that do not begin with `edge_`, as those of training, are not looked at.
    """
    for key in config:
        if key.startswith("edge_") and key not in KEYS:
            raise UserError(
                f"Cell config has {key!r}, which is no edge of a cell.{_near(key, KEYS)} "
                f"There are: {', '.join(KEYS)}."
            )
    for key in KEYS:
        if key not in config:
            raise UserError(f"Cell config lacks {key!r}; a cell has {len(KEYS)} edges.")
    _check_operations(config)
    if not reaches_output(config):
        raise UserError(
            f"Cell {to_text(config)} has no way from its input to its output; give one edge of "
            "each way another operation than none."
        )


def reaches_output(config: Mapping[str, object]) -> bool:
    """Whether anything of the input comes to the output."""
    reached = {0}
    for node in range(1, NODES):
        if any(source in reached for source, _ in inputs_of(config, node)):
            reached.add(node)
    return NODES - 1 in reached


def _check_operations(config: Mapping[str, object]) -> None:
    for key in KEYS:
        if config[key] not in OPERATIONS:
            raise UserError(
                f"Unknown operation {config[key]!r} in {key}."
                f"{_near(str(config[key]), OPERATIONS)} There are: {', '.join(OPERATIONS)}."
            )


def _near(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
