"""A comparison as tables: headings and rows of text, for the terminal and for the page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from automl_on_ray.studies.comparison.standings import Interval, Standing

EXACT = "random, exactly"
DIGITS = {"hypervolume": 4}
USUAL_DIGITS = 3


@dataclass(frozen=True)
class Cells:
    """`rows` are as long as `head`; behind a first column of names are numbers, or `words`."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: bool = False

    @property
    def text(self) -> str:
        """Columns side by side."""
        every = [self.head, *self.rows]
        widths = [max(len(row[place]) for row in every) for place in range(len(self.head))]
        lines = [
            "  ".join(
                text.rjust(width) if place and not self.words else text.ljust(width)
                for place, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in every
        ]
        return "\n".join([self.title, *lines])


def tables_of(
    found: Sequence[Standing],
    *,
    base: str,
    measures: Sequence[str],
    exact: Mapping[int, Mapping[str, float]],
    timed: bool,
) -> list[Cells]:
    """For each budget one of each measure, and one of what it took.

    `exact`: what random search would have in the mean of all seeds, by budget and measure.
    """
    tables: list[Cells] = []
    for budget in dict.fromkeys(one.budget for one in found):
        own = [one for one in found if one.budget == budget]
        tables += [_scores(own, measure, base, exact.get(budget, {})) for measure in measures]
        tables.append(_costs(own, timed=timed))
    return tables


def _scores(
    found: Sequence[Standing], measure: str, base: str, exact: Mapping[str, float]
) -> Cells:
    digits = DIGITS.get(measure, USUAL_DIGITS)
    rows = [
        [
            one.method,
            str(one.seeds),
            mean_and_half(one.scores[measure], digits),
            difference(one.ahead.get(measure), digits),
        ]
        for one in found
    ]
    if measure in exact:
        rows.insert(0, [EXACT, "all", f"{exact[measure]:.{digits}f}", ""])
    head = ["", "seeds", measure, f"less {base}'s"]
    return Cells(f"{measure} after {found[0].budget} evaluations", head, rows)


def _costs(found: Sequence[Standing], *, timed: bool) -> Cells:
    until = any(one.until for one in found)
    head = ["", *["best found after", "90 %"] * until, *["hours, about"] * timed, "ms a suggestion"]
    rows = []
    for one in found:
        counts = [_count(count, one.budget) for count in one.until or ()]
        hours = [f"{one.hours:.1f}"] * timed
        rows.append([one.method, *counts, *hours, f"{1000 * one.seconds:.2f}"])
    return Cells(f"cost of {found[0].budget} evaluations", head, rows)


def mean_and_half(interval: Interval, digits: int) -> str:
    """`93.731 ± 0.052`, or the mean alone where there is no interval."""
    mean, low, high = interval
    half = (high - low) / 2
    return f"{mean:.{digits}f}" + ("" if math.isnan(half) else f" ± {half:.{digits}f}")


def difference(interval: Interval | None, digits: int) -> str:
    """`+0.411 [+0.352, +0.470]`; empty where there is none."""
    if interval is None or math.isnan(interval[0]):
        return ""
    mean, low, high = interval
    ends = "" if math.isnan(low) else f" [{low:+.{digits}f}, {high:+.{digits}f}]"
    return f"{mean:+.{digits}f}{ends}"


def _count(count: float, budget: int) -> str:
    return f"{count:.0f}" if math.isfinite(count) else f"more than {budget}"
