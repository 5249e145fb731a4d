"""The message about an unknown word: the nearest known one, and the list."""

import difflib
from collections.abc import Collection, Iterable

from automl_on_ray.search_spaces.core.errors import UserError


def near_miss(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'accuracy'?` for the nearest of the `known` words; "" if none is near."""
    by_lower = {one.lower(): one for one in known if one != word}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


def check_choice(what: str, word: object, known: Collection[str], *, where: str = "") -> None:
    """UserError with the list for an unknown word; `where` it stands is said too."""
    if word not in known:
        place = f" in {where}" if where else ""
        raise UserError(
            f"Unknown {what} {word!r}{place}.{near_miss(str(word), known)} "
            f"There are: {', '.join(known)}."
        )
