"""Labels for values that JSON does not have: the same scalar in every process.

A class, a function, a tuple, an object: Ray Tune, MLflow, a study's folder and Ax's process would
each make something else of it, or cannot hold it. So these hold its label, and only a trial is
given the value itself.
"""

import dataclasses
import enum
import functools
import json
import math
import re
import types
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from ray import cloudpickle

Scalar: TypeAlias = bool | int | float | str | None

MAX_CHARACTERS = 200  # of an object's own text; beyond, its class says enough
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")


def labels(options: Sequence[Any]) -> list[Scalar]:
    """A label for each option. What is plain already stands for itself.

    An object without a text of its own is its class and its place in the choice; so are two
    options that would read the same.
    """
    found = [label(option) for option in options]
    keys = [_key(one) for one in found]
    for index, option in enumerate(options):
        alike = (other for other in range(len(options)) if keys[other] == keys[index])
        if _is_nameless(option) or not all(same(options[other], option) for other in alike):
            found[index] = f"{found[index]} #{index}"
    return found


def label(value: Any) -> Scalar:
    """The scalar that stands for a value by itself."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float and not math.isnan(value):
        return value
    return text_of(value)


def is_plain(value: Any) -> bool:
    """Whether a value stands for itself."""
    return type(value) is type(label(value)) and label(value) == value


def is_json(value: Any) -> bool:
    """Whether JSON gives it back as it was, but for tuples, which become lists."""
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    if isinstance(value, dict):
        return all(type(key) is str for key in value) and all(map(is_json, value.values()))
    return is_plain(value)


def match(options: Sequence[Any], value: Any) -> int | None:
    """Which of the options is meant by `value`: itself, or what JSON or a label makes of it."""
    for alike in (lambda option: option is value, lambda option: same(option, value)):
        found = next((i for i, option in enumerate(options) if alike(option)), None)
        if found is not None:
            return found
    key = _key(label(value))
    told = [_key(one) for one in labels(options)]
    if key in told:
        return told.index(key)
    if isinstance(value, list | dict):
        written = _written(value)
        return next((i for i, option in enumerate(options) if _written(option) == written), None)
    if is_plain(value):
        return None
    state = _state(value)  # a copy of an object that cannot say what it is equal to
    kin = (i for i, option in enumerate(options) if type(option) is type(value))
    return next((i for i in kin if state is not None and _state(options[i]) == state), None)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one type; objects that cannot say are so if identical."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    try:
        return bool(one == other)
    except Exception:  # arrays, and whatever else an object's own comparison may raise
        return False


def text_of(value: Any) -> str:
    """A value in words that do not change from one process to the next: no addresses."""
    if isinstance(value, enum.Enum):
        return f"{_name(type(value))}.{value.name}"
    if isinstance(value, np.generic):
        return text_of(value.item())
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, functools.partial):
        given = [text_of(one) for one in value.args]
        given += [f"{key}={text_of(one)}" for key, one in value.keywords.items()]
        return f"{text_of(value.func)}({', '.join(given)})"
    if _is_method(value):
        return f"{text_of(value.__self__)}.{value.__name__}"
    if isinstance(value, type) or isinstance(getattr(value, "__qualname__", None), str):
        return _name(value)
    if isinstance(value, tuple | list | set | frozenset | dict):
        return _container(value)
    if dataclasses.is_dataclass(value):
        fields = (f"{f.name}={text_of(getattr(value, f.name))}" for f in dataclasses.fields(value))
        return f"{_name(type(value))}({', '.join(fields)})"
    own = _own_text(value)
    return _name(type(value)) if own is None else own


def _container(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text_of(k)}: {text_of(v)}" for k, v in value.items()) + "}"
    parts = [text_of(one) for one in value]
    if isinstance(value, set | frozenset):  # their order differs from process to process
        return f"{type(value).__name__}({', '.join(sorted(parts))})"
    if isinstance(value, list):
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def _own_text(value: Any) -> str | None:
    """What an object says of itself, unless that is nothing, too much, or an address."""
    if type(value).__repr__ is object.__repr__:
        return None
    try:
        own = repr(value)
    except Exception:  # whatever an object's own text may raise
        return None
    plain = " ".join(own.split())
    return None if _ADDRESS.search(own) or len(plain) > MAX_CHARACTERS else plain


def _is_nameless(value: Any) -> bool:
    """Whether its text does not tell it from others of its kind."""
    if value is None or isinstance(value, bool | int | float | str | np.generic | enum.Enum | type):
        return False
    if isinstance(value, functools.partial):
        parts = [value.func, *value.args, *value.keywords.values()]
        return any(map(_is_nameless, parts))
    if isinstance(value, tuple | list | set | frozenset):
        return any(map(_is_nameless, value))
    if isinstance(value, dict):
        return any(map(_is_nameless, [*value, *value.values()]))
    if _is_method(value):
        return _is_nameless(value.__self__)
    if isinstance(value, types.ModuleType):
        return False
    if isinstance(getattr(value, "__qualname__", None), str):
        return "<" in value.__qualname__  # a lambda, or a function within another
    if dataclasses.is_dataclass(value):
        return any(_is_nameless(getattr(value, f.name)) for f in dataclasses.fields(value))
    return _own_text(value) is None


def _is_method(value: Any) -> bool:
    """Whether it is a function of an object's own."""
    bound = isinstance(value, types.MethodType | types.BuiltinMethodType)
    return bound and not isinstance(value.__self__, types.ModuleType | type | None)


def _state(value: Any) -> bytes | None:
    try:
        return cloudpickle.dumps(value)
    except Exception:  # whatever an object's own pickling may raise
        return None


def _name(value: Any) -> str:
    module = getattr(value, "__module__", None)
    return f"{module}.{value.__qualname__}" if isinstance(module, str) else str(value.__qualname__)


def _key(scalar: Scalar) -> tuple[str, str]:
    """Tells 1, True and 1.0 apart."""
    return type(scalar).__name__, repr(scalar)


def _written(value: Any) -> Any:
    """What JSON makes of a value, as text: a tuple and a list are one."""

    def parted(one: Any) -> Any:
        if isinstance(one, tuple | list):
            return [parted(part) for part in one]
        if isinstance(one, Mapping):
            return {str(label(key)): parted(part) for key, part in one.items()}
        return label(one)

    return json.dumps(parted(value), sort_keys=True)
