"""Trains the best config from scratch, on all but the test set, with several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ray import tune

from automl_on_ray.clusters import Resources
from automl_on_ray.schedulers.populations import Replay, Segment, stretched
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.studies.finish.ending import Final
from automl_on_ray.studies.finish.terminal_report import print_final
from automl_on_ray.studies.inputs import (
    accepts,
    bind,
    final_objectives,
    is_reusable,
    trained_together,
)
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.populations import along
from automl_on_ray.studies.results import interval, metrics_of_tests
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.studies.tuner import StagePlan, run_stage
from automl_on_ray.tracking import TrackingCallback


@dataclass(frozen=True)
class TrainedAgain:
    """The ending of a study of trainings: the best config once more, a trial a seed.

    The test set is looked at in the last epoch. Where `trial_schedules` tell that the best trial's
    config changed, the trials go through them all, stretched to their epochs. A trainable whose
    `setup` takes no `final` is not trained again.
    """

    trial_schedules: Mapping[str, Sequence[Segment]] = field(default_factory=dict)

    def name(self, plan: StudyPlan, ranked: Sequence[Row]) -> str:
        """Another best trial, seeds or epochs are another training."""
        return f"{ranked[0].trial_id}-{plan.asked.final_seeds}x{plan.asked.epochs_of_final}"

    def make(
        self,
        plan: StudyPlan,
        ranked: Sequence[Row],
        rows: Sequence[Row],
        resources: Resources,
        tracking: TrackingCallback,
    ) -> Final | None:
        """Where it is interrupted, it exits with how to go on."""
        if not plan.asked.final_seeds or not accepts(plan.klass, "final"):
            return None
        ran = run_stage(plan.study, self._stage(plan, ranked, resources), tracking, before=rows)
        by_seed = sorted(
            zip(ran.rows, ran.trials, strict=True), key=lambda pair: pair[0].config["seed"]
        )
        repeats = [row for row, _ in by_seed]
        # Not the best on the test set: to choose by that would be to fit it.
        first = next((t.checkpoint for row, t in by_seed if row.outcome != "failed"), None)
        tested = metrics_of_tests(repeats, plan.record.test_metrics)
        return Final(
            metrics=[row.metrics for row in repeats],
            title="best config, trained again",
            facts={"seeds": len(repeats), **{name: _told(repeats, name) for name in tested}},
            tell=lambda: print_final(repeats, tested),
            model=lambda: _model(
                plan, ranked[0], first, {name: interval(repeats, name)[0] for name in tested}
            ),
            failed=any(row.outcome == "failed" for row in repeats),
        )

    def _stage(self, plan: StudyPlan, ranked: Sequence[Row], resources: Resources) -> StagePlan:
        asked, best = plan.asked, ranked[0]
        epochs, seeds = asked.epochs_of_final, asked.final_seeds
        schedule = along(self.trial_schedules, best.trial_id)
        config = plan.trial_kwargs["space"].active(best.config)
        return StagePlan(
            where=plan.study.stage("final", self.name(plan, ranked)),
            name="final training",
            title=f"{plan.name}: the best config ({best.trial_id}) anew, on train + validation",
            trainable=bind(
                trained_together(plan.klass, asked.train_workers),
                {**plan.trial_kwargs, "epochs": epochs, "final": True},
            ),
            reused=is_reusable(plan.klass),
            epochs=epochs,
            objectives=plan.record.objectives,
            # The study's objective is shown where no test is made.
            shown=next(iter(final_objectives(plan.klass)), None),
            repeats=True,
            param_space={**config, "seed": tune.grid_search(list(range(seeds)))},
            expected=seeds,
            # What a trial is to do follows from where it begins: there is nothing to remember.
            scheduler=Replay(stretched(schedule, epochs)) if schedule else None,
            resources=resources,
            workers=asked.train_workers,
            at_once=resources.at_once(asked.train_workers),
            max_failures=asked.max_failures,
        )


def _told(repeats: Sequence[Row], metric: str) -> str:
    """Mean, and half the 95 % interval (Student's t)."""
    mean, half = interval(repeats, metric)
    return f"{mean:.5g} ± {half:.2g}" if half == half else f"{mean:.5g}"


def _model(
    plan: StudyPlan, best: Row, checkpoint: tune.Checkpoint | None, tested: Mapping[str, float]
) -> FinalModel | None:
    """What the trainable makes of a repeat's checkpoint; `tested` are means of all repeats."""
    declared: Any = getattr(plan.klass, "final_model", None)
    if declared is None or checkpoint is None:
        return None
    space: SearchSpace = plan.trial_kwargs["space"]
    config = space.as_declared(space.plain(best.config))
    with checkpoint.as_directory() as folder:
        model: FinalModel | None = declared(
            Path(folder), config, data=plan.data, trial_kwargs=plan.trial_kwargs
        )
    if model is None:
        return None
    searched = {o.metric: best.metrics[o.metric] for o in plan.record.objectives}
    return replace(model, metrics={**tested, **model.metrics} or searched)
