"""Cells with inherited weights: a supernet is trained once, and what is proposed is judged by it.

SPOS (Guo et al. 2020, arXiv:1904.00420); ENAS (Pham et al. 2018, arXiv:1802.03268) with
`--searcher reinforce`, but for its turns of controller and weights.
"""

import json
from dataclasses import replace

from ray.tune import Trainable
from ray.tune.experiment import Trial

from automl_on_ray.clusters import AUTO, Resources, Stage
from automl_on_ray.command_line import FAILED_TRIALS, console
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.cells import check_sizes, operation_set
from automl_on_ray.search_spaces.core import Objective, UserError, below
from automl_on_ray.searchers import varying
from automl_on_ray.studies.architecture.evaluations._spaces import DARTS, darts_space
from automl_on_ray.studies.architecture.evaluations._way import Objectives, Way
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.finish import print_failures
from automl_on_ray.studies.folder import write_json
from automl_on_ray.studies.inputs import bind
from automl_on_ray.studies.plan import Evaluation, StudyPlan
from automl_on_ray.studies.tuner import StagePlan, StageResult, run_stage
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.multi_process import data_parallel
from automl_on_ray.trainables.one_shot import SPACE, InheritedCell, SharedWeights, find_supernet

SHARE = 0.5  # of the search's time or money that the supernet may take
SUPERNET = "supernet.json"  # where the study's folder says which checkpoint is inherited from
OF_SUPERNET = (Objective("val_accuracy"),)


class OneShot(Way):
    """The supernet's training is part of the search, and of its time."""

    TRIALS = 200
    SPACE = DARTS
    USUAL = {  # noqa: RUF012
        "searcher": "evolution", "scheduler": "fifo", "epochs": 40, "select_epochs": 3,
    }  # fmt: skip
    COLUMNS = {"val_loss": "loss", "parameters": "parameters"}  # noqa: RUF012

    def __init__(self, asked: NasSettings) -> None:
        self.asked = asked.for_darts()
        if asked.space != DARTS:
            raise UserError(
                f"--evaluation one-shot has a supernet of DARTS's cells alone, none of space "
                f"{asked.space!r}: leave --space out, or take --evaluation standalone."
            )
        if operation_set(self.asked.operations or "").exists is not None:
            raise UserError(
                f"--operations {asked.operations} differ from edge to edge, and a proposed cell "
                "may have any of them on any edge: --evaluation one-shot needs one set for all."
            )
        if asked.replay is not None:
            raise UserError("--replay is for trials of many reports; one-shot ones have one each.")
        if asked.gpus_per_trial == AUTO:
            raise UserError(
                "--gpus-per-trial auto would be measured with a supernet that is not trained yet; "
                "give a number with --evaluation one-shot."
            )
        self.proposed = self.candidates = darts_space(self.asked)

    @property
    def spread(self) -> int:
        return self.asked.spread_cells

    @property
    def images(self) -> int:
        return self.asked.search_images

    @property
    def described(self) -> dict[str, str]:
        """Nothing: the space is made of options, which tell all of it."""
        return {}

    def data_for(self, klass: type[Trainable]) -> type[Trainable]:
        """A supernet needs images, also where what trains its cells takes none from us."""
        return klass if self.asked.cells else ImageClassifier

    def evaluation(self, klass: type[Trainable], objectives: Objectives) -> Evaluation:
        """UserError for an objective of cells that inherited weights cannot tell."""
        told = InheritedCell.METRICS
        untold = [o.metric for o in objectives if o.metric not in told]
        if untold and not self.asked.cells:
            raise UserError(
                f"Inherited weights cannot tell {untold[0]!r} of a cell, which --objective asks "
                f"for, only {', '.join(told)}; use --evaluation standalone, which trains each cell "
                "by itself."
            )
        return Evaluation("inherited", InheritedCell, self.proposed, objectives, self.samples, 1)

    def check(self, data: Dataset, gpus: float | None) -> None:
        if not self.asked.cells:
            stem_stride = self.candidates.constants["stem_stride"]
            check_sizes(data.image_shape, self.asked.search_layers, stem_stride)

    def candidate_of(self, trial: Trial) -> Config | None:
        return varying(self.candidates, self.candidates.plain(trial.config))

    def made_ready(self, plan: StudyPlan, resources: Resources) -> Evaluation:
        """Train the supernet, unless a former session has; exits if that fails."""
        noted, stage = plan.study.path / SUPERNET, plan.study.stage("supernet")
        if not noted.exists():
            ran, reason = self._trained(plan, resources)
            trial, row = ran.trials[0], ran.rows[0]
            if row.outcome == "failed" or trial.checkpoint is None:
                if not print_failures(ran.rows):
                    console.print("Not one epoch of the supernet was trained in time.", style="red")
                raise SystemExit(FAILED_TRIALS)
            write_json(noted, {"checkpoint": _below(stage, trial.checkpoint.path)})
            console.print(
                f"The supernet: {row.iterations} epochs{f', as {reason}' if reason else ''}. Drawn "
                f"cells with its weights have a validation accuracy of "
                f"{row.metrics['val_accuracy']:.3f} on average, "
                f"{row.metrics['accuracy_spread']:.3f} apart.", soft_wrap=True,
            )  # fmt: skip
        place = _above(stage, json.loads(noted.read_text())["checkpoint"])
        find_supernet(place)  # one line now, or as many as there are trials
        inherited = {**plan.evaluation.trial_kwargs, "supernet": place}
        return replace(plan.evaluation, trial_kwargs=inherited)

    def _trained(self, plan: StudyPlan, resources: Resources) -> tuple[StageResult, str | None]:
        """And why it was ended early, if it was."""
        asked = self.asked
        budget = Budget(
            plan.study.path / "spent.json",
            minutes=None if asked.minutes is None else SHARE * asked.minutes,
            cost=None if asked.cost is None else SHARE * asked.cost,
            price_per_hour=asked.price_per_hour,
        )
        kwargs = {
            **plan.evaluation.trial_kwargs, "space": SPACE, "epochs": asked.epochs_of_search,
            "operations": asked.operations, "channels": asked.search_channels,
            "layers": asked.search_layers, "stem_stride": asked.stem_stride,
        }  # fmt: skip
        klass = data_parallel(SharedWeights, asked.search_workers)
        own = Evaluation(
            "supernet", klass, SPACE, OF_SUPERNET, 1, asked.epochs_of_search, asked.search_workers
        )
        stage = StagePlan(
            where=plan.study.stage("supernet"),
            name="supernet",
            title=f"{plan.name}: 1. search, the supernet whose weights all cells inherit",
            trainable=bind(klass, kwargs),
            epochs=asked.epochs_of_search,
            objectives=OF_SUPERNET,
            awaited=[OF_SUPERNET[0].metric],
            param_space={**SPACE.constants, "seed": asked.seed},
            expected=1,
            resources=resources,
            workers=asked.search_workers,
            max_failures=asked.max_failures,
            retry_failed=asked.retry_failed,
        )
        with replace(plan, evaluation=own).tracker("supernet") as tracking:
            ran = run_stage(plan.study, stage, tracking, budget)
            tracking.study_end("stopped")  # the study goes on with the search
        return ran, budget.reason


def _below(stage: Stage, path: str) -> list[str]:
    """The folders from a stage to a checkpoint in it: a study may lie elsewhere tomorrow."""
    root = stage.files()[1].rstrip("/")
    return path.removeprefix(root).strip("/").split("/")


def _above(stage: Stage, parts: list[str]) -> str:
    """The path or URI again."""
    return below(stage.home, *parts) if stage.home else str(stage.folder.joinpath(*parts))


WAY = OneShot
