"""The second stage of architecture search: candidate cells, each trained briefly by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.search.basic_variant import BasicVariantGenerator

from automl_on_ray.clusters import Resources
from automl_on_ray.studies.architecture.candidates import (
    Candidate,
    Judged,
    judge,
    random_candidates,
)
from automl_on_ray.studies.architecture.plan import OBJECTIVE, NasPlan, subset_of
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.inputs import bind
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import StagePlan, run_stage
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables.image_classifier import ImageClassifier

MOST_RANDOM = 500  # cells, however much time there is


@dataclass(frozen=True)
class CellTraining:
    """Trains cells for `plan`, so many at once as `resources` have."""

    plan: NasPlan
    resources: Resources
    tracking: TrackingCallback

    def compare(self, found: Sequence[Candidate], search_seconds: float) -> dict[str, Any]:
        """Train the cells of the search, then random ones for as long as all that took.

        Or so many random ones as were asked for. Rows of all trials, and the seconds that each part
        took; resumable, and exits with how to go on when it is interrupted.
        """
        asked = self.plan.asked
        clock = self._stopwatch("select")
        rows = self._train(found, "select", "cells of the search", clock)
        seconds = clock.clock_seconds
        minutes = None if asked.random_cells is not None else (search_seconds + seconds) / 60
        control = self._stopwatch("control", minutes)
        drawn = random_cells(self.plan, found)
        if drawn:
            each = seconds / max(1, len(found))
            expected = min(len(drawn), round(60 * minutes / each) if minutes else len(drawn))
            rows += self._train(drawn, "control", "random cells", control, expected)
        self.tracking.study_end("stopped")  # the study goes on with the next stage
        took = {"search": search_seconds, "select": seconds, "control": control.clock_seconds}
        return {"rows": [row.as_dict() for row in rows], "seconds": took}

    def _stopwatch(self, part: str, minutes: float | None = None) -> Budget:
        path = self.plan.study.path / f"spent-{part}.json"
        return Budget(path, minutes=minutes, cost=None, price_per_hour=None)

    def _train(
        self,
        candidates: Sequence[Candidate],
        part: str,
        what: str,
        clock: Budget,
        expected: int | None = None,
    ) -> list[Row]:
        """One trial a candidate and seed, all seeds of one before the next; rows of all that ran.

        So many candidates are `expected` to be trained by then: by default all.
        """
        plan, asked = self.plan, self.plan.asked
        points = [
            {**candidate.cell, **plan.cells.constants, "seed": seed}
            for candidate in candidates
            for seed in range(asked.select_seeds)
        ]
        subset = subset_of(asked.select_images, plan.data, asked.subset)
        stage = StagePlan(
            where=plan.study.stage(part),
            title=f"{plan.name}: 2. select: {what}, each by itself",
            trainable=bind(
                ImageClassifier, {**plan.offers, "epochs": asked.select_epochs, "subset": subset}
            ),
            reused=True,
            epochs=asked.select_epochs,
            objectives=[OBJECTIVE],
            awaited=[OBJECTIVE.metric],
            param_space=dict.fromkeys(points[0]),  # a point fills every key; Tune wants to see them
            searcher=BasicVariantGenerator(points_to_evaluate=points),
            samples=len(points),
            expected=(expected or len(candidates)) * asked.select_seeds,
            resources=self.resources,
            at_once=self.resources.slots,
            max_failures=asked.max_failures,
            trial_minutes=asked.trial_minutes,
            retry_failed=asked.retry_failed,
        )
        return list(run_stage(plan.study, stage, self.tracking, clock).rows)


def random_cells(plan: NasPlan, found: Sequence[Candidate]) -> list[Candidate]:
    """The control, beside the cells that were `found`."""
    count = plan.asked.random_cells
    return random_candidates(
        plan.cells, count=MOST_RANDOM if count is None else count, without=found,
        seed=plan.asked.seed,
    )  # fmt: skip


def judge_all(plan: NasPlan, found: Sequence[Candidate], rows: Sequence[Row]) -> list[Judged]:
    """The cells of the search and the random ones, best first."""
    every = [*found, *random_cells(plan, found)]
    return judge(every, rows, OBJECTIVE, seeds=plan.asked.select_seeds)
