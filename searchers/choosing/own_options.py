"""A searcher's own options behind its name: `evolution:population=20,crossover=0.5`.

They are the keywords of the class that its module's `create` says it returns, but for those that
all searchers have. So a new searcher declares them once, where it uses them.
"""

import inspect
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ray.tune.search import Searcher

from automl_on_ray.search_spaces.core import UserError, find, near_miss
from automl_on_ray.searchers._ask_tell import AskTellSearcher

TOLD = {int: "a whole number", float: "a number", bool: "true or false"}
TRUTHS = {"true": True, "false": False}


def made_by(text: str) -> tuple[Callable[..., Searcher], dict[str, Any]]:
    """What makes the searcher of its settings, and the keywords that `text` gives it.

    UserError for an unknown searcher or option, or a value of another type than declared.
    """
    name, colon, words = text.partition(":")
    create: Any = find("searchers", name, kind="searcher").create
    if not colon:
        return create, {}
    klass = get_type_hints(create).get("return")
    kinds = _options_of(klass)
    given: dict[str, Any] = {}
    for word in words.split(","):
        key, equals, value = (part.strip() for part in word.partition("="))
        if not kinds:
            raise UserError(f"--searcher {name} has no options of its own: leave out {words!r}.")
        if not equals or not value:
            raise UserError(
                f"--searcher {text}: write options as {name}:{next(iter(kinds))}=VALUE, separated "
                "by commas."
            )
        option = key.replace("-", "_")
        if option not in kinds or option in given:
            wrong = "Unknown" if option not in kinds else "Repeated"
            raise UserError(
                f"{wrong} option {key!r} of searcher {name}.{near_miss(option, kinds)} "
                f"There are: {', '.join(kinds)}."
            )
        given[option] = _read(f"--searcher {name}: {option}", value, kinds[option])
    return klass, given  # type: ignore[return-value]


def _options_of(klass: Any) -> dict[str, type]:
    """Keywords that may be typed, and what each is."""
    if not (isinstance(klass, type) and issubclass(klass, AskTellSearcher)):
        return {}
    shared = inspect.signature(AskTellSearcher.__init__).parameters
    hints = get_type_hints(klass.__init__)
    named = {
        name: _kind(hints[name])
        for name, parameter in inspect.signature(klass.__init__).parameters.items()
        if name not in shared and parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    return {name: kind for name, kind in named.items() if kind in (*TOLD, str)}


def _kind(hint: Any) -> Any:
    """`int` of `int | None`."""
    if get_origin(hint) in (Union, UnionType):
        return next(one for one in get_args(hint) if one is not NoneType)
    return hint


def _read(where: str, text: str, kind: type) -> Any:
    try:
        return TRUTHS[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError):
        raise UserError(f"{where} must be {TOLD[kind]}, but got {text!r}.") from None
