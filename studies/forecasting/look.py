"""The one look at the test part: what was won over the baselines, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl_on_ray.studies.forecasting.intervals import Interval, Parts, intervals_of
from automl_on_ray.studies.forecasting.report import Compared, Example, ForecastReport
from automl_on_ray.trainables.forecasting import (
    LEVELS,
    MEDIAN,
    History,
    Panel,
    mase,
    scales,
    scores,
    smape,
    wql,
)

EXAMPLES = 6
MOST_PAST = 200  # steps of a series that are drawn
JUDGED = ("mase", "smape", "wql")  # metrics that can be the report's


@dataclass(frozen=True)
class Forecasted:
    """(series, horizon, levels) for the test part, and the seconds that it took."""

    forecast: np.ndarray
    seconds: float | None = None


def look_at_test(
    panel: Panel,
    made: Mapping[str, Forecasted],
    *,
    baselines: tuple[str, ...],
    metric: str,
    members: Mapping[str, float],
    models: Mapping[str, str],
    seed: int = 0,
) -> ForecastReport:
    """Of what was `made`, by name, the `baselines` come first; the last is what the study gives."""
    history, inside = panel.history(None)
    truth = panel.truth(None)
    parts = {
        name: _parts(metric, one.forecast, truth, history) for name, one in made.items()
    }  # fmt: skip
    alone, differences = intervals_of(parts, seed)
    best = min(baselines, key=lambda name: alone[name].value, default="")
    compared = []
    for name, one in made.items():
        gains = {b: differences[b, name] for b in baselines if name not in baselines}
        compared.append(_compared(name, one, truth, history, alone[name], gains))
    return ForecastReport(
        metric=metric,
        series=len(inside),
        horizon=panel.horizon,
        season=panel.season,
        levels=LEVELS,
        baselines=baselines,
        best_baseline=best,
        compared=tuple(compared),
        examples=_examples(panel, list(made.values())[-1], made.get(best), seed),
        members=dict(members),
        models=dict(models),
    )


def _compared(
    name: str,
    one: Forecasted,
    truth: np.ndarray,
    history: History,
    interval: Interval,
    gains: Mapping[str, Interval],
) -> Compared:
    forecast, known = one.forecast, ~np.isnan(truth)
    below = (truth[..., None] <= forecast)[known].mean(axis=0)
    return Compared(
        name, scores(forecast, truth, history), interval, dict(gains),
        _by_step(forecast, truth, history), tuple(below.tolist()),
        None if one.seconds is None else 1000 * one.seconds / len(truth),
    )  # fmt: skip


def _by_step(forecast: np.ndarray, truth: np.ndarray, history: History) -> tuple[float | None, ...]:
    """(horizon,): the mean of the absolute errors by their series' scale."""
    errors = np.abs(forecast[:, :, MEDIAN] - truth) / scales(history)[:, None]
    known = ~np.isnan(errors)
    return tuple(
        float(errors[there, step].mean()) if there.any() else None
        for step, there in enumerate(known.T)
    )


def _parts(metric: str, forecast: np.ndarray, truth: np.ndarray, history: History) -> Parts:
    """The metric as a ratio of sums over series."""
    if metric == "wql":
        sizes = np.nansum(np.abs(truth), axis=1)
        own = [wql(forecast[i : i + 1], truth[i : i + 1]) for i in range(len(truth))]
        return Parts(np.array(own) * np.where(sizes > 0, sizes, 1.0), sizes)
    errors = mase(forecast, truth, history) if metric == "mase" else smape(forecast, truth)
    return Parts(errors, np.ones_like(errors))


def _examples(
    panel: Panel, given: Forecasted, baseline: Forecasted | None, seed: int
) -> tuple[Example, ...]:
    """Of series that are drawn by chance, not by how well they went."""
    inside, truth = panel.history(None)[1], panel.truth(None)
    drawn = np.random.default_rng(seed).permutation(len(inside))[:EXAMPLES]
    return tuple(
        _example(
            panel, inside[i], truth[i], given.forecast[i],
            () if baseline is None else tuple(baseline.forecast[i, :, MEDIAN].tolist()),
        )
        for i in sorted(drawn)
    )  # fmt: skip


def _example(
    panel: Panel,
    series: int,
    truth: np.ndarray,
    forecast: np.ndarray,
    baseline: tuple[float, ...],
) -> Example:
    values, times = panel.values[series], panel.times(series)
    past = min(MOST_PAST, max(3 * panel.season, 3 * panel.horizon), len(values) - len(truth))
    shown = past + len(truth)
    return Example(
        series=panel.ids[series],
        times=tuple(str(one) for one in _readable(times[-shown:])),
        past=_plain(values[-shown : len(values) - len(truth)]),
        truth=_plain(truth),
        low=tuple(forecast[:, 0].tolist()),
        middle=tuple(forecast[:, MEDIAN].tolist()),
        high=tuple(forecast[:, -1].tolist()),
        baseline=baseline,
    )


def _readable(times: np.ndarray) -> np.ndarray:
    """Days without hours, where all are at midnight."""
    if times.dtype.kind != "M":
        return times
    days = times.astype("datetime64[D]")
    return days if (days == times).all() else times.astype("datetime64[s]")


def _plain(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
