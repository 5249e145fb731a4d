"""Declarations within dicts, lists and tuples as flat ones ("opt/lr"), configs there and back."""

from collections.abc import Iterator, Mapping
from typing import Any

from ray.tune.search.sample import Domain

from automl_on_ray.search_spaces.core import UserError

GAP = object()  # stands for a part that a config leaves out


def flattened(declared: Mapping[str, Any], space: str) -> dict[str, Any]:
    """Keys of leaves -> domains and constants. What holds no domain is a leaf as a whole.

    UserError for keys that are no text, and for two declarations that have one key.
    """
    found: dict[str, Any] = {}
    for key, value in _leaves(declared, space):
        if key in found:
            raise UserError(f"Space {space!r} declares {key!r} twice.")
        found[key] = value
    return found


def nested(declared: Mapping[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    """A flat config in the form of the declaration; other keys of it stay as they are."""
    left = dict(flat)
    found = {key: _built(key, value, left) for key, value in declared.items()}
    return {**{key: value for key, value in found.items() if value is not GAP}, **left}


def holds_domain(value: Any) -> bool:
    """Whether there is a domain in it, at any depth of dicts, lists and tuples."""
    if isinstance(value, Domain):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return isinstance(value, dict | list | tuple) and any(map(holds_domain, parts))


def parts_of(value: Any) -> list[tuple[str, Any]]:
    """The parts of a dict, list or tuple, by name."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [(str(name), part) for name, part in pairs]


def _leaves(declared: Mapping[str, Any], space: str, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in declared.items():
        if not isinstance(name, str):
            raise UserError(f"Space {space!r}: the key {name!r} must be text.")
        key = f"{prefix}{name}"
        if isinstance(value, Domain) or not holds_domain(value):
            yield key, value
        elif isinstance(value, dict):
            yield from _leaves(value, space, f"{key}/")
        else:
            yield from _leaves(dict(parts_of(value)), space, f"{key}/")


def _built(key: str, declared: Any, left: dict[str, Any]) -> Any:
    """What `left` has for a declaration, taken out of it; GAP if that is nothing."""
    if isinstance(declared, Domain) or not holds_domain(declared):
        return left.pop(key, GAP)
    parts = {name: _built(f"{key}/{name}", part, left) for name, part in parts_of(declared)}
    kept = {name: part for name, part in parts.items() if part is not GAP}
    if not kept:
        return GAP
    if isinstance(declared, dict):
        return kept
    whole = list(kept.values())
    if isinstance(declared, list):
        return whole
    return type(declared)(*whole) if hasattr(declared, "_fields") else tuple(whole)
