"""Which operations the edges of a DARTS cell may choose from: by name, or listed by the user.

S1 to S4 are the sets of Zela et al. 2020 (arXiv:1909.09656, section 3), on which plain DARTS
collapses: S1 has two operations an edge, other ones on each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from automl_on_ray.search_spaces.cells.encoding import CELLS, EDGES, NONE, OPERATIONS
from automl_on_ray.search_spaces.core import UserError, near_miss

NOISE = "noise"  # Gaussian, of mean 0 and deviation 1, whatever comes in
KNOWN = (*OPERATIONS, NOISE)

_SHORT = {
    "m": "max_pool_3x3",
    "a": "avg_pool_3x3",
    "-": "skip_connect",
    "s": "sep_conv_3x3",
    "d": "dil_conv_3x3",
    "D": "dil_conv_5x5",
}
# An edge's two operations, in the order of EDGES.
_S1 = {
    "normal": "-d -D -D -s -d m- -s -s -d -s m- -d dD dD",
    "reduction": "ma md ma ma -D ma ms -d -D ma ma -D -D -D",
}
_UNIFORM = {
    "darts": OPERATIONS,
    "s2": ("skip_connect", "sep_conv_3x3"),
    "s3": (NONE, "skip_connect", "sep_conv_3x3"),
    "s4": (NOISE, "sep_conv_3x3"),
}
NAMES = ("darts", "s1", "s2", "s3", "s4")


@dataclass(frozen=True)
class OperationSet:
    """`names` are the columns of mixing matrices (E, O); `exists[cell]` says which an edge has.

    `exists` is None where every edge has all of them.
    """

    names: tuple[str, ...]
    exists: Mapping[str, Tensor] | None = None

    @property
    def derivable(self) -> tuple[str, ...]:
        """What a derived cell may have."""
        return tuple(name for name in self.names if name != NONE)


def operation_set(text: str) -> OperationSet:
    """The set that `text` names, or lists ("sep_conv_3x3,skip_connect").

    Raises UserError for an unknown operation, one named twice, or none but "none".
    """
    name = text.lower()
    if name == "s1":
        return _edge_by_edge(_S1)
    if name in _UNIFORM:
        return OperationSet(_UNIFORM[name])
    listed = tuple(part.strip() for part in text.split(",") if part.strip())
    for operation in listed:
        if operation not in KNOWN:
            raise UserError(
                f"Unknown operation {operation!r}.{near_miss(operation, (*KNOWN, *NAMES))} "
                f"There are: {', '.join(KNOWN)}; and sets of them: {', '.join(NAMES)}."
            )
    if len(set(listed)) < len(listed):
        raise UserError(f"Operations {text!r} name one twice.")
    found = OperationSet(listed)
    if not found.derivable:
        raise UserError(f"Operations {text!r} leave every node without an input; add another.")
    return found


def _edge_by_edge(short: Mapping[str, str]) -> OperationSet:
    pairs = {cell: [[_SHORT[c] for c in pair] for pair in short[cell].split()] for cell in CELLS}
    used = {operation for cell in CELLS for pair in pairs[cell] for operation in pair}
    names = tuple(operation for operation in OPERATIONS if operation in used)
    return OperationSet(names, {cell: _mask(pairs[cell], names) for cell in CELLS})


def _mask(allowed: Sequence[Sequence[str]], names: Sequence[str]) -> Tensor:
    assert len(allowed) == len(EDGES)
    return torch.tensor([[name in operations for name in names] for operations in allowed])
