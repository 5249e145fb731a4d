"""Candidate cells from searched supernets, and which is best when trained by itself."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import keys
from automl_on_ray.search_spaces.core import Objective, finite
from automl_on_ray.studies.finish import half_width
from automl_on_ray.studies.trial_rows import Row, scored


@dataclass(frozen=True)
class Searched:
    """A trial of the search, the cell that came of it, and what the doctor said last."""

    row: Row
    cell: Config | None
    warning: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Searched":
        return cls(Row(**stored["row"]), stored["cell"], stored["warning"])


def searched_of(trial: Trial, row: Row) -> Searched:
    """What a trial left: a supernet its derived cell, a cell by itself that one."""
    result = trial.last_result or {}
    cell = json.loads(result["cell"]) if "cell" in result else cell_of(trial.config)
    return Searched(row, cell, result.get("warning", ""))


def cell_of(config: Config) -> Config | None:
    """The cell's part of a trial's config; None if it has none."""
    names = [key for key, _ in keys()]
    return {key: config[key] for key in names} if all(key in config for key in names) else None


@dataclass(frozen=True)
class Candidate:
    """A cell to be trained by itself, and where it is from, in words.

    `search_score` is what the search said of it; `control` tells random cells from the others.
    """

    cell: Config
    origin: str
    search_score: float | None = None
    control: bool = False


def candidates_of(
    searched: Sequence[Searched], objective: Objective, *, most: int
) -> list[Candidate]:
    """The best `most` cells of the search, equal ones merged.

    Of trials that came to their end, if any did: other supernets have hardly learned what to mix.
    """
    merged: dict[str, Candidate] = {}
    others: Counter[str] = Counter()
    by_id = {found.row.trial_id: found for found in searched}
    ranked = scored([found.row for found in searched], [objective])
    whole = [row for row in ranked if row.outcome == "completed"]
    for row in whole or ranked:
        cell = by_id[row.trial_id].cell
        if cell is None:
            continue
        text = text_of(cell)
        others[text] += text in merged
        merged.setdefault(text, Candidate(cell, row.trial_id, row.metrics[objective.metric]))
    return [
        replace(c, origin=f"{c.origin} and {others[text]} more") if others[text] else c
        for text, c in list(merged.items())[:most]
    ]


def random_candidates(
    space: SearchSpace, *, count: int, without: Sequence[Candidate], seed: int
) -> list[Candidate]:
    """So many cells drawn from `space`, none twice and none of `without`.

    Fewer where the space has not so many. More of them begin with the same ones.
    """
    generator = np.random.default_rng(seed)
    seen = {text_of(candidate.cell) for candidate in without}
    drawn: list[Candidate] = []
    for _ in range(100 * count):
        if len(drawn) == count:
            break
        cell = cell_of(space.sample(generator))
        assert cell is not None
        if text_of(cell) not in seen:
            seen.add(text_of(cell))
            drawn.append(Candidate(cell, "random", control=True))
    return drawn


def text_of(cell: Config) -> str:
    """Equal for equal cells."""
    return json.dumps(cell, sort_keys=True)


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
        return half_width(self.values)


def judge(
    candidates: Sequence[Candidate], rows: Sequence[Row], objective: Objective, *, seeds: int
) -> list[Judged]:
    """Candidates with their trials' values, best mean first; those without any are left out.

    So are random cells of which not all `seeds` had their trial when the time for them was over.
    """
    by_cell: dict[str, list[Row]] = {}
    for row in rows:
        cell = cell_of(row.config)
        assert cell is not None
        by_cell.setdefault(text_of(cell), []).append(row)
    found = []
    for candidate in candidates:
        ran = by_cell.get(text_of(candidate.cell), [])
        whole = [row for row in ran if row.outcome == "completed"]
        own = [row for row in whole if finite(row.metrics.get(objective.metric)) is not None]
        ended = sum(row.outcome in ("completed", "failed") for row in ran)
        if own and (ended >= seeds or not candidate.control):
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
    from scipy.stats import kendalltau  # half a second, and seldom needed

    tau = kendalltau(*zip(*pairs, strict=True))
    return float(tau.statistic), float(tau.pvalue), len(pairs)
