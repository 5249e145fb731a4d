"""Candidates from a search, and which is best when trained by itself."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.searchers import identity_of, meets_constraints, varying
from automl_on_ray.studies.architecture.evaluations import Way
from automl_on_ray.studies.results import half_width
from automl_on_ray.studies.trial_rows import Row, pareto_front, scored


@dataclass(frozen=True)
class Searched(Row):
    """A trial of the search, the candidate that came of it, and what the doctor said last."""

    candidate: Config | None = None
    warning: str = ""


def searched_of(trial: Trial, row: Row, way: Way) -> Searched:
    """What a trial left: a supernet its derived cell, an architecture by itself that one."""
    warning = (trial.last_result or {}).get("warning", "")
    return Searched(**row.as_dict(), candidate=way.candidate_of(trial), warning=warning)


def read_searched(row: Mapping[str, Any]) -> Searched:
    """As it was written, also by a version that knew cells alone."""
    kept = dict(row)
    if "cell" in kept:
        kept["candidate"] = kept.pop("cell")
    return Searched(**kept)


@dataclass(frozen=True)
class Candidate:
    """An architecture to be trained by itself, and where it is from, in words.

    `config` is what varies of it in its space, training too. `search_score` is what the search said
    of it; `control` tells random ones from the others, `spread` those that are trained to see
    whether that score ranks.
    """

    config: Config
    origin: str
    search_score: float | None = None
    control: bool = False
    spread: bool = False


def candidates_of(
    searched: Sequence[Searched],
    objectives: Sequence[Objective],
    *,
    space: SearchSpace,
    most: int,
    spread: int = 0,
) -> list[Candidate]:
    """The best `most` of the search, equal ones merged; those of a Pareto front come first.

    And `spread` others, from the middles of so many equal parts of the ranking below them.

    Of trials that came to their end, if any did: other supernets have hardly learned what to mix.
    """
    merged: dict[str, Candidate] = {}
    others: Counter[str] = Counter()
    ranked = scored(searched, objectives)
    ranked = [row for row in ranked if row.outcome == "completed"] or ranked
    front = pareto_front(ranked, objectives) if ranked else []
    for row in [*front, *(row for row in ranked if row not in front)]:
        if row.candidate is None:
            continue
        own = identity_of(space, row.candidate)
        others[own] += own in merged
        score = row.metrics[objectives[0].metric]
        merged.setdefault(own, Candidate(row.candidate, row.trial_id, score))
    every = [
        replace(c, origin=f"{c.origin} and {others[own]} more") if others[own] else c
        for own, c in merged.items()
    ]
    below = max(0, len(every) - most)
    spread = min(spread, below)
    ranks = [most + (2 * part + 1) * below // (2 * spread) for part in range(spread)]
    return every[:most] + [
        replace(
            every[rank],
            origin=f"{every[rank].origin} (rank {rank + 1} of {len(every)})",
            spread=True,
        )
        for rank in ranks
    ]


def random_candidates(
    space: SearchSpace,
    *,
    count: int,
    without: Sequence[Config],
    seed: int,
    meets: Callable[[Config], bool] | None = None,
) -> list[Candidate]:
    """So many members drawn from `space`, none twice and none of `without`, all of which `meets`.

    Fewer where the space has not so many. More of them begin with the same ones.
    """
    generator = np.random.default_rng((seed, 1))  # not the stream of a searcher, which tries others
    seen = {identity_of(space, config) for config in without}
    drawn: list[Candidate] = []
    for _ in range(100 * count):
        if len(drawn) == count:
            break
        config = varying(space, space.sample(generator))
        own = identity_of(space, config)
        if own not in seen and meets_constraints(space, config):
            seen.add(own)
            if meets is not None and not meets(config):
                continue
            drawn.append(Candidate(config, "random", control=True))
    return drawn


@dataclass(frozen=True)
class Judged:
    """A candidate with its values over seeds: by the metrics of the objectives, the first first.

    `row` is that of its first trial.
    """

    candidate: Candidate
    by_metric: Mapping[str, tuple[float, ...]]
    row: Row

    @property
    def values(self) -> tuple[float, ...]:
        return next(iter(self.by_metric.values()))

    @property
    def means(self) -> dict[str, float]:
        return {metric: float(np.mean(values)) for metric, values in self.by_metric.items()}

    @property
    def mean(self) -> float:
        return next(iter(self.means.values()))

    @property
    def half_width(self) -> float:
        """Of the 95 % interval (Student's t); nan for one seed."""
        return half_width(self.values)


def judge(
    candidates: Sequence[Candidate],
    rows: Sequence[Row],
    objectives: Sequence[Objective],
    *,
    space: SearchSpace,
    seeds: int,
) -> list[Judged]:
    """Candidates with their trials' values, best mean first; those without any are left out.

    So are random ones of which not all `seeds` had their trial when the time for them was over.
    """
    by_config: dict[str, list[Row]] = {}
    for row in rows:
        config = varying(space, space.plain(row.config))
        by_config.setdefault(identity_of(space, config), []).append(row)
    found = []
    for candidate in candidates:
        ran = by_config.get(identity_of(space, candidate.config), [])
        whole = [row for row in ran if row.outcome == "completed"]
        own = [row for row in whole if _has_all(row, objectives)]
        ended = sum(row.outcome in ("completed", "failed") for row in ran)
        if own and (ended >= seeds or not candidate.control):
            values = {o.metric: tuple(row.metrics[o.metric] for row in own) for o in objectives}
            found.append(Judged(candidate, values, own[0]))
    return sorted(found, key=lambda judged: -objectives[0].sign() * judged.mean)


def _has_all(row: Row, objectives: Sequence[Objective]) -> bool:
    return all(finite(row.metrics.get(each.metric)) is not None for each in objectives)


def best_rows(judged: Sequence[Judged]) -> list[Row]:
    """One row a candidate, as of one trial, with the means over its seeds."""
    rows = []
    for j in judged:
        config = {key: value for key, value in j.row.config.items() if key != "seed"}
        rows.append(replace(j.row, config=config, metrics={**j.row.metrics, **j.means}))
    return rows


def rank_correlation(
    judged: Sequence[Judged], searched: Objective, own: Objective
) -> tuple[float, float, int]:
    """Kendall's tau between search score and the candidates' own, its p-value, and of how many.

    nan for fewer than three.
    """
    pairs = [
        (searched.sign() * j.candidate.search_score, own.sign() * j.mean)
        for j in judged
        if j.candidate.search_score is not None
    ]
    if len(pairs) < 3:
        return float("nan"), float("nan"), len(pairs)
    from scipy.stats import kendalltau  # half a second, and seldom needed

    tau = kendalltau(*zip(*pairs, strict=True))
    return float(tau.statistic), float(tau.pvalue), len(pairs)
