"""What was found on the test part, in lines for a terminal."""

from collections.abc import Iterator

from automl_on_ray.studies.forecasting.report import Compared, ForecastReport

SHOWN = 12  # members


def lines_of(report: ForecastReport) -> list[str]:
    """The comparison with its verdicts, and what the forecasts come from."""
    return [*compared_lines(report), *_members(report)]


def compared_lines(report: ForecastReport) -> list[str]:
    """Each way to forecast with its interval, and whether the last is better than the baselines."""
    return list(_comparison(report))


def _comparison(report: ForecastReport) -> Iterator[str]:
    yield (
        f"The last {report.horizon} steps of {report.series:,} series, which no fit has seen; "
        f"{report.metric} (lower is better) with 95 % intervals over series:"
    )
    width = max(len(one.name) for one in report.compared)
    others = [name for name in report.compared[-1].scores if name != report.metric]
    for one in report.compared:
        told = [f"{name} {_short(name, one.scores[name])}" for name in others]
        seconds = [] if one.seconds is None else [f"{one.seconds:.2g} s for 1,000 series"]
        value = f"{one.interval.value:<6.4g} {one.interval}".rstrip()
        yield f"  {one.name:{width}}  {value}  {', '.join([*told, *seconds])}"
    last = report.compared[-1]
    yield from (_verdict(report, last, name) for name in report.baselines)
    held = last.scores["coverage"]
    yield (
        f"Between its levels 0.1 and 0.9 are {held:.0%} of the true values; 80 % would be right."
    )


def _short(name: str, value: float) -> str:
    return f"{value:.0%}" if name == "coverage" else f"{value:.4g}"


def _verdict(report: ForecastReport, one: Compared, other: str) -> str:
    gain, base = one.gain_over[other], report.named(other).interval.value
    share = f", {abs(gain.value) / base:.1%}" if base else ""
    if gain.low is None or gain.high is None:
        word = "less" if gain.value > 0 else "more"
        return (
            f"The {one.name} has {word} {report.metric} than {other} ({gain.value:+.3g}{share}); "
            "of one series there is no interval."
        )
    told = (
        f"over the same series {report.metric} differs by {gain.value:+.3g} "
        f"[{gain.low:+.3g}, {gain.high:+.3g}]{share}"
    )
    if gain.low > 0:
        return f"The {one.name} is better than {other}: {told}."
    if gain.high < 0:
        return f"{other[0].upper()}{other[1:]} is better than what was found: {told}."
    return f"The {one.name} is not clearly better than {other}: {told}."


def _members(report: ForecastReport) -> Iterator[str]:
    told = [
        f"{weight:.0%} {trial}{f' ({model})' if model else ''}"
        for trial, weight in report.members.items()
        for model in [report.models.get(trial, "")]
    ]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    if len(told) > 1:
        yield f"The ensemble: {', '.join(told[:SHOWN])}{more}."
    elif told:
        yield f"The model is trial {told[0].removeprefix('100% ')} alone."
