"""The best config as a file that another study takes, and those of a Pareto front, one each."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.studies.folder import write_json
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.results import BEST_CONFIG
from automl_on_ray.studies.trial_rows import Row, pareto_front
from automl_on_ray.tracking import TrackingCallback

FRONT = "front"  # the folder in a study's


def keep_best_config(plan: StudyPlan, best: Row | None, tracking: TrackingCallback) -> None:
    """A list of one, as --try-first takes it: in the study's folder, and with its run in MLflow.

    An older one goes if there is no best trial.
    """
    path = plan.study.path / BEST_CONFIG
    if best is None:
        path.unlink(missing_ok=True)
        return
    write_json(path, [written(best.config, plan.trial_kwargs["space"])])
    tracking.study_files({BEST_CONFIG: path.read_text()})


def keep_front(plan: StudyPlan, ranked: Sequence[Row]) -> Path | None:
    """A file for each trial of the front, by its id; None for one objective.

    Each is a list of one, as best_config.json is. Those of an older front go.
    """
    folder = plan.study.path / FRONT
    shutil.rmtree(folder, ignore_errors=True)
    objectives = plan.record.objectives
    if len(objectives) == 1 or not ranked:
        return None
    folder.mkdir()
    for row in pareto_front(ranked, objectives):
        config = written(row.config, plan.trial_kwargs["space"])
        write_json(folder / f"{row.trial_id}.json", [config])
    return folder


def written(config: Config, space: SearchSpace) -> Config:
    """What the space has of a config, flat; labels for what JSON does not have."""
    whole = space.active(space.plain(config))
    return {key: _plain(value) for key, value in whole.items() if key in space.flat.all}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
