"""Trains the best config from scratch, on all but the test set, with several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ray import tune

from automl_on_ray.clusters import Resources
from automl_on_ray.schedulers.populations import Replay, Segment, stretched
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.inputs import bind, is_reusable, trained_together
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.results import interval
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import StagePlan, run_stage
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.image_classifier import ImageClassifier


@dataclass(frozen=True)
class Final:
    """The repeats' rows in the order of their seeds, and the first one's checkpoint."""

    rows: Sequence[Row]
    checkpoint: tune.Checkpoint | None

    def interval(self, metric: str) -> tuple[float, float]:
        """Mean, and half the width of its 95 % confidence interval (Student's t; nan for one)."""
        return interval(self.rows, metric)

    @property
    def failed(self) -> list[Row]:
        return [row for row in self.rows if row.outcome == "failed"]


def training_of(plan: StudyPlan, best: Row) -> str:
    """Its name: another best trial, seeds or epochs, when the study goes on, are another one."""
    return f"{best.trial_id}-{plan.asked.final_seeds}x{plan.asked.epochs_of_final}"


def train_final(
    plan: StudyPlan,
    best: Row,
    rows: Sequence[Row],
    resources: Resources,
    tracking: TrackingCallback,
    schedule: Sequence[Segment] | None,
) -> Final:
    """One trial a seed of the best of `rows`; the test set is looked at in the last epoch.

    Resumable as the study is; where it is interrupted, it exits with how to go on. With a
    `schedule` the trials go through it, stretched to their epochs.
    """
    asked = plan.asked
    seeds, epochs = range(asked.final_seeds), asked.epochs_of_final
    # The study's objective is shown where no test is made.
    tested = issubclass(plan.klass, ImageClassifier)
    config = plan.trial_kwargs["space"].active(best.config)
    stage = StagePlan(
        where=plan.study.stage("final", training_of(plan, best)),
        name="final training",
        title=f"{plan.name}: the best config ({best.trial_id}) anew, on train + validation",
        trainable=bind(
            trained_together(plan.klass, asked.train_workers),
            {**plan.trial_kwargs, "epochs": epochs, "final": True},
        ),
        reused=is_reusable(plan.klass),
        epochs=epochs,
        objectives=plan.record.objectives,
        shown=Objective("test_accuracy") if tested else None,
        repeats=True,
        param_space={**config, "seed": tune.grid_search(list(seeds))},
        expected=len(seeds),
        # What a trial is to do follows from where it begins: there is nothing to remember.
        scheduler=Replay(stretched(schedule, epochs)) if schedule else None,
        resources=resources,
        workers=asked.train_workers,
        at_once=resources.at_once(asked.train_workers),
        max_failures=asked.max_failures,
    )
    ran = run_stage(plan.study, stage, tracking, before=rows)
    order = sorted(range(len(ran.rows)), key=lambda i: seeds.index(ran.rows[i].config["seed"]))
    first = ran.trials[order[0]].checkpoint if order else None
    return Final([ran.rows[i] for i in order], first)


def facts_of(final: Final) -> dict[str, Any]:
    """What MLflow's report says of it."""
    names = sorted({name for row in final.rows for name in row.metrics if name.startswith("test_")})
    told: dict[str, Any] = {"seeds": len(final.rows)}
    for name in names:
        mean, half = final.interval(name)
        told[name] = f"{mean:.5g} ± {half:.2g}" if half == half else f"{mean:.5g}"
    return told
