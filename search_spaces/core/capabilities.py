"""Reads what a searcher or scheduler can do from the constant `CAPABILITIES` of its module.

So no other file knows modules by name: it asks for what it needs, and a new module that can it is
served from then on.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple
from typing import Any, TypeVar

from automl_on_ray.search_spaces.core.lookup import choices, find

Kind = TypeVar("Kind")


def capabilities_of(room: str, name: str, kind: type[Kind]) -> Kind:
    """What the module declares that `name` chooses: a dataclass `kind`, its defaults if nothing.

    UserError if there is no such module, TypeError if it declares something else.
    """
    module = find(room, name, kind=room.removesuffix("s"))
    declared = getattr(module, "CAPABILITIES", kind())
    if not isinstance(declared, kind):
        raise TypeError(f"{module.__name__}.CAPABILITIES is no {kind.__name__}: {declared!r}")
    return declared


def names_with(
    room: str, kind: type[Kind], fits: Callable[[Kind], bool], *, near: str
) -> list[str]:
    """Names in `room` of what `fits`, the nearest to `near` first.

    Nearer is what has the same in the first field of `kind` that tells the two apart.
    """
    known: dict[str, Kind] = {}
    for name in choices(room):
        with suppress(ImportError):  # of a library that only this one needs
            known[name] = capabilities_of(room, name, kind)
    own: Any = known[near.replace("_", "-")]
    return sorted(
        (name for name, each in known.items() if fits(each)),
        key=lambda name: _differences(own, known, name),
    )


def _differences(own: Any, known: Mapping[str, Any], name: str) -> list[bool]:
    return [a != b for a, b in zip(astuple(own), astuple(known[name]), strict=True)]
