"""The trials of one stage, run: the one place where a study makes its Tuner."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ray import tune
from ray.tune import ResumeConfig, Stopper
from ray.tune.experiment import Trial
from ray.tune.stopper import CombinedStopper

from automl_on_ray.clusters import Stage
from automl_on_ray.schedulers.tune_internals import (
    ResumableScheduler,
    Watch,
    changes_only,
    make_tuner,
    run_tuner,
)
from automl_on_ray.search_spaces import Config
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.progress import Progress
from automl_on_ray.studies.trial_rows import Row, row_of
from automl_on_ray.studies.tune_run_config import run_config
from automl_on_ray.tracking import TrackingCallback
from automl_on_ray.trainables import printed_by


@dataclass(frozen=True)
class StageResult:
    """Trials of this and former sessions; `stopped` are ids of those that a user or budget cut.

    `interrupted`: the user stopped the stage. What a budget has ended is at its end.
    """

    trials: Sequence[Trial]
    stopped: set[str]
    interrupted: bool

    def rows(self, epochs: int) -> list[Row]:
        return [row_of(t, max_t=epochs, stopped=t.trial_id in self.stopped) for t in self.trials]


class Epochs(Stopper):
    """Ends a trial that has done so many epochs, whether it says that it is done or not."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return bool(result["training_iteration"] >= self._most)

    def stop_all(self) -> bool:
        return False


def run_trials(
    stage: Stage,
    trainable: Any,
    param_space: Config,
    tune_config: tune.TuneConfig,
    *,
    epochs: int,
    resume: ResumeConfig | None,
    tracking: TrackingCallback,
    progress: Progress,
    budget: Budget | None = None,
    keep: int | None = 3,
    max_failures: int = 1,
    trial_minutes: float | None = None,
    remembered: ResumableScheduler | None = None,
) -> StageResult:
    """Until all have ended after `epochs` at most, `budget` is used up, or the user stops them.

    `keep` checkpoints a trial; None keeps all. What takes longer than `trial_minutes` fails. What
    the scheduler `remembered` knows is saved with the stage.
    """
    scheduler = tune_config.scheduler
    assert isinstance(scheduler, ResumableScheduler)
    seconds = None if trial_minutes is None else 60 * trial_minutes
    progress.watch = scheduler.watch = Watch(seconds)
    tuner = make_tuner(
        trainable,
        resume,
        param_space=param_space,
        tune_config=tune_config,
        run_config=run_config(
            stage,
            [tracking, progress],
            keep=keep,
            max_failures=max_failures,
            # The budget counts, so it is asked first: Ray goes no further after a yes.
            stop=CombinedStopper(*([budget] if budget else []), Epochs(epochs)),
            scheduler=remembered,
            goes_on=resume is not None,
        ),
    )
    if budget is not None:
        budget.begin()
    with progress, changes_only(), _signals_and_exits():
        trials = run_tuner(tuner)
    if budget is not None:
        budget.save()
    for trial in trials:
        if trial.status == Trial.ERROR and (text := printed_by(trial)[1]):
            tracking.trial_files(trial.trial_id, {"printed.txt": text})
    return StageResult(
        trials,
        stopped=progress.unfinished | progress.cut_by_budget,
        interrupted=bool(progress.unfinished) and (budget is None or budget.reason is None),
    )


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
