"""Which columns are meant where none is named: those that are called as is usual."""

from collections.abc import Mapping, Sequence
from typing import Any

from automl_on_ray.search_spaces.core import UserError

# In small letters, without what parts words: user_id and userId are userid.
USUAL: Mapping[str, tuple[str, ...]] = {
    "time": ("time", "date", "datetime", "timestamp", "ds"),
    "series": ("series", "seriesid", "uniqueid"),
    "target": ("target", "y", "value"),
    "user": ("user", "userid"),
    "item": ("item", "itemid", "movieid", "productid"),
}
OTHERS = ("rating", "known", "past", "label")  # that name columns too
SHOWN = 12  # columns that a message lists


def usual_columns(
    columns: Sequence[str],
    asked: Mapping[str, Any],
    needed: Mapping[str, str],
    others: Sequence[str],
) -> dict[str, str]:
    """By role, of those of `needed` and `others` that are not `asked` for, the column that fits.

    `needed` says of each role what its column holds. UserError where none of the columns fits one
    of these, and where several fit any.
    """
    given = [asked.get(key) for key in (*USUAL, *OTHERS)]
    taken = {name for each in given for name in (each if isinstance(each, list) else [each])}
    found = {}
    for role in (*needed, *others):
        if asked.get(role):
            continue
        fit = [name for name in columns if _plain(name) in USUAL[role] and name not in taken]
        if len(fit) > 1:
            raise UserError(f"Several columns may be the {role}: {listed(fit)}. Say --{role} NAME.")
        if not fit and role in needed:
            raise UserError(
                f"Say with --{role} which column holds {needed[role]}. There are: "
                f"{listed(columns)}."
            )
        if fit:
            found[role] = fit[0]
    return found


def said_of(found: Mapping[str, str]) -> list[str]:
    """A remark on what was found; none where nothing was."""
    told = ", ".join(f"--{role} is {name!r}" for role, name in found.items())
    return [f"By the columns' names: {told}."] if found else []


def listed(columns: Sequence[str]) -> str:
    more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    return ", ".join(repr(name) for name in columns[:SHOWN]) + more


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter not in "_- .")
