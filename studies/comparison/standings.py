"""What the runs say: means with intervals, differences to a base by a paired bootstrap, the odds.

The score of a run is that of what it would hand over: of its best by the values that guided it,
and never the best score seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.studies.comparison.hypervolumes import Box
from automl_on_ray.studies.comparison.runs import Run
from automl_on_ray.studies.comparison.yardstick import Point
from automl_on_ray.studies.results import half_width

RESAMPLES = 10_000
Interval = tuple[float, float, float]  # a mean and its ends


@dataclass(frozen=True)
class Standing:
    """Of a method with a budget. Each interval is of the mean over seeds, at 95 %.

    `scores` are by measure: "test", "regret", or "hypervolume"; `ahead` are the differences of
    these to the base method's over the seeds that both have. `until` is the median and the 90 %
    quantile of the evaluations until the best of all was found, infinite where that many runs did
    not find it; None where it is not known, or there is no best.
    """

    method: str
    budget: int
    seeds: int
    scores: Mapping[str, Interval]
    ahead: Mapping[str, Interval]
    until: tuple[float, float] | None
    hours: float
    seconds: float
    failed: int


class Judge:
    """Scores runs by the points of `every` config, or without them by the best of all runs."""

    def __init__(
        self,
        objectives: Sequence[Objective],
        every: Sequence[Point],
        runs: Sequence[Run],
        reference: Sequence[float] | None = None,
    ) -> None:
        self.several = len(objectives) > 1
        self.known = bool(every)
        self.every = every
        found = [one.values for one in every] or [f.values for run in runs for f in run.found]
        if not found:
            raise UserError("No evaluation of any run gave a value: there is nothing to compare.")
        self.best = max(values[0] for values in found)
        self.box = Box(found, reference) if self.several else None
        self.measures = ["hypervolume"] if self.several else ["regret"]
        if not self.several and all(f.test is not None for run in runs for f in run.found):
            self.measures.insert(0, "test")

    def score(self, run: Run, measure: str, after: int | None = None) -> float:
        """Of what a run had found after so many evaluations, by default all; NaN for nothing."""
        found = [one for one in run.found if after is None or one.evaluations <= after]
        if not found:
            return math.nan
        if measure == "hypervolume":
            assert self.box is not None
            return self.box.share([one.values for one in found])
        if measure == "test":
            test = found[-1].test
            return math.nan if test is None else test
        return self.best - found[-1].values[0]

    def curve(self, run: Run, measure: str) -> np.ndarray:
        """The score after each evaluation, shape (budget,)."""
        curve = np.full(run.budget, math.nan)
        for one in run.found:
            curve[one.evaluations - 1 :] = self.score(run, measure, one.evaluations)
        return curve

    def until_best(self, run: Run) -> float:
        """Evaluations until the best of all by the objective was found; infinite if it was not."""
        reached = [one.evaluations for one in run.found if one.values[0] >= self.best]
        return float(reached[0]) if reached else math.inf


def standings(judge: Judge, runs: Sequence[Run], base: str) -> list[Standing]:
    """A standing for each method and budget, in the order in which they first come."""
    groups: dict[tuple[int, str], list[Run]] = {}
    for run in runs:
        if not run.error:
            groups.setdefault((run.budget, run.method), []).append(run)
    by_budget = sorted(groups, key=lambda group: group[0])
    return [_standing(judge, groups[one], groups.get((one[0], base), [])) for one in by_budget]


def _standing(judge: Judge, runs: Sequence[Run], base: Sequence[Run]) -> Standing:
    scores, ahead = {}, {}
    for measure in judge.measures:
        own = {run.seed: judge.score(run, measure) for run in runs}
        its = {run.seed: judge.score(run, measure) for run in base}
        scores[measure] = mean_of(list(own.values()))
        if runs[0].method != (base[0].method if base else ""):
            both = sorted(own.keys() & its.keys())
            ahead[measure] = paired([own[seed] - its[seed] for seed in both])
    until = None
    if not judge.several and judge.known:
        counts = [judge.until_best(run) for run in runs]
        middle, most = np.quantile(counts, [0.5, 0.9], method="inverted_cdf")
        until = float(middle), float(most)
    return Standing(
        runs[0].method, runs[0].budget, len(runs), scores, ahead, until,
        float(np.mean([run.clock for run in runs])) / 3600,
        float(np.mean([run.seconds for run in runs])), sum(run.failed for run in runs),
    )  # fmt: skip


def mean_of(values: Sequence[float]) -> Interval:
    """With its 95 % interval by Student's t; NaN for the ends of one value, and for all of none."""
    if not values:
        return math.nan, math.nan, math.nan
    middle, half = float(np.mean(values)), half_width(values)
    return middle, middle - half, middle + half


def paired(differences: Sequence[float]) -> Interval:
    """Mean of differences seed by seed, and its 95 % interval by the bootstrap's percentiles.

    NaN for its ends where there are less than two. Efron and Tibshirani 1993, chapter 13.
    """
    if len(differences) < 2:
        return float(np.mean(differences)) if differences else math.nan, math.nan, math.nan
    values = np.asarray(differences)
    generator = np.random.default_rng(0)
    drawn = generator.integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def expected_of_random(every: Sequence[Point], evaluations: int, best: float) -> dict[str, float]:
    """Exactly, over all draws without replacement: test and regret of the best by the objective.

    The best of n among N is the i-th of all with probability C(N - i, n - 1) / C(N, n). Of those
    with equal values, each is as likely the first: they share their mean score.
    """
    order = sorted(every, key=lambda point: -point.values[0])
    total = len(order)
    chance = evaluations / total  # that the best of all is drawn
    found = {"regret": 0.0}
    tested = all(point.test is not None for point in order)
    tests = _shared_tests(order) if tested else []
    if tested:
        found["test"] = 0.0
    for place, point in enumerate(order):
        found["regret"] += chance * (best - point.values[0])
        if tested:
            found["test"] += chance * tests[place]
        left = total - place - 1
        if left < evaluations:
            break
        chance *= (left - evaluations + 1) / left
    return found


def _shared_tests(order: Sequence[Point]) -> list[float]:
    by_value: dict[float, list[float]] = {}
    for point in order:
        by_value.setdefault(point.values[0], []).append(float(point.test or 0.0))
    means = {value: float(np.mean(tests)) for value, tests in by_value.items()}
    return [means[point.values[0]] for point in order]
