"""Ranges of numeric options, declared with the option and checked alike in all commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from automl_on_ray.search_spaces.core.errors import UserError

SHOWN = 40  # characters of what was typed


@dataclass(frozen=True)
class Between:
    """Both ends belong to it; not `least` itself where the number must be `above` it.

    An option that is a text may hold the `word` in place of a number, or `several` whole ones,
    separated by commas.
    """

    least: float
    most: float
    above: bool = False
    word: str = ""
    several: bool = False

    def check(self, option: str, given: float | str) -> None:
        """UserError for what is no number of the range: NaN, an infinity, a text."""
        texts = given.split(",") if self.several and isinstance(given, str) else [given]
        for text in texts:
            if self.word and text == self.word:
                continue
            number = _number(text, int if self.several else float)
            # Written so that NaN, of which no comparison holds, is refused.
            inside = self.least <= number <= self.most and not (self.above and number == self.least)
            if not inside:
                shown = str(text).strip()
                shown = f"{shown[:SHOWN]}..." if len(shown) > SHOWN else shown
                raise UserError(f"{option} must be {self}, but got {shown or 'nothing'}.")

    def __str__(self) -> str:
        ends = f"{self.least:.15g}", f"{self.most:.15g}"
        told = "above {} and at most {}" if self.above else "from {} to {}"
        return told.format(*ends) + (f", or {self.word}" if self.word else "")


def range_of(declared: Any) -> Between | None:
    """The range in the type that an option was declared with, if there is one."""
    return next((one for one in get_args(declared) if isinstance(one, Between)), None)


def check_ranges(declared: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """UserError for the first value that is out of its range; None is in each.

    `declared` are the annotations of a command's options, `values` what was given, by the same
    names: `max_failures` is --max-failures.
    """
    for name, annotation in declared.items():
        allowed, value = range_of(annotation), values.get(name)
        if allowed is not None and value is not None:
            allowed.check(f"--{name.replace('_', '-')}", value)


def _number(text: float | str, kind: type[int] | type[float]) -> float:
    try:
        return float(kind(text))
    except (ValueError, OverflowError):  # an integer too large for a float is out of all ranges
        return float("nan")
