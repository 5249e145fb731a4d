"""Steps of time: how far apart the values of a series are, and which number a time has.

A frequency is written as pandas does: "MS" are months whose times fall on the same day, and "ME"
on the last; "QS" and "QE" are quarters, "YS" and "YE" years, "2MS" two months; "B" is days of work;
"D", "7D", "h" or "30min" a fixed time. A whole number, such as "1", steps a time that is a number.
It stands alone, with numpy and pandas: a registered model brings it along.
"""

import numpy as np
import pandas as pd

MONTHS = {"QS": (3, "MS"), "QE": (3, "ME"), "YS": (12, "MS"), "YE": (12, "ME")}
DAY = 86_400 * 10**9  # nanoseconds
SEASONS = {"B": 5, "MS": 12, "ME": 12, "QS": 4, "QE": 4, "7D": 52}
CALENDAR = ((28, 31, "M"), (90, 92, "Q"), (365, 366, "Y"))  # days that months and such have
LAST_DAYS = 4  # a last day of work is among so many
CYCLES = (DAY, 7 * DAY)  # what values of less than a day, and of a day, come back in


def frequency_of(times: np.ndarray, series: np.ndarray) -> str | None:
    """The commonest step of `times` (n,), datetime64[ns] or int64, in order within each series.

    `series` (n,) are codes. None where no series has two times.
    """
    same = series[1:] == series[:-1]
    if not same.any():
        return None
    if times.dtype.kind != "M":
        return str(_commonest(np.diff(times)[same]))
    for alias, whole in (("ME", _on_last_day(times)), ("MS", _on_same_day(times))):
        if whole:
            return _in_months(_commonest(np.diff(_months(times))[same]), alias)
    steps = np.diff(times.view(np.int64))[same]
    step = _commonest(steps)
    days = times.astype("datetime64[D]")
    if step == DAY and (steps == 3 * DAY).any() and np.is_busday(days).all():
        return "B"
    return _fixed(step)


def plain(frequency: str) -> str:
    """As `frequency_of` writes it. ValueError for what pandas does not know, or is no step."""
    if frequency.isdigit() and int(frequency):
        return str(int(frequency))
    offset = pd.tseries.frequencies.to_offset(frequency)
    name, count = type(offset).__name__, offset.n
    each = {"Month": 1, "BMonth": 1, "BusinessMonth": 1, "Quarter": 3, "BQuarter": 3, "Year": 12,
            "BYear": 12}  # fmt: skip
    base = name.removesuffix("Begin").removesuffix("End")
    if base in each and base != name:
        return _in_months(each[base] * count, "MS" if "Begin" in name else "ME")
    if name == "BusinessDay" and count == 1:
        return "B"
    if name == "Week":
        return f"{7 * count}D"
    return _fixed(int(pd.Timedelta(offset).value))


def _fixed(step: int) -> str:
    """As text, of nanoseconds."""
    if step % DAY == 0:
        return "D" if step == DAY else f"{step // DAY}D"
    return str(pd.tseries.frequencies.to_offset(pd.Timedelta(step, "ns")).freqstr)


def calendar_step(step: int, times: np.ndarray) -> str | None:
    """The months, quarters or years that a `step` of nanoseconds may be; None for other steps.

    At the end of a month where most of `times`, datetime64[ns], are in its last days.
    """
    days = step / DAY
    if not (found := next((a for low, high, a in CALENDAR if low <= days <= high), "")):
        return None
    left = (times.astype("datetime64[M]") + 1).astype("datetime64[D]") - times.astype(
        "datetime64[D]"
    )
    return found + ("E" if np.mean(left.astype(int) <= LAST_DAYS) > 0.5 else "S")


def numbers_of(times: np.ndarray, firsts: np.ndarray, frequency: str) -> np.ndarray:
    """(n,) float64: which step after `firsts` (n,) each time is; not whole where it is none."""
    if times.dtype.kind != "M":
        return np.asarray((times - firsts) / _whole_step(frequency))
    count, alias = _parted(frequency)
    if alias in ("MS", "ME"):
        return np.asarray((_months(times) - _months(firsts)) / count)
    if alias == "B":
        days, begun = times.astype("datetime64[D]"), firsts.astype("datetime64[D]")
        found = np.busday_count(begun, days).astype(float)
        return np.where(np.is_busday(days) & np.is_busday(begun), found, np.nan)
    return np.asarray((times - firsts).astype(np.int64) / _nanoseconds(frequency))


def _whole_step(frequency: str | None) -> int:
    """Of times that are whole numbers: 1 where a collection tells its months, but no dates."""
    return int(frequency) if frequency and frequency.isdigit() else 1


def times_after(start: np.datetime64 | int, frequency: str | None, steps: np.ndarray) -> np.ndarray:
    """The times so many steps after `start`, of its type."""
    if not isinstance(start, np.datetime64):
        return np.asarray(int(start) + _whole_step(frequency) * steps)
    count, alias = _parted(frequency or "D")
    if alias in ("MS", "ME"):
        return _months_after(start, count * steps, last_day=alias == "ME")
    if alias == "B":
        days = np.busday_offset(start.astype("datetime64[D]"), steps, "forward")
        return np.asarray(days.astype("datetime64[ns]"))
    passed = (steps * _nanoseconds(frequency or "D")).astype("timedelta64[ns]")
    return np.asarray(start.astype("datetime64[ns]") + passed)


def _months_after(start: np.datetime64, months: np.ndarray, *, last_day: bool) -> np.ndarray:
    """On the same day of the month, or its last one where it has no such day."""
    month, day = start.astype("datetime64[M]"), start.astype("datetime64[D]")
    firsts = (month + months).astype("datetime64[D]")
    lasts = (month + months + 1).astype("datetime64[D]") - 1
    days = lasts if last_day else np.minimum(firsts + (day - month.astype("datetime64[D]")), lasts)
    return np.asarray(days.astype("datetime64[ns]") + (start - day.astype("datetime64[ns]")))


def season_of(frequency: str | None) -> int:
    """How many steps the usual season of a frequency has; 1 where there is none."""
    if frequency is None or frequency.isdigit():
        return 1
    if frequency in SEASONS:
        return SEASONS[frequency]
    if _parted(frequency)[1] in ("MS", "ME"):
        return 1
    step = _nanoseconds(frequency)
    return next((cycle // step for cycle in CYCLES if step < cycle and cycle % step == 0), 1)


def _in_months(count: int, alias: str) -> str:
    known = {pair: name for name, pair in MONTHS.items()}
    return known.get((count, alias), f"{count if count > 1 else ''}{alias}")


def _parted(frequency: str) -> tuple[int, str]:
    if frequency in MONTHS:
        return MONTHS[frequency]
    alias = frequency.lstrip("0123456789")
    return int(frequency.removesuffix(alias) or 1), alias


def _nanoseconds(frequency: str) -> int:
    return int(pd.Timedelta(pd.tseries.frequencies.to_offset(frequency)).value)


def _months(times: np.ndarray) -> np.ndarray:
    return times.astype("datetime64[M]").astype(np.int64)


def _on_same_day(times: np.ndarray) -> bool:
    since = times - times.astype("datetime64[M]").astype("datetime64[ns]")
    return bool((since == since[0]).all())


def _on_last_day(times: np.ndarray) -> bool:
    """At one time of the day, such as midnight or its last second."""
    ends = (times.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    since = times - ends.astype("datetime64[ns]")
    return bool((since == since[0]).all() and 0 <= since[0].astype(np.int64) < DAY)


def _commonest(steps: np.ndarray) -> int:
    values, counts = np.unique(steps[steps > 0], return_counts=True)
    return int(values[counts.argmax()]) if len(values) else 1
