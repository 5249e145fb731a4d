"""What another value of an option means to a study that is resumed."""

from enum import Enum
from typing import Any, get_args


class Change(Enum):
    """Of a named study's option, when the study is begun again under its name."""

    ANOTHER_STUDY = "another study: refused"
    ALLOWED = "may change"
    GROWS = "may only grow"


def change_of(declared: Any) -> Change | None:
    """What the type that an option was declared with says of it."""
    return next((one for one in get_args(declared) if isinstance(one, Change)), None)
