"""Numbers, times and configs in few letters."""

import json
import math
from collections.abc import Sequence
from typing import Any

from automl_on_ray.search_spaces.core import visible

LONGEST_VALUE = 12
BLOCKS = "▁▂▃▄▅▆▇█"


def short(value: Any) -> str:
    """A config's value."""
    if isinstance(value, float):
        return f"{value:.3g}"
    text = value if isinstance(value, str | int) else _as_json(value)
    return cut(str(text), LONGEST_VALUE)


def _as_json(value: Any) -> str:
    return json.dumps(value, default=str)


def cut(text: str, most: int) -> str:
    """Of so many letters at most, none of which commands a terminal."""
    text = visible(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def clock(seconds: float) -> str:
    """`1:02:03`, or `2:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def about(seconds: float) -> str:
    """No finer than an estimate is: `40 s`, `12 min`, `3 h 20 min`, `5 days`."""
    if seconds < 90:
        return f"{math.ceil(seconds / 10) * 10} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(round(minutes / 10) * 10, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(hours / 24)} days"


def sparkline(
    values: Sequence[float | None], width: int, *, ends: tuple[float, float] | None = None
) -> str:
    """One block a value, or of each `width`-th part of them the last; blank for None.

    Between these `ends`, or those of the values that are shown.
    """
    count = min(width, len(values))
    chosen = [values[(index + 1) * len(values) // count - 1] for index in range(count)]
    seen = [value for value in chosen if value is not None]
    low, high = ends or (min(seen, default=0.0), max(seen, default=0.0))
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if v is None else BLOCKS[round((v - low) * scale)] for v in chosen)
