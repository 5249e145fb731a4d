"""DARTS cells as papers and repositories print them: `Genotype(normal=[('skip_connect', 0), ...`.

Such text is read as data: it is parsed, and nothing in it is called or looked up.
"""

import ast
import re
from collections.abc import Mapping

from automl_on_ray.search_spaces.cells.encoding import (
    CELLS,
    FIRST,
    NODES,
    Edge,
    check_cells,
    edges_of,
    from_edges,
)
from automl_on_ray.search_spaces.cells.operation_sets import KNOWN
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains import Config

FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")  # in the order of the named tuple
SHOWN = "Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), reduce=[...], ...)"
MAX_CHARACTERS = 1_000_000  # of a file
# Other programs' names of the same operations.
ALIASES = {
    "identity": "skip_connect",
    "skip": "skip_connect",
    "skipconnect": "skip_connect",
    "maxpool": "max_pool_3x3",
    "avgpool": "avg_pool_3x3",
    "sepconv3x3": "sep_conv_3x3",
    "sepconv5x5": "sep_conv_5x5",
    "dilconv3x3": "dil_conv_3x3",
    "dilconv5x5": "dil_conv_5x5",
    "dua_sepc_3x3": "sep_conv_3x3",
    "dua_sepc_5x5": "sep_conv_5x5",
    "dil_sepc_3x3": "dil_conv_3x3",
    "dil_sepc_5x5": "dil_conv_5x5",
}
# Not a class of that name, nor what is commented out.
_BEGIN = re.compile(r"^(?P<before>[^#\n]*?)\bGenotype\s*\(", re.MULTILINE)
_NAME = re.compile(r"(\w+)\s*(?::[^=]*)?=\s*[\w.]*$")
_MAX_BRACKETS = 200  # of one genotype; a usual one has some 20


def genotype_text(config: Mapping[str, object]) -> str:
    """Both cells as the published program prints them."""
    parts = []
    for cell, field in zip(CELLS, FIELDS[::2], strict=True):
        edges = [(edge.operation, edge.source) for edge in edges_of(config, cell)]
        parts.append(f"{field}={edges}, {field}_concat=range({FIRST}, {FIRST + NODES})")
    return f"Genotype({', '.join(parts)})"


def parse_genotypes(text: str, place: str, chosen: str = "") -> dict[str, Config]:
    """All genotypes in `text`, by the names they are assigned to, else by their number.

    `chosen` takes the one of that name alone. `place` is what messages call the text. Raises
    UserError if there is none, or one is no cell of this space.
    """
    if len(text) > MAX_CHARACTERS:
        raise UserError(f"{place} has {len(text)} characters, too many for genotypes.")
    found: dict[str, Config] = {}
    others: list[str] = []
    for begin in _BEGIN.finditer(text):
        before = begin["before"]
        if before.split()[-1:] == ["class"]:
            continue
        named = _NAME.search(before)
        name = named[1] if named else str(len(found) + len(others) + 1)
        if chosen not in ("", name):
            others.append(name)
            continue
        line = text.count("\n", 0, begin.end()) + 1
        call = _call(text[begin.end("before") :], f"{place}, line {line}")
        found[name] = _config(call, f"{place}, {name}" if named else f"{place}, line {line}")
    if others and not found:
        raise UserError(f"{place} has no genotype {chosen!r}; it has {', '.join(others)}.")
    if not found:
        raise UserError(f"{place} holds no genotype; it is written as {SHOWN}.")
    return found


def _call(text: str, place: str) -> ast.Call:
    """The shortest beginning of `text` that is a whole call."""
    for bracket in list(re.finditer(r"\)", text))[:_MAX_BRACKETS]:
        try:
            parsed = ast.parse(text[: bracket.end()], mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if isinstance(parsed, ast.Call):
            return parsed
    raise UserError(f"{place}: the genotype cannot be read; it is written as {SHOWN}.")


def _config(call: ast.Call, place: str) -> Config:
    given = dict(zip(FIELDS, call.args, strict=False))
    if len(call.args) > len(FIELDS):
        raise UserError(f"{place}: a genotype has {len(FIELDS)} parts, but got {len(call.args)}.")
    for keyword in call.keywords:
        if keyword.arg not in FIELDS or keyword.arg in given:
            raise UserError(
                f"{place}: unknown or repeated part {keyword.arg!r}; a genotype of this space has "
                f"{', '.join(FIELDS)}."
            )
        given[keyword.arg] = keyword.value
    cells = {}
    for cell, field in zip(CELLS, FIELDS[::2], strict=True):
        if field not in given:
            raise UserError(f"{place}: the genotype lacks {field!r}.")
        cells[cell] = _edges(_literal(given[field], field, place), field, place)
        concat = f"{field}_concat"
        if concat in given:
            _check_concat(given[concat], concat, place)
    config = from_edges(cells)
    try:
        check_cells(config, KNOWN)
    except UserError as error:
        raise UserError(f"{place}: {error}") from error
    return config


def _edges(value: object, field: str, place: str) -> list[Edge]:
    """Two edges a node, in a row or node by node."""
    rows = list(value) if isinstance(value, list | tuple) else []
    if rows and all(isinstance(row, list | tuple) and _pairs(row) for row in rows):
        if any(len(row) != 2 for row in rows):
            raise UserError(f"{place}: each node of {field} must have two edges.")
        rows = [pair for row in rows for pair in row]
    if not _pairs(rows):
        raise UserError(
            f"{place}: {field} must be a list of pairs like ('sep_conv_3x3', 0), operation first."
        )
    if len(rows) != 2 * NODES:
        raise UserError(
            f"{place}: {field} has {len(rows)} edges; a cell has {2 * NODES}, two for each of "
            f"{NODES} nodes."
        )
    edges = [
        Edge(source, FIRST + index // 2, ALIASES.get(operation, operation))
        for index, (operation, source) in enumerate(rows)
    ]
    for low, high in zip(edges[::2], edges[1::2], strict=True):
        for edge in (low, high):
            if not 0 <= edge.source < edge.node:
                raise UserError(
                    f"{place}: node {edge.node} of {field} takes state {edge.source}, but can take "
                    f"0 to {edge.node - 1}."
                )
        if low.source == high.source:
            raise UserError(
                f"{place}: node {low.node} of {field} takes state {low.source} twice; in this "
                "space a node takes two different ones."
            )
    return edges


def _pairs(rows: list[object] | tuple[object, ...]) -> bool:
    return bool(rows) and all(
        isinstance(row, list | tuple)
        and len(row) == 2
        and isinstance(row[0], str)
        and type(row[1]) is int
        for row in rows
    )


def _check_concat(node: ast.expr, field: str, place: str) -> None:
    """A cell's output is all of its nodes: range(2, 6), or the same as a list."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("list", "tuple") and node.args:
        node = node.args[0]
    usual = list(range(FIRST, FIRST + NODES))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "range" and not node.keywords:
        bounds = [_literal(argument, field, place) for argument in node.args]
        if bounds in ([FIRST, FIRST + NODES], [FIRST, FIRST + NODES, 1]):
            return
    elif not isinstance(node, ast.Call):
        value = _literal(node, field, place)
        if isinstance(value, list | tuple) and sorted(map(str, value)) == list(map(str, usual)):
            return
    raise UserError(
        f"{place}: {field} must be range({FIRST}, {FIRST + NODES}): in this space all nodes make "
        "a cell's output."
    )


def _literal(node: ast.expr, field: str, place: str) -> object:
    try:
        found: object = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise UserError(f"{place}: {field} must be written out, without names or calls.") from error
    return found


def split_words(text: str) -> list[str]:
    """`text` at commas that are not within brackets, such as a genotype's; blank ones left out."""
    words, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth <= 0:
            words.append("")
        else:
            words[-1] += character
    return [word.strip() for word in words if word.strip()]
