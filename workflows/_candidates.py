"""From searched supernets to candidate cells, and which of them is best when trained by itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from ray.tune.experiment import Trial
from scipy import stats

from search_spaces._cells import keys
from search_spaces._objective import Objective
from search_spaces._space import Config, SearchSpace
from workflows._rows import Row, row_of, scored


@dataclass(frozen=True)
class Searched:
    """A supernet's trial, the cells it derived, and what the doctor said last."""

    row: Row
    cell: Config | None
    warning: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Searched":
        return cls(Row(**stored["row"]), stored["cell"], stored["warning"])


def searched_of(trial: Trial, *, max_t: int, stopped: bool) -> Searched:
    """What a trial left; a trial that its doctor ended has done all that it should."""
    result = trial.last_result or {}
    steps = int(result.get("training_iteration", 0)) if result.get("collapsed") else max_t
    text = result.get("cell")
    row = row_of(trial, max_t=steps, stopped=stopped)
    return Searched(row, json.loads(text) if text else None, result.get("warning", ""))


@dataclass(frozen=True)
class Candidate:
    """A cell to be trained by itself. `search_score` is its supernet's; None for a random cell.

    `found_by` are the supernets that derived it.
    """

    cell: Config
    search_score: float | None
    found_by: tuple[str, ...] = ()

    @property
    def random(self) -> bool:
        return self.search_score is None


def candidates_of(
    searched: Sequence[Searched],
    objective: Objective,
    space: SearchSpace,
    *,
    most: int,
    random: int,
    seed: int,
) -> list[Candidate]:
    """The best `most` cells of the search, equal ones merged, and `random` others of the space.

    Of supernets that came to their end, if any did: others have hardly learned what to mix.
    """
    merged: dict[str, Candidate] = {}
    by_id = {found.row.trial_id: found for found in searched}
    ranked = scored([found.row for found in searched], [objective])
    whole = [row for row in ranked if row.outcome == "completed"]
    for row in whole or ranked:
        cell = by_id[row.trial_id].cell
        if cell is None:
            continue
        text = json.dumps(cell, sort_keys=True)
        known = merged.get(text)
        score = known.search_score if known else row.metrics[objective.metric]
        merged[text] = Candidate(cell, score, (*(known.found_by if known else ()), row.trial_id))
    best = list(merged.values())[:most]
    generator = np.random.default_rng(seed)
    names = [key for key, _ in keys()]
    while len(best) < min(most, len(merged)) + random:
        drawn = space.sample(generator)
        cell = {key: drawn[key] for key in names}
        if json.dumps(cell, sort_keys=True) not in merged:
            best.append(Candidate(cell, None))
    return best


@dataclass(frozen=True)
class Judged:
    """A candidate with its values over seeds: those of `metric`, and its first trial."""

    candidate: Candidate
    metric: str
    values: tuple[float, ...]
    row: Row

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def half_width(self) -> float:
        """Of the 95 % interval (Student's t); nan for one seed."""
        if len(self.values) < 2:
            return float("nan")
        return float(stats.t.ppf(0.975, len(self.values) - 1) * stats.sem(self.values))


def judge(
    candidates: Sequence[Candidate], rows: Sequence[Row], objective: Objective
) -> list[Judged]:
    """Candidates with their trials' values, best mean first; those without any are left out."""
    found = []
    for candidate in candidates:
        own = [
            row
            for row in rows
            if row.outcome == "completed"
            and objective.metric in row.metrics
            and all(row.config[key] == value for key, value in candidate.cell.items())
        ]
        if own:
            values = tuple(row.metrics[objective.metric] for row in own)
            found.append(Judged(candidate, objective.metric, values, own[0]))
    return sorted(found, key=lambda judged: -objective.sign() * judged.mean)


def best_rows(judged: Sequence[Judged]) -> list[Row]:
    """One row a candidate, as of one trial, with the means over its seeds."""
    rows = []
    for j in judged:
        config = {key: value for key, value in j.row.config.items() if key != "seed"}
        rows.append(replace(j.row, config=config, metrics={**j.row.metrics, j.metric: j.mean}))
    return rows


def rank_correlation(judged: Sequence[Judged], objective: Objective) -> tuple[float, float, int]:
    """Kendall's tau between search score and own accuracy, its p-value, and of how many cells.

    nan for fewer than three.
    """
    pairs = [
        (objective.sign() * j.candidate.search_score, j.mean)
        for j in judged
        if j.candidate.search_score is not None
    ]
    if len(pairs) < 3:
        return float("nan"), float("nan"), len(pairs)
    tau = stats.kendalltau(*zip(*pairs, strict=True))
    return float(tau.statistic), float(tau.pvalue), len(pairs)
