"""What was found on the test series, in lines for a terminal."""

from collections.abc import Iterator

from automl_on_ray.trainables.series_classes.test_report.report import SeriesReport
from automl_on_ray.trainables.tables.test_report import Compared


def lines_of(report: SeriesReport) -> list[str]:
    """The comparison with its verdict, then of what the model consists."""
    return [*compared_lines(report), *_members(report)]


def compared_lines(report: SeriesReport) -> list[str]:
    """Each way with its interval, and whether what was found is better than the classical ones."""
    return list(_comparison(report))


def _comparison(report: SeriesReport) -> Iterator[str]:
    wanted = "higher" if report.better == "max" else "lower"
    others = [name for name in report.compared[0].scores if name != report.metric]
    yield (
        f"On {report.series:,} test series that no fit has seen, {report.metric} ({wanted} is "
        f"better), with 95 % intervals; then {', '.join(others)}, and seconds for 1,000 series:"
    )
    width = max(len(one.name) for one in report.compared)
    for one in report.compared:
        found = one.interval
        spread = f"[{found.low:.3f}, {found.high:.3f}]"
        rest = "  ".join(f"{one.scores[name]:.3f}" for name in others)
        yield f"  {one.name:{width}}  {found.value:.3f} {spread}  {rest}  {one.seconds:.2g} s"
    last = report.compared[-1]
    yield from (_verdict(report, last, name) for name in last.gain_over)


def _verdict(report: SeriesReport, found: Compared, other: str) -> str:
    gain = found.gain_over[other]
    ends = [gain.value, gain.low, gain.high]
    if report.better == "min":
        ends = [0.0 - gain.value, 0.0 - gain.high, 0.0 - gain.low]
    value, low, high = (f"{each:+.3f}" for each in ends)
    told = f"{value} {report.metric} [{low}, {high}] on the same series"
    if gain.low > 0:
        return f"What was found is better than {other}: {told}."
    if gain.high < 0:
        return f"{other} is better than what was found: {told}. Take {other}."
    return f"The search did not beat {other}, as far as this test part can tell: {told}."


def _members(report: SeriesReport) -> Iterator[str]:
    told = [
        f"{weight:.0%} {trial} ({report.models[trial]})" for trial, weight in report.members.items()
    ]
    if len(told) > 1:
        yield f"The ensemble: {', '.join(told)}."
    elif told:
        yield f"The model is trial {told[0].removeprefix('100% ')} alone."
