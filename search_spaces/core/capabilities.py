"""Reads what a searcher or scheduler can do from the constant `CAPABILITIES` of its module.

So no other file knows modules by name: it asks for what it needs, and a new module that can it is
served from then on.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from typing import Any, Generic, TypeVar

from automl_on_ray.search_spaces.core.lookup import choices, find

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class DeclaredIn(Generic[Kind]):
    """What the modules of `room` declare: each a dataclass `kind`, its defaults if nothing."""

    room: str
    kind: type[Kind]

    def of(self, name: str) -> Kind:
        """By the name that chooses the module.

        UserError if there is no such module, TypeError if it declares something else.
        """
        module = find(self.room, name, kind=self.room.removesuffix("s"))
        declared = getattr(module, "CAPABILITIES", self.kind())
        if not isinstance(declared, self.kind):
            wanted = self.kind.__name__
            raise TypeError(f"{module.__name__}.CAPABILITIES is no {wanted}: {declared!r}")
        return declared

    def that(self, fits: Callable[[Kind], bool], *, near: str) -> list[str]:
        """Names of those that fit, the nearest to the one named `near` first.

        Nearer is what has the same in the first field of `kind` that tells the two apart.
        """
        known: dict[str, Kind] = {}
        for name in choices(self.room):
            with suppress(ImportError):  # of a library that only this one needs
                known[name] = self.of(name)
        own: Any = known[near.replace("_", "-")]
        return sorted(
            (name for name, each in known.items() if fits(each)),
            key=lambda name: _differences(own, known, name),
        )


def _differences(own: Any, known: Mapping[str, Any], name: str) -> list[bool]:
    return [a != b for a, b in zip(astuple(own), astuple(known[name]), strict=True)]
