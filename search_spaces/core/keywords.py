"""Groups of keywords, declared once as a TypedDict and passed on with `**`."""

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, Unpack, get_args, get_origin


def check_keywords(given: Mapping[str, Any], kind: Any) -> None:
    """TypeError, as for any function, for a keyword that `kind` does not have, or one it lacks."""
    for name in given:
        if name not in kind.__annotations__:
            known = ", ".join(kind.__annotations__)
            raise TypeError(f"unexpected keyword {name!r}: there are {known}")
    for name in sorted(kind.__required_keys__ - given.keys()):
        raise TypeError(f"missing keyword {name!r}")


def keywords_of(function: Callable[..., Any]) -> set[str]:
    """Names of all parameters, and of those in a TypedDict that is taken by stars."""
    names = set()
    for name, parameter in signature(function).parameters.items():
        starred = parameter.kind is Parameter.VAR_KEYWORD
        if starred and get_origin(parameter.annotation) is Unpack:
            names |= set(get_args(parameter.annotation)[0].__annotations__)
        else:
            names.add(name)
    return names
