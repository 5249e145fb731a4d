"""The best config once more, from scratch, on all but the test set, with several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from ray import tune
from ray.tune.schedulers import FIFOScheduler

from automl_on_ray.clusters import Resources, Stage
from automl_on_ray.schedulers.populations import Replay, Segment, stretched
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.search_spaces import Config
from automl_on_ray.studies.confidence import half_width
from automl_on_ray.studies.inputs import is_reusable
from automl_on_ray.studies.progress import Progress
from automl_on_ray.studies.resume import resume_config
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import run_trials
from automl_on_ray.tracking import TrackingCallback


@dataclass(frozen=True)
class Final:
    """The repeats' rows in the order of their seeds, and the first one's checkpoint."""

    rows: list[Row]
    checkpoint: tune.Checkpoint | None

    def interval(self, metric: str) -> tuple[float, float]:
        """Mean, and half the width of its 95 % confidence interval (Student's t; nan for one)."""
        values = [r.metrics[metric] for r in self.rows if metric in r.metrics]
        return float(np.mean(values)) if values else float("nan"), half_width(values)


def train_final(
    trainable: Any,
    config: Config,
    *,
    seeds: Sequence[int],
    epochs: int,
    stage: Stage,
    resources: Resources,
    tracking: TrackingCallback,
    progress: Progress,
    workers: int = 1,
    max_failures: int = 1,
    schedule: Sequence[Segment] | None = None,
) -> Final:
    """One trial a seed, resumable as the study is; the test set is looked at in the last epoch.

    With a `schedule` they go through it, stretched to `epochs`.
    """
    ran = run_trials(
        stage,
        tune.with_resources(trainable, resources.of(workers)),
        {**config, "seed": tune.grid_search(list(seeds))},
        tune.TuneConfig(
            max_concurrent_trials=resources.at_once(workers),
            reuse_actors=is_reusable(trainable),
            num_samples=1,
            # Resumable for torn checkpoints; what a trial is to do follows from where it begins.
            scheduler=ResumableScheduler(
                Replay(stretched(schedule, epochs)) if schedule else FIFOScheduler()
            ),
        ),
        epochs=epochs,
        resume=resume_config(stage, retry_failed=False),
        tracking=tracking,
        progress=progress,
        max_failures=max_failures,
    )
    ordered = sorted(ran.trials, key=lambda trial: seeds.index(trial.config["seed"]))
    rows = replace(ran, trials=ordered).rows(epochs)
    return Final(rows, ordered[0].checkpoint if ordered else None)
