"""Small mistakes that could be made in a module, one at a time."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SWAPS: dict[type, type] = {}
for one, other in [
    (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn), (ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div),
    (ast.FloorDiv, ast.Mult),
]:  # fmt: skip
    SWAPS |= {other: one, one: other}
NOTHING = ("None", "False", "0", "0.0", "''", "[]", "()", "{}")
# Keywords that a mistake in is none, or is not for a test: what differs in length is a mistake made
# elsewhere, without its limit a wait is one of ten minutes, scipy looks at numbers once more, a
# bound is for mypy, texts are UTF-8 on the tests' machines anyway, and the others say how a line, a
# table, a file or a figure looks.
UNSEEN = ("strict", "timeout", "check_finite", "bound", "encoding", "style", "header_style",
          "soft_wrap", "no_wrap",
          "overflow", "justify", "title_justify", "box", "pad_edge", "indent", "repr", "marker",
          "opacity", "template", "margin", "colorscale", "height", "labelangle", "line",
          "showlegend", "showgrid", "horizontal_spacing", "vertical_spacing")  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """`source` is the whole module's with the mistake; `where` the function or class, or "".

    `runs` is false for what is outside of functions: it takes effect as the module is imported.
    """

    line: int
    where: str
    runs: bool
    old: str
    new: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """All of a module, in order. None in annotations, decorators, asserts and texts."""
    tree, found = ast.parse(source), []
    starts = [0]
    for text in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(text))
    for node, where, is_test in _nodes(tree, ""):
        if not where and isinstance(node, ast.Constant) and _is_limit(node.value):
            continue
        for new in _mistakes(node, is_test):
            begin = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            raw = source.encode()
            mutated = (raw[:begin] + new.encode() + raw[end:]).decode()
            old = " ".join(raw[begin:end].decode().split())
            runs = where.endswith(">.")
            function = where.removesuffix(".<locals>.").removesuffix(".")
            found.append(Mutant(node.lineno, function, runs, old, new, mutated))
    return found


def _is_limit(value: Any) -> bool:
    """Whether a module's own number is so high that one more would do as well."""
    return isinstance(value, int | float) and value >= 10


def _is_of_the_file(test: str) -> bool:
    """Whether it asks if the file is run as a script, or read for its types alone."""
    return "__" in test or test == "TYPE_CHECKING"


def _nodes(node: ast.AST, where: str) -> Iterator[tuple[Any, str, bool]]:
    """What may hold a mistake, the function that it is in, and whether it is an `if`'s test."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, ast.Assert | ast.JoinedStr):
                continue
            if isinstance(child, ast.If) and _is_of_the_file(ast.unparse(child.test)):
                continue
            if isinstance(child, ast.keyword) and child.arg in UNSEEN:
                continue
            yield child, where, name == "test"
            inner = where
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = f"{where}{child.name}.<locals>."
            elif isinstance(child, ast.ClassDef):
                inner = f"{where}{child.name}."
            yield from _nodes(child, inner)


def _mistakes(node: Any, is_test: bool) -> Iterator[str]:
    """What could stand in the node's place."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in SWAPS:
            yield _with(node, ops=[SWAPS[type(op)]()])
        case ast.BinOp(left=left, right=right) if _is_text(left) or _is_text(right):
            pass  # any test that comes there fails: no other operation is one of texts or paths
        case ast.BoolOp() | ast.BinOp() if type(node.op) in SWAPS:
            yield _with(node, op=SWAPS[type(node.op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.Constant(value=bool()):
            yield str(not node.value)
        case ast.Constant(value=int() | float()):
            yield f"({node.value + 1})"
        case ast.Call():
            if isinstance(node.func, ast.Name) and node.func.id in NAMES:
                yield _with(node, func=ast.Name(NAMES[node.func.id]))
            for keyword in node.keywords:
                if keyword.arg in UNSEEN:
                    continue
                yield _with(node, keywords=[k for k in node.keywords if k is not keyword])
        case ast.Return(value=ast.expr()) if ast.unparse(node.value) not in NOTHING:
            yield "return None"
        case ast.Expr(value=ast.Call() | ast.Yield()) | ast.AugAssign() | ast.Delete():
            yield "pass"
        case ast.Raise():
            yield "pass"
        case ast.Assign(targets=targets) if not any(isinstance(t, ast.Name) for t in targets):
            if not any(isinstance(t, ast.Tuple) for t in targets):
                yield "pass"
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"
    if is_test and isinstance(node, ast.Name | ast.Attribute | ast.Call):
        yield f"(not {ast.unparse(node)})"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _with(node: Any, **changed: Any) -> str:
    fields = {name: getattr(node, name) for name in node._fields}
    return f"({ast.unparse(type(node)(**{**fields, **changed}))})"
