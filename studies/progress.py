"""Shows the progress of a study: a live view, or plain lines without a terminal."""

import math
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.utils.util import flatten_dict
from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from automl_on_ray.command_line import console
from automl_on_ray.schedulers.tune_internals import SECONDS_TO_STOP, Watch
from automl_on_ray.search_spaces.core import Objective, as_number, last_reported, reported_instead
from automl_on_ray.studies.budget import Budget
from automl_on_ray.tracking import error_line, error_text

SHOWN_TRIALS = 8
PLAIN_PERIOD = 10.0
TRIALS_A_STEP = 200  # the view goes over all trials, so with thousands it is not drawn at each step

DONE, PRUNED, FAILED, UNCOUNTED = "done", "pruned", "failed", "uncounted"


class Progress(Callback):
    """Counts trials, keeps the best so far, and estimates the time left.

    `title` heads the view; `total` trials of at most `epochs` iterations are expected, and of each
    the objective, if it is `awaited`. `now` gives seconds.
    """

    def __init__(
        self,
        title: str,
        *,
        objective: Objective,
        total: int,
        epochs: int,
        budget: Budget | None = None,
        awaited: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.watch = Watch()  # over the trials at work
        self._title = title
        self._objective = objective
        self._total = total
        self._epochs = epochs
        self._budget = budget
        self._awaited, self._warned = awaited, False
        self._now = now
        self._began = now()
        self._before: float | None = None  # what former sessions did, in trials
        self._values: dict[str, float] = {}  # what each trial that did not fail reported last
        self._counts: Counter[str] = Counter()  # of trials that have ended
        self._kinds: dict[str, str] = {}  # how each of them ended
        self._trials: list[Trial] = []
        self._open: dict[str, Trial] = {}  # those that had not ended at the last step's end
        self._touched: dict[str, Trial] = {}  # those that may have ended since
        self._live: Live | None = None
        self._told, self._told_ended = 0.0, 0
        self._steps = 0  # since the view was drawn
        # When a stopper ends the study, Tune terminates trials without a word to callbacks.
        self.cut_by_budget: set[str] = set()
        self._completed: set[str] = set()

    def __enter__(self) -> "Progress":
        self._began = self._now()
        if console.is_terminal:
            self._live = Live(self._view(), console=console, refresh_per_second=4)
            self._live.start()
        else:
            told = f"{self._title}: {self._total} trials of at most {self._epochs} epochs"
            console.print(told, soft_wrap=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.update(self._view(), refresh=True)
            self._live.stop()
            self._live = None
        else:
            console.print(self.line(), soft_wrap=True)

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles callbacks; a terminal and the trials are not to be had elsewhere.
        bare: dict[str, Any] = {
            "_live": None,
            "_trials": [],
            "_open": {},
            "_touched": {},
            "_budget": None,
        }
        return {**self.__dict__, **bare}

    @property
    def unfinished(self) -> set[str]:
        """After the last step: what was at work when the user stopped the study.

        Tune, cleaning up, then marks these as if they had ended by themselves.
        """
        return set(self._open)

    def get_state(self) -> dict[str, Any]:
        """Tune keeps this beside its own state: a study that goes on knows what was cut before."""
        return {"cut_by_budget": sorted(self.cut_by_budget)}

    def set_state(self, state: dict[str, Any]) -> None:
        self.cut_by_budget = set(state["cut_by_budget"])

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
            self._open = {trial.trial_id: trial for trial in trials if not trial.is_finished()}

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        self._trials = trials
        if self._budget is not None and self._budget.reason:
            self.cut_by_budget |= self.unfinished - self._completed
            self._touched |= self._open
        for trial in [*self._new(), *self._touched.values()]:
            self._look_at(trial)
        self._touched = {}
        while self.watch.silences:
            console.print(self.watch.silences.pop(0), style="yellow", soft_wrap=True)
        if self._before is None:
            self._before = self._done()
            self._remember_values()
        self._steps += 1
        now, ended = self._now(), self._ended
        if self._live is not None:
            if self._steps * TRIALS_A_STEP >= len(self._open) + len(self._values):
                self._steps = 0
                self._live.update(self._view())
        elif ended > self._told_ended and now - self._told > PLAIN_PERIOD:
            self._told, self._told_ended = now, ended
            console.print(self.line(), soft_wrap=True)

    def _new(self) -> list[Trial]:
        """Trials not seen before. Tune adds them at the end; there it puts those that retry too."""
        found: list[Trial] = []
        missing = len(self._trials) - len(self._kinds) - len(self._open)
        for trial in reversed(self._trials):
            if len(found) >= missing:
                break
            if trial.trial_id not in self._kinds and trial.trial_id not in self._open:
                found.append(trial)
        return found[::-1]

    def _look_at(self, trial: Trial) -> None:
        """Have it among those at work, or counted by how it has ended."""
        name = trial.trial_id
        if name in self._kinds:
            self._counts[self._kinds.pop(name)] -= 1
        if not trial.is_finished():
            self._open[name] = trial
            return
        self._open.pop(name, None)
        self._kinds[name] = self._kind_of(trial)
        self._counts[self._kinds[name]] += 1

    def _kind_of(self, trial: Trial) -> str:
        if trial.status == Trial.ERROR:
            return FAILED
        # Where a budget ends a study, Tune terminates trials that were never begun too.
        if self._epoch(trial) == 0 or trial.trial_id in self.cut_by_budget:
            return UNCOUNTED
        return PRUNED if self._epoch(trial) < self._epochs else DONE

    @property
    def _ended(self) -> int:
        return self._counts[DONE] + self._counts[PRUNED] + self._counts[FAILED]

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: Any
    ) -> None:
        self.cut_by_budget.discard(trial.trial_id)  # it goes on
        if trial.trial_id not in self._open:
            self._touched[trial.trial_id] = trial
        report = flatten_dict(result)
        value = as_number(report.get(self._objective.metric))
        if value is None:
            self._warn(trial, report)
        else:
            self._values[trial.trial_id] = value

    def _warn(self, trial: Trial, report: dict[str, Any]) -> None:
        """Once, if the study's first report lacks the objective: a mistyped name is seen early."""
        known = last_reported(trial, self._objective.metric) is not None
        if self._awaited and not self._warned and not known:
            console.print(
                f"Trial {trial.trial_id} has not reported "
                f"{reported_instead(self._objective.metric, report)} "
                "A trial that never does fails.",
                style="yellow", soft_wrap=True,
            )  # fmt: skip
        self._warned = True

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        self._values.pop(trial.trial_id, None)
        self._touched[trial.trial_id] = trial
        told = f"Trial {trial.trial_id} has failed ({error_line(error_text(trial))})"
        console.print(told, style="red", soft_wrap=True)

    def _remember_values(self) -> None:
        """Of former sessions."""
        for trial in self._trials:
            value = last_reported(trial, self._objective.metric)
            if value is not None and trial.status != Trial.ERROR:
                self._values.setdefault(trial.trial_id, value)

    def _best(self) -> tuple[float, str] | None:
        """As trials are ranked in the end: by what each reported last."""
        finite = [(v, trial_id) for trial_id, v in self._values.items() if math.isfinite(v)]
        sign = self._objective.sign()
        return max(finite, key=lambda one: sign * one[0], default=None)

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **_: Any
    ) -> None:
        self._completed.add(trial.trial_id)
        self._touched[trial.trial_id] = trial

    def _epoch(self, trial: Trial) -> int:
        return int(trial.run_metadata.last_result.get("training_iteration", 0))

    def _done(self) -> float:
        """In trials; one at work counts by its epochs."""
        begun = (self._epoch(t) for t in self._open.values() if not t.is_finished())
        return self._ended + sum(begun) / self._epochs

    def seconds_left(self) -> float | None:
        """By this session's pace."""
        here = self._done() - (self._before or 0.0)
        limit = self._budget.seconds_left if self._budget else None
        if here <= 0:
            return limit
        pace = (self._now() - self._began) / here
        estimate = pace * max(0.0, self._total - self._done())
        return estimate if limit is None else min(estimate, limit)

    def line(self) -> str:
        """All of it in one."""
        found = self._best()
        best = "none yet" if found is None else f"{found[0]:.5g} ({found[1]})"
        left = self.seconds_left()
        ended, counts = self._ended, self._counts
        running = sum(trial.status == Trial.RUNNING for trial in self._open.values())
        return (
            f"[{clock(self._now() - self._began)}] {ended}/{max(ended, self._total)} trials "
            f"ended ({counts[PRUNED]} early, {counts[FAILED]} failed), {running} running, "
            f"best {self._objective.metric} {best}, "
            f"{'time left unknown' if left is None else clock(left) + ' left'}"
        )

    def _view(self) -> Group:
        bar = Padding(ProgressBar(total=max(1, self._total), completed=self._ended, width=60))
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("trial", "state", "epoch", self._objective.metric):
            table.add_column(heading, justify="left" if heading in ("trial", "state") else "right")
        active = [t for t in self._open.values() if not t.is_finished()][-SHOWN_TRIALS:]
        for trial in active:
            value = last_reported(trial, self._objective.metric)
            table.add_row(
                trial.trial_id,
                trial.status.lower(),
                f"{self._epoch(trial)}/{self._epochs}",
                "" if value is None else f"{value:.5g}",
            )
        return Group(Text(self._title, style="bold"), bar, Text(self.line()), table)


def clock(seconds: float) -> str:
    """`1:02:03`, or `2:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
