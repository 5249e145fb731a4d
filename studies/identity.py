"""The identity of a study: the options whose change would make it another one.

Each option's declaration says what a change of it means (`command_line/options.py`).
"""

from collections.abc import Collection, Mapping
from typing import Any, get_type_hints

from automl_on_ray.command_line import Change, change_of
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.settings import StudySettings

SHOWN = 60  # characters of a value


def identity(asked: StudySettings, stands_for: Mapping[str, Any]) -> dict[str, Any]:
    """By option, without its dashes. A value may stand for another: a file for what is in it.

    So `stands_for` has, by field, the data's digest, a space's description, parsed files.
    """
    counted = options_of(type(asked), Change.ANOTHER_STUDY, Change.GROWS)
    values = {option: getattr(asked, field) for option, field in counted.items()}
    resolved = {option_of(field): value for field, value in stands_for.items()}
    unknown = resolved.keys() - values.keys()
    if unknown:
        raise ValueError(f"These options may change, so they stand for nothing: {sorted(unknown)}.")
    return {"workflow": asked.workflow, **values, **resolved}


def options_of(settings: type[StudySettings], *changes: Change) -> dict[str, str]:
    """Fields by option, of those declared with one of these changes."""
    declared = get_type_hints(settings, include_extras=True)
    return {option_of(field): field for field in declared if change_of(declared[field]) in changes}


def option_of(field: str) -> str:
    """As it is typed, without dashes in front: `warm-start`."""
    return field.replace("_", "-")


def refuse_changes(
    name: str,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    *,
    may_grow: Collection[str] = (),
    hint: str = "",
) -> None:
    """UserError if study `name`, begun with `before`, is another one `now`: it names the option.

    Those that `may_grow` may have a higher number. `hint` ends the refusal.
    """
    for key in {**before, **now}:
        was, is_ = before.get(key), now.get(key)
        if was == is_ or (key in may_grow and grown(was, is_)):
            continue
        key, was, is_ = _first_difference(key, was, is_)
        raise UserError(
            f"Study {name!r} was begun with {key} = {_shown(was)}, but is now asked with "
            f"{_shown(is_)}. Give the same options to go on, another --name for another study, or "
            f"--fresh to begin anew (the old one is kept under another name){hint}."
        )


def grown(was: Any, now: Any) -> bool:
    """Whether a number is higher now."""
    return was is not None and now is not None and bool(now > was)


def _first_difference(where: str, was: Any, now: Any) -> tuple[str, Any, Any]:
    """Where two values differ first, and both there; None where one has none."""
    if isinstance(was, dict) and isinstance(now, dict):
        key = next(key for key in {**was, **now} if was.get(key) != now.get(key))
        return _first_difference(f"{where} {key!r}", was.get(key), now.get(key))
    if isinstance(was, list) and isinstance(now, list) and not (was and now and _plain(was + now)):
        longest = max(len(was), len(now))
        pairs = [(_entry(was, i), _entry(now, i)) for i in range(longest)]
        index = next(i for i, (old, new) in enumerate(pairs) if old != new)
        return _first_difference(f"{where}, entry {index + 1}", *pairs[index])
    return where, was, now


def _entry(values: list[Any], index: int) -> Any:
    return values[index] if index < len(values) else None


def _plain(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
