"""The second stage of architecture search: candidate cells, each trained briefly by itself."""

from collections.abc import Sequence
from typing import Any

from ray import tune
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search.basic_variant import BasicVariantGenerator

from automl_on_ray.clusters import Resources
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.studies.architecture.candidates import Candidate, random_candidates
from automl_on_ray.studies.architecture.plan import OBJECTIVE, NasPlan, subset_of
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.finish import say_how_to_go_on
from automl_on_ray.studies.inputs import bind
from automl_on_ray.studies.progress import Progress
from automl_on_ray.studies.resume import resume_config
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import run_trials
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.image_classifier import ImageClassifier

MOST_RANDOM = 500  # cells, however much time there is


def compare(
    plan: NasPlan,
    found: Sequence[Candidate],
    search_seconds: float,
    resources: Resources,
    tracking: TrackingCallback,
) -> dict[str, Any]:
    """Train the cells of the search, then random ones of the space for as long as all that took.

    Or so many random ones as were asked for. Rows of all trials, and the seconds that each part
    took; resumable, and exits with how to go on when it is interrupted.
    """
    asked = plan.asked
    clock = _stopwatch(plan, "select")
    rows = _train(plan, found, "select", "2. select: cells of the search", tracking, clock,
                  resources)  # fmt: skip
    seconds = clock.clock_seconds
    count = MOST_RANDOM if asked.random_cells is None else asked.random_cells
    minutes = None if asked.random_cells is not None else (search_seconds + seconds) / 60
    control = _stopwatch(plan, "control", minutes)
    drawn = random_candidates(plan.cells, count=count, without=found, seed=asked.seed)
    if drawn:
        each = seconds / max(1, len(found))
        expected = min(len(drawn), round(60 * minutes / each) if minutes else len(drawn))
        rows += _train(plan, drawn, "control", "2. select: random cells", tracking, control,
                       resources, expected=expected)  # fmt: skip
    tracking.study_end("stopped")  # the study goes on with the next stage
    return {
        "rows": [row.as_dict() for row in rows],
        "seconds": {"search": search_seconds, "select": seconds, "control": control.clock_seconds},
    }


def _stopwatch(plan: NasPlan, part: str, minutes: float | None = None) -> Budget:
    path = plan.study.path / f"spent-{part}.json"
    return Budget(path, minutes=minutes, cost=None, price_per_hour=None)


def _train(
    plan: NasPlan,
    candidates: Sequence[Candidate],
    part: str,
    title: str,
    tracking: TrackingCallback,
    clock: Budget,
    resources: Resources,
    *,
    expected: int | None = None,
) -> list[Row]:
    """One trial a candidate and seed, all seeds of one before the next; rows of all that ran."""
    asked, study = plan.asked, plan.study
    seeds, epochs = asked.select_seeds, asked.select_epochs
    points = [
        {**candidate.cell, **plan.cells.constants, "seed": seed}
        for candidate in candidates
        for seed in range(seeds)
    ]
    own = {"epochs": epochs, "subset": subset_of(asked.select_images, plan.data)}
    trainable = bind(ImageClassifier, {**plan.offers, **own})
    progress = Progress(
        f"{study.path.name}: {title}, each by itself", objective=OBJECTIVE,
        total=(expected or len(candidates)) * seeds, epochs=epochs, budget=clock,
    )  # fmt: skip
    ran = run_trials(
        study.stage(part),
        tune.with_resources(trainable, resources.per_trial),
        dict.fromkeys(points[0]),  # a point fills every key; Tune wants to see them
        tune.TuneConfig(
            search_alg=BasicVariantGenerator(points_to_evaluate=points),
            scheduler=ResumableScheduler(FIFOScheduler(), awaited=[OBJECTIVE.metric]),
            num_samples=len(points),
            max_concurrent_trials=resources.slots,
            reuse_actors=True,
        ),
        epochs=epochs,
        resume=resume_config(study.stage(part), retry_failed=asked.retry_failed),
        tracking=tracking,
        progress=progress,
        budget=clock,
        max_failures=asked.max_failures,
        trial_minutes=asked.trial_minutes,
    )
    rows = ran.rows(epochs)
    if ran.interrupted:
        tracking.study_end("stopped")
        say_how_to_go_on(study, rows, [OBJECTIVE])
    return rows
