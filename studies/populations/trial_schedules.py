"""Schedules of a population's trials: kept, drawn, and trained along again."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray import tune

from automl_on_ray.schedulers.populations import PopulationBased, Segment
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.studies.folder import StudyFolder, write_json
from automl_on_ray.studies.inputs import read_list
from automl_on_ray.studies.trial_rows import Row, scored
from automl_on_ray.tracking import TrackingCallback

SCHEDULE, SCHEDULES = "schedule.json", "schedules.json"
REPEATS = 3  # seeds of a replay


def keep_schedules(
    study: StudyFolder,
    population: PopulationBased,
    rows: Sequence[Row],
    objectives: Sequence[Objective],
    tracking: TrackingCallback,
) -> None:
    """All trials' schedules in the study's folder; the best one's there and in MLflow, drawn."""
    from automl_on_ray.schedulers.populations import draw_family, draw_schedule  # and matplotlib

    trial_schedules = {row.trial_id: population.schedule(row.trial_id) for row in rows}
    write_json(
        study.path / SCHEDULES,
        {
            trial: [asdict(segment) for segment in schedule]
            for trial, schedule in trial_schedules.items()
        },
    )
    ranked = scored(rows, objectives)
    if not ranked:
        return
    best = trial_schedules[ranked[0].trial_id]
    write_json(study.path / SCHEDULE, [asdict(segment) for segment in best])
    metric = objectives[0].metric
    scores = {row.trial_id: row.metrics[metric] for row in ranked}
    tracking.study_files(
        {
            SCHEDULE: (study.path / SCHEDULE).read_text(),
            "family.png": draw_family(population.members, best, scores),
            "schedule.png": draw_schedule(best),
        }
    )


def schedules_of(study: StudyFolder) -> dict[str, list[Segment]]:
    """The schedules of a study's trials; none if its scheduler changes nothing in a live trial."""
    path = study.path / SCHEDULES
    if not path.exists():
        return {}
    stored: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return {trial: [Segment(**one) for one in schedule] for trial, schedule in stored.items()}


def read_schedule(path: Path, space: SearchSpace, tuned: Collection[str] = ()) -> list[Segment]:
    """As `keep_schedules` writes it. UserError for what is none, or is of another space.

    Only what a live trial may change changes in it, and what trials have `tuned` by gradients.
    """
    entries = read_list(path)
    try:
        segments = [
            Segment(
                int(e["start"]),
                int(e["end"]),
                str(e.get("trial", "")),
                space.plain(e["config"]),
            )
            for e in entries
        ]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise UserError(
            f'{path}: each entry must be {{"start": ..., "end": ..., "config": ...}}.'
        ) from error
    starts, ends = [s.start for s in segments], [s.end for s in segments]
    if not segments or starts != [0, *ends[:-1]] or any(s.end <= s.start for s in segments):
        raise UserError(f"{path}: its entries must follow one another, the first from 0.")
    fixed = {key for key in space.all if key not in space.mutable and key not in tuned}
    for segment in segments:
        try:
            space.check(segment.config)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        for key in fixed & set(segment.config):
            if segment.config[key] != segments[0].config.get(key):
                raise UserError(f"{path}: {key!r} cannot change within a training, but does.")
    return segments


def seeds_along(segments: Sequence[Segment], seed: int) -> Config:
    """Tune's `param_space` for trials that begin a schedule with different seeds."""
    seeds = list(range(seed, seed + REPEATS))
    return {**segments[0].config, "seed": tune.grid_search(seeds)}


def along(trial_schedules: Mapping[str, Sequence[Segment]], trial: str) -> Sequence[Segment] | None:
    """A trial's schedule, if anything changes in it."""
    schedule = trial_schedules.get(trial, ())
    return schedule if len(schedule) > 1 else None
