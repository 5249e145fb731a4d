"""From the lines of runs to tables: regrets for each problem, and mean ranks over data sets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

CHECKPOINTS = (1, 3, 5, 10, 15)  # trials
RANKED = (5, 10, 20)
AHEAD = (5, 15)
REPEATS = 2_000
LEAVE_ONE_OUT = "svm-"  # what the names of its problems begin with
AGAINST = {"process": "process", "random": "random"}  # by a method's first word; others: cold
Line = Mapping[str, Any]


def report(lines: Sequence[Line]) -> list[str]:
    """Of each problem, then of all data sets that were left out in turn."""
    frame = pd.DataFrame(lines)
    if frame.empty:
        return ["No run is there yet."]
    alone = frame[~frame.problem.str.startswith(LEAVE_ONE_OUT)]
    found = [text for name, runs in alone.groupby("problem", sort=False)
             for text in of_problem(str(name), runs)]  # fmt: skip
    return [*found, *leave_one_out(frame[frame.problem.str.startswith(LEAVE_ONE_OUT)])]


def of_problem(name: str, runs: pd.DataFrame) -> Iterator[str]:
    """Median regrets, at two places with their interval, and the seeds ahead of a cold start."""
    yield (
        f"\n{name}: median regret after so many trials [95 % interval]; "
        "seeds ahead of its own cold start"
    )
    yield (
        f"{'':18}"
        + "".join(f"{n:>{30 if n in AHEAD else 10}}" for n in CHECKPOINTS)
        + "".join(f"{f'ahead {n}':>10}" for n in AHEAD)
        + f"{f'over cold {AHEAD[-1]}':>18}"
        + f"{'seeds':>7}{'CPU s':>8}"
    )
    for method, own in runs.groupby("method", sort=False):
        regrets = _regrets(own)
        cold = _regrets(runs[runs.method == AGAINST.get(str(method).split("-")[0], "cold")])
        seconds = own.cpu_seconds.mean() / regrets.shape[1]
        yield (
            f"{method:18}" + "".join(_median(regrets[n]) for n in CHECKPOINTS)
            + "".join(f"{ahead(regrets[n], cold[n]):>10.2f}" for n in AHEAD)
            + f"{over(regrets[AHEAD[-1]], cold[AHEAD[-1]]):>18}"
            + f"{len(own):>7}{seconds:>8.2f}"
        )  # fmt: skip


def ahead(regrets: pd.Series, cold: pd.Series) -> float:
    """The share of seeds with less regret; equal ones count half. NaN where no seed has both."""
    less = (cold - regrets).dropna()
    return float(((less > 0) + (less == 0) / 2).mean())


def over(regrets: pd.Series, cold: pd.Series) -> str:
    """How far the median is above a cold start's on the same seeds, and that one's standard error.

    By the bootstrap; "-" for less than two seeds.
    """
    pairs = pd.concat([regrets, cold], axis=1).dropna().to_numpy()
    if len(pairs) < 2:
        return "-"
    own, other = pairs.T
    found = bootstrap(
        (own, other), _apart, n_resamples=REPEATS, method="percentile", paired=True,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    return f"{_apart(own, other):+.2g} ± {found.standard_error:.2g}"


def _apart(own: np.ndarray, other: np.ndarray, axis: int = -1) -> np.ndarray:
    difference: np.ndarray = np.median(own, axis=axis) - np.median(other, axis=axis)
    return difference


def leave_one_out(runs: pd.DataFrame) -> Iterator[str]:
    """Mean ranks: 1 has the least regret. Only seeds of a data set count that all methods have."""
    whole = _whole(runs)
    if not len(whole):
        return
    sets = len(whole.index.unique("problem"))
    yield f"\nleave one out: mean rank after so many trials [95 % interval, {sets} data sets]"
    yield f"{'':18}" + "".join(f"{n:>22}" for n in RANKED) + f"{'runs':>7}{'CPU s':>8}"
    for method in whole.columns.unique("method"):
        seconds = runs[runs.method == method].cpu_seconds.mean() / RANKED[-1]
        cells = (mean_rank(whole.xs(n, axis=1, level="trials"), method) for n in RANKED)
        yield f"{method:18}" + "".join(cells) + f"{len(whole):>7}{seconds:>8.2f}"


def mean_rank(regrets: pd.DataFrame, method: str) -> str:
    """The mean over data sets of the mean over their seeds, which are alike."""
    ranks = regrets.round(12).rank(axis=1)[method].groupby(level="problem").mean().to_numpy()
    return f"{f'{ranks.mean():.2f}{_interval(ranks, np.mean)}':>22}"


def _whole(runs: pd.DataFrame) -> pd.DataFrame:
    """Rows are data sets and seeds, columns methods and trials."""
    methods = runs.method.unique() if len(runs) else []
    parts = {
        method: pd.DataFrame(
            {n: [curve[n - 1] for curve in own.regrets] for n in RANKED},
            index=pd.MultiIndex.from_frame(own[["problem", "seed"]]),
        )
        for method in methods if len(own := runs[runs.method == method])
    }  # fmt: skip
    if not parts:
        return pd.DataFrame()
    return pd.concat(parts, axis=1, names=["method", "trials"]).dropna()


def _regrets(runs: pd.DataFrame) -> pd.DataFrame:
    """A row for each seed, a column for each number of trials."""
    table = pd.DataFrame(list(runs.regrets), index=list(runs.seed))
    return table.rename(columns=lambda place: place + 1)


def _median(regrets: pd.Series) -> str:
    text = f"{regrets.median():.3g}"
    if regrets.name not in AHEAD:
        return f"{text:>10}"
    return f"{text + _interval(regrets.to_numpy(), np.median):>30}"


def _interval(values: np.ndarray, statistic: Any) -> str:
    """By the bootstrap; nothing for less than two values."""
    if len(values) < 2:
        return ""
    found = bootstrap(
        (values,), statistic, n_resamples=REPEATS, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return f" [{found.low:.3g}, {found.high:.3g}]"
