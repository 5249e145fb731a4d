"""Shows how a stage of a study gets on; Tune tells it as a callback."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.utils.util import flatten_dict

from automl_on_ray.command_line import console
from automl_on_ray.schedulers.tune_internals import SECONDS_TO_STOP, Watch
from automl_on_ray.search_spaces.core import (
    INFEASIBLE,
    Objective,
    as_number,
    last_reported,
    reported_instead,
)
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.live.drawing import Moment, ShownTrial
from automl_on_ray.studies.live.pace import Lengths, Pace
from automl_on_ray.studies.live.screens import screen_for
from automl_on_ray.studies.live.tally import Tally, epoch_of
from automl_on_ray.tracking import error_line, error_text

LOOK_SECONDS = 0.25  # between two looks at all that is open,
LOOK_SHARE = 0.02  # which with thousands of trials take so much of the loop's time at most
SHOWN_OPEN = 20  # of the trials that have not ended
SHOWN_KEYS = 12

ORDER = {Trial.RUNNING: 0, Trial.PAUSED: 1}


@dataclass(frozen=True)
class Shown:
    """What is shown of a stage, beside the trials that come.

    `title` heads the view, `stage` is a word or two; `total` trials of at most `epochs` are
    expected, and of each the first of the `objectives`, if it is `awaited`. An epoch is called a
    `step`. The trials of a stage of `repeats` are one config's: none is the best, and their mean
    counts.
    """

    title: str
    objectives: Sequence[Objective]
    total: int
    epochs: int
    step: str = "epoch"
    stage: str = "search"
    awaited: bool = False
    repeats: bool = False


class Progress(Callback):
    """Counts trials, keeps the best so far, and estimates the time left.

    `began` is when the study did; `now` gives seconds. The clock of a `budget` starts with the
    first trial at work: until then the study has only waited.
    """

    def __init__(
        self,
        shown: Shown,
        *,
        budget: Budget | None = None,
        began: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.watch = Watch()  # over the trials at work
        self._shown = shown
        self._metric = shown.objectives[0].metric
        self._budget = budget
        self._now = now
        self._began = now() if began is None else began
        self._tally = Tally(shown.objectives, shown.epochs)
        self._pace = Pace()
        self._trials: Sequence[Trial] = ()
        self._touched: dict[str, Trial] = {}  # those that may have ended since the last step
        self._warned = False
        # When a stopper ends the study, Tune terminates trials without a word to callbacks.
        self._completed: set[str] = set()
        self._screen: Any = None
        self._moment, self._next_look = self.moment(), float("-inf")

    def __enter__(self) -> "Progress":
        self._screen = screen_for(lambda: (self._moment, self._now()))
        self._screen.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._moment = replace(self.moment(), over=True, at_work=(), open=0)
        self._screen.stop()
        self._screen = None

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles callbacks; a terminal and the trials are not to be had elsewhere.
        tally = Tally(self._shown.objectives, self._shown.epochs)
        bare: dict[str, Any] = {
            "_screen": None,
            "_trials": (),
            "_touched": {},
            "_budget": None,
            "_tally": tally,
        }
        return {**self.__dict__, **bare}

    # What becomes of trials

    @property
    def cut_by_budget(self) -> set[str]:
        """Trials, over all sessions."""
        return self._tally.cut

    @property
    def unfinished(self) -> set[str]:
        """After the last step: what was at work when the user stopped the study.

        Tune, cleaning up, then marks these as if they had ended by themselves.
        """
        return set(self._tally.open)

    def get_state(self) -> dict[str, Any]:
        """Tune keeps this beside its own state: a study that goes on knows what was cut before."""
        return {"cut_by_budget": sorted(self.cut_by_budget)}

    def set_state(self, state: dict[str, Any]) -> None:
        self._tally.cut = set(state["cut_by_budget"])

    # What Tune tells

    def setup(self, *_: Any, **info: Any) -> None:
        """Say at once that Ctrl-C was heard: Tune has set its handler by now, which is silent."""
        heard = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(heard):
            signal.signal(signal.SIGINT, partial(self._say_it_stops, heard))

    def _say_it_stops(self, heard: Callable[..., Any], number: int, frame: Any) -> None:
        with suppress(RuntimeError):  # in the middle of another line
            console.print(
                f"Stopping: trials at work have {SECONDS_TO_STOP} seconds to end; Ctrl-C again "
                "stops at once.",
                soft_wrap=True,
            )
        heard(number, frame)

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        if not self._trials:  # a budget that is used up ends trials in the first step
            for trial in trials:
                self._tally.remember(trial)
                if not trial.is_finished():
                    self._tally.look_at(trial)

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        self._trials = trials
        if self._budget is not None and self._budget.reason:
            self._tally.cut |= self.unfinished - self._completed
            self._touched |= self._tally.open
        for trial in [*self._tally.new_ones(trials), *self._touched.values()]:
            self._tally.remember(trial)
            self._tally.look_at(trial)
        self._touched = {}
        while self.watch.silences:
            console.print(self.watch.silences.pop(0), style="yellow", soft_wrap=True)
        began = self._now()
        if began >= self._next_look:
            self._moment = self.moment()
            ended = self._now()
            self._next_look = ended + max(LOOK_SECONDS, (ended - began) / LOOK_SHARE)
            if self._screen is not None:
                self._screen.show()

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        self._pace.begin(self._now())
        if self._budget is not None:
            self._budget.begin()

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: Any
    ) -> None:
        self._tally.cut.discard(trial.trial_id)  # it goes on
        if trial.trial_id not in self._tally.open:
            self._touched[trial.trial_id] = trial
        self._pace.report(self._now(), self._moment.running)
        report = flatten_dict(result)
        if as_number(report.get(self._metric)) is None and INFEASIBLE not in report:
            self._warn(trial, report)
        self._tally.reported(trial, report)

    def _warn(self, trial: Trial, report: dict[str, Any]) -> None:
        """Once, if the study's first report lacks the objective: a mistyped name is seen early."""
        known = last_reported(trial, self._metric) is not None
        if self._shown.awaited and not self._warned and not known:
            console.print(
                f"Trial {trial.trial_id} has not reported "
                f"{reported_instead(self._metric, report)} A trial that never does fails.",
                style="yellow", soft_wrap=True,
            )  # fmt: skip
        self._warned = True

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        self._tally.forget(trial)
        self._touched[trial.trial_id] = trial
        told = f"Trial {trial.trial_id} has failed ({error_line(error_text(trial))})"
        console.print(told, style="red", soft_wrap=True)

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **_: Any
    ) -> None:
        self._completed.add(trial.trial_id)
        self._touched[trial.trial_id] = trial

    # What is seen

    def line(self) -> str:
        """All of it in one."""
        return self.moment().line(self._now())

    def seconds_left(self) -> float | None:
        """By the pace of late, or until the budget is used up, if that is sooner."""
        return self._left()[0]

    def moment(self) -> Moment:
        """All that is shown now."""
        shown, tally = self._shown, self._tally
        at_work = [trial for trial in tally.open.values() if not trial.is_finished()]
        at_work.sort(key=lambda trial: ORDER.get(trial.status, 2))
        left, budgeted = self._left()
        best = None if shown.repeats else tally.best()
        return Moment(
            title=shown.title, stage=shown.stage, metric=self._metric, began=self._began,
            total=shown.total, epochs=shown.epochs, step=shown.step,
            ended=tally.ended, early=tally.early, failed=tally.failed,
            running=sum(trial.status == Trial.RUNNING for trial in at_work),
            done=tally.ended + sum(map(epoch_of, at_work)) / tally.epochs_of_a_whole_trial(),
            at_work=[self._row(trial, trial.status.lower()) for trial in at_work[:SHOWN_OPEN]],
            open=len(at_work),
            keys=tally.varied()[:SHOWN_KEYS],
            best=self._row(best, "best") if best else None,
            mean=tally.mean() if shown.repeats else None,
            bests=() if shown.repeats else tuple(tally.bests),
            left=left, budgeted=budgeted,
        )  # fmt: skip

    def _row(self, trial: Trial, state: str) -> ShownTrial:
        value = self._tally.value_of(trial.trial_id)
        return ShownTrial(trial.trial_id, state, epoch_of(trial), value, dict(trial.config))

    def _left(self) -> tuple[float | None, bool]:
        """The seconds, and whether these are the budget's."""
        tally, most = self._tally, self._tally.epochs_of_a_whole_trial()
        begun = [epoch_of(trial) for trial in tally.open.values() if not trial.is_finished()]
        lengths = Lengths(tally.lengths, begun, most)
        fresh = max(0, self._shown.total - tally.ended - len(begun))
        further = [*map(lengths.after, begun), lengths.after(0) if fresh else 0.0]
        epochs = sum(further) + max(0, fresh - 1) * further[-1]
        estimate = self._pace.seconds_for(self._now(), epochs, max(further))
        limit = self._budget.seconds_left if self._budget else None
        if limit is not None and (estimate is None or limit < estimate):
            return limit, True
        return estimate, False
