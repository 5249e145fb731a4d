"""Runs the trials of a stage: the one place where a tune.Tuner is made.

A study has one or more stages (a search, cells by themselves, the final training). Each is a
`StagePlan`; `run_stage` runs it, or goes on with what a former session left of it.
"""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ray import tune
from ray.tune import ResumeConfig, Stopper
from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.stopper import CombinedStopper

from automl_on_ray.clusters import Resources, Stage
from automl_on_ray.schedulers.tune_internals import (
    ResumableScheduler,
    Watch,
    changes_only,
    make_tuner,
    run_tuner,
)
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.finish import say_how_to_go_on
from automl_on_ray.studies.folder import StudyFolder
from automl_on_ray.studies.live import Progress, Shown
from automl_on_ray.studies.results import StopRequests
from automl_on_ray.studies.resume import StateKeeper, resume_config
from automl_on_ray.studies.trial_rows import Row, row_of
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables import printed_by


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """What the trials of a stage are, who proposes their configs, and when they end.

    `name` is that of the stage, in a word or two. The `trainable` is trained by `workers` processes
    for `epochs` at most, each of which is called a `step`; `at_once` trials of it or as many as
    fit; its processes are `reused` if it can begin another config. A searcher
    proposes `samples` configs to the names in `param_space`; of a grid in it Tune makes as many
    trials as there are, so `expected` is what is shown, beside the best value of `shown`, or of the
    first of the `objectives`; of `repeats` of one config it is their mean. Each trial must report
    the metrics `awaited`. Of a trial `keep` checkpoints are kept (None: all). What the scheduler
    knows is saved if the stage `remembers`.
    """

    where: Stage
    name: str
    title: str
    trainable: Any
    epochs: int
    objectives: Sequence[Objective]
    param_space: Config
    expected: int
    resources: Resources
    step: str = "epoch"
    shown: Objective | None = None
    repeats: bool = False
    samples: int = 1
    searcher: Any = None
    scheduler: TrialScheduler | None = None
    awaited: Sequence[str] = ()
    workers: int = 1
    at_once: int | None = None
    keep: int | None = 3
    max_failures: int = 1
    trial_minutes: float | None = None
    retry_failed: bool = False
    remembers: bool = False
    reused: bool = False

    def tuner(
        self,
        scheduler: ResumableScheduler,
        callbacks: Sequence[tune.Callback],
        budget: Budget | None,
        resume: ResumeConfig | None,
    ) -> tune.Tuner:
        return make_tuner(
            tune.with_resources(self.trainable, self.resources.of(self.workers)),
            resume,
            param_space=self.param_space,
            tune_config=tune.TuneConfig(
                search_alg=self.searcher,
                scheduler=scheduler,
                num_samples=self.samples,
                max_concurrent_trials=self.at_once,
                reuse_actors=self.reused,
            ),
            run_config=run_config(
                self.where,
                callbacks,
                keep=self.keep,
                max_failures=self.max_failures,
                # The budget counts, so it is asked first: Ray goes no further after a yes.
                stop=CombinedStopper(*([budget] if budget else []), Epochs(self.epochs)),
                scheduler=scheduler if self.remembers else None,
                goes_on=resume is not None,
            ),
        )


@dataclass(frozen=True)
class StageResult:
    """Trials of this and former sessions, and their rows in the same order.

    `interrupted`: the user stopped the stage. What a budget has ended is at its end.
    """

    trials: Sequence[Trial]
    rows: Sequence[Row]
    interrupted: bool


def run_stage(
    study: StudyFolder,
    stage: StagePlan,
    tracking: TrackingCallback,
    budget: Budget | None = None,
    *,
    before: Sequence[Row] = (),
) -> StageResult:
    """Run a stage of `study` to its end; where the user stops it, say how to go on and exit.

    What is shown then are its rows, or those of the stage `before`.
    """
    stops = StopRequests(study.path)
    ran = run_trials(stage, tracking, budget, stops, began=study.begun)
    if ran.interrupted:
        tracking.study_end("stopped")
        say_how_to_go_on(study, before or ran.rows, stage.objectives, stage.step)
    return ran


def run_trials(
    stage: StagePlan,
    tracking: TrackingCallback,
    budget: Budget | None = None,
    stops: StopRequests | None = None,
    *,
    began: float | None = None,
) -> StageResult:
    """Until all trials have ended, the budget is used up, or the user stops them; resumable.

    Single trials end early where there are `stops` of the user's. The clock that is shown goes from
    when the study `began`.
    """
    scheduler = ResumableScheduler(stage.scheduler or FIFOScheduler(), awaited=stage.awaited)
    asked = stage.samples if stage.searcher is not None else None
    resume = resume_config(stage.where, retry_failed=stage.retry_failed, trials=asked)
    shown = Shown(
        f"{stage.title}{', going on' if resume else ''}",
        [stage.shown] if stage.shown else stage.objectives, stage.expected, stage.epochs,
        step=stage.step, stage=stage.name, awaited=bool(stage.awaited), repeats=stage.repeats,
    )  # fmt: skip
    progress = Progress(shown, budget=budget, began=began)
    seconds = None if stage.trial_minutes is None else 60 * stage.trial_minutes
    progress.watch = scheduler.watch = Watch(seconds)
    if stops is not None:
        tracking.stopped, scheduler.watch.unwanted = stops, stops.ids
    tuner = stage.tuner(scheduler, [tracking, progress], budget, resume)
    with progress, changes_only(), _signals_and_exits():
        trials = run_tuner(tuner)
    scheduler.awake()  # Tune asks it nothing where no trial was left to run
    if budget is not None:
        budget.save()
    for trial in trials:
        if trial.status == Trial.ERROR and (text := printed_by(trial)[1]):
            tracking.trial_files(trial.trial_id, {"printed.txt": text})
    ended = stops.ids() if stops else frozenset()
    cut = progress.unfinished | progress.cut_by_budget | ended
    rows = [row_of(one, max_t=stage.epochs, stopped=one.trial_id in cut) for one in trials]
    others = [row for row in rows if row.trial_id not in ended]
    return StageResult(trials, rows, _interrupted(progress, budget, others))


def _interrupted(progress: Progress, budget: Budget | None, rows: Sequence[Row]) -> bool:
    """By the `rows` of trials that the user has not ended one by one."""
    if budget is not None:  # what it has cut in former sessions is unfinished, too
        return bool(progress.unfinished) and budget.reason is None
    return any(row.outcome == "stopped" for row in rows)


def run_config(
    stage: Stage,
    callbacks: Sequence[tune.Callback],
    *,
    keep: int | None = 3,
    max_failures: int = 1,
    stop: tune.Stopper | None = None,
    scheduler: ResumableScheduler | None = None,
    goes_on: bool = False,
) -> tune.RunConfig:
    """Tune's experiment of a stage; a checkpoint each epoch and at a trial's end, `keep` of them.

    The newest may turn out to be torn. None keeps all.

    What `scheduler` knows is saved with it.
    """
    return tune.RunConfig(
        name=stage.folder.name,
        storage_path=stage.storage_path,
        stop=stop,
        # First: Ray gives callbacks their states back by place, and the others may differ.
        callbacks=[StateKeeper(stage.folder, scheduler, goes_on=goes_on), *callbacks],
        checkpoint_config=tune.CheckpointConfig(
            num_to_keep=keep, checkpoint_frequency=1, checkpoint_at_end=True
        ),
        failure_config=tune.FailureConfig(max_failures=max_failures),
        verbose=0,
    )


class Epochs(Stopper):
    """Ends a trial that has done so many epochs, whether it says that it is done or not."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return bool(result["training_iteration"] >= self._most)

    def stop_all(self) -> bool:
        return False


@contextmanager
def _signals_and_exits() -> Iterator[None]:
    """Put back at the end: Tune leaves its own, which would swallow the next Ctrl-C.

    RuntimeError for `sys.exit` in what Tune calls: it would end the study as if all were well.
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        raise RuntimeError(f"sys.exit({error.code!r}) was called in Tune's loop") from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)
