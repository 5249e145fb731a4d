"""What was found on the test part, in lines for a terminal."""

import math
from collections.abc import Iterator

from automl_on_ray.trainables.tables.test_report.report import Compared, TableReport

MOST_COLUMNS, MOST_BEHIND = 5, 5
FEW_GROUPS = 10  # of fewer, an interval covers the truth in less than 90 of 100 cases


def lines_of(report: TableReport) -> list[str]:
    """The comparison with its verdict, then importance, calibration and what did not help."""
    return [
        *compared_lines(report),
        *_members(report),
        *_importance(report),
        *_calibration(report),
        *_behind(report),
    ]


def compared_lines(report: TableReport) -> list[str]:
    """Each way to answer with its interval, and whether the last is better than the first ones."""
    return list(_comparison(report))


def _comparison(report: TableReport) -> Iterator[str]:
    wanted = "higher" if report.better == "max" else "lower"
    of, over = "", ""
    if report.groups is not None:
        of, over = f" of {report.groups:,} groups ({report.group})", " over groups"
    yield (
        f"On {report.rows:,} test rows{of} that no fit has seen, {report.metric} ({wanted} is "
        f"better), with 95 % intervals{over}:"
    )
    width = max(len(one.name) for one in report.compared)
    for one in report.compared:
        found = one.interval
        seconds = "" if one.seconds is None else f"  {one.seconds:.2g} s for 1,000 rows"
        spread = "" if math.isnan(found.low) else f" [{found.low:.4g}, {found.high:.4g}]"
        yield f"  {one.name:{width}}  {found.value:<6.4g}{spread}{seconds}"
    if report.groups == 1:
        yield "Of one group there are no intervals: how well it does for another is not known."
        return
    if report.groups is not None and report.groups < FEW_GROUPS:
        yield f"Intervals over {report.groups} groups are too narrow: take them for the least."
    last = report.compared[-1]
    yield from (_verdict(report, last, name) for name in last.gain_over)


def _verdict(report: TableReport, one: Compared, other: str) -> str:
    gain = one.gain_over[other]
    told = f"in pairs of the same rows {gain.value:+.3g} [{gain.low:+.3g}, {gain.high:+.3g}]"
    if gain.low > 0:
        return f"The {one.name} is better than the {other} model: {told}."
    if gain.high < 0:
        return f"The {one.name} is worse than the {other} model: {told}. Take the {other} one."
    return f"The {one.name} is not clearly better than the {other} model: {told}."


def _members(report: TableReport) -> Iterator[str]:
    told = [
        f"{weight:.0%} {trial}{f' ({model})' if model else ''}"
        for trial, weight in report.members.items()
        for model in [report.models.get(trial, "")]
    ]
    if len(told) > 1:
        yield f"The ensemble: {', '.join(told)}."
    elif told:
        yield f"The model is trial {told[0].removeprefix('100% ')} alone."


def _importance(report: TableReport) -> Iterator[str]:
    if not report.importance:
        return
    useful = [one for one in report.importance if one.loss > 0][:MOST_COLUMNS]
    if useful:
        yield (
            f"Columns that matter most, by how much worse {report.metric} is without them: "
            f"{', '.join(f'{one.column} {one.loss:.3g}' for one in useful)}."
        )
    silent = [one.column for one in report.importance if one.low <= 0]
    if silent:
        yield f"{len(silent)} of {len(report.importance)} columns have no effect that is seen."
    if report.not_measured:
        yield f"There was no time to measure {len(report.not_measured)} columns."


def _calibration(report: TableReport) -> Iterator[str]:
    if report.calibration is not None:
        yield (
            f"Calibration: what is said of {report.calibration.of} is off by "
            f"{report.calibration.error:.1%} on average."
        )


def _behind(report: TableReport) -> Iterator[str]:
    if not report.behind:
        return
    yield "What did not help, by the best score without the test rows:"
    for one in report.behind[:MOST_BEHIND]:
        if one.best is None or one.behind is None:
            yield f"  {one.choice}: none of {one.cut} trials did all folds"
        else:
            count = f"{one.trials} trial{'s' * (one.trials != 1)}"
            yield f"  {one.choice}: {one.best:.4g}, {one.behind:.3g} behind, {count}"
