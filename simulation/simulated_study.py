"""Runs Tune's searchers and schedulers on a virtual clock, with any number of slots.

The loop does what Tune's controller does, with Tune's own Trial objects and in its order: new
trials are asked for, the scheduler says which one runs, a result goes to scheduler and searcher.
A trial's training is a function of its state and its config; a checkpoint is that state.
"""

import copy
import heapq
import itertools
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, Required, TypedDict, Unpack

import cloudpickle
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher
from ray.tune.utils.util import flatten_dict

from automl_on_ray.schedulers.tune_internals import (
    CheckpointResult,
    ResumableScheduler,
    register_checkpoint,
)
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import check_keywords
from automl_on_ray.simulation.simulated_checkpoints import Held, SimulatedProgress, SimulatedStorage

ITERATION = "training_iteration"


class Training(Protocol):
    """What trials do. States are pickled and copied; the same state and config give the same."""

    def begin(self, config: Config) -> Any:
        """A trial's state before its first step."""

    def step(self, state: Any, config: Config) -> tuple[Any, dict[str, float], float] | None:
        """The next state, its metrics, and the seconds it takes; None where nothing is known."""


class Decision(NamedTuple):
    """What was decided about a trial after an iteration, with which config it had done it.

    `what` is "begin" whenever it gets a slot, else Tune's continue, pause, stop, or noop.
    """

    what: str
    trial: str
    iteration: int
    config: str


class Limits(TypedDict, total=False):
    """`samples` trials of `max_t` iterations at most, `slots` of them running at once.

    `pausing`: more trials may be alive than slots (`population` of them), one of them waiting for
    its first, as workflows have it with schedulers that pause trials. `keep` checkpoints a trial
    (None: all).
    """

    samples: Required[int]
    slots: Required[int]
    max_t: Required[int]
    keep: int | None
    pausing: bool
    population: int | None


class Simulation:
    """One study. `run` to its end, or `step` by step; `save` at any time, `load` in another."""

    def __init__(
        self,
        training: Training,
        searcher: Searcher,
        scheduler: TrialScheduler,
        *,
        constants: Mapping[str, Any] | None = None,
        disk: SimulatedStorage | None = None,
        **limits: Unpack[Limits],
    ) -> None:
        check_keywords(limits, Limits)
        self.training, self.searcher = training, searcher
        self.scheduler = ResumableScheduler(scheduler)
        self.samples, self.slots = limits["samples"], limits["slots"]
        self.max_t = limits["max_t"]
        self.constants = dict(constants or {})
        self.disk = disk or SimulatedStorage(f"disk-{id(self)}-{time.monotonic_ns()}")
        self.keep = limits.get("keep", 3)
        pausing, population = limits.get("pausing", False), limits.get("population")
        self.most_alive = population if pausing else self.slots
        self.trials: list[Trial] = []
        self.clock = 0.0
        self.decisions: list[Decision] = []
        self.finished_asking = False
        self.cut = 0  # trials that ended because nothing more was known of them
        self._live: list[Trial] = []  # with some that have just finished
        self._running: dict[str, SimulatedProgress] = {}
        self._next: dict[str, tuple[Any, dict[str, float], float] | None] = {}
        self._events: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._saves = itertools.count()

    # The loop

    def run(self) -> list[Trial]:
        while self.step():
            pass
        return self.trials

    def step(self) -> bool:
        """Start what can be started, then let one result come; False at the end."""
        self._fill()
        while self._events:
            self.clock, _, name = heapq.heappop(self._events)
            if name in self._running:
                self._result(self._trial(name))
                return True
            self._fill()
        return False

    def _fill(self) -> None:
        self._ask()
        while len(self._running) < self.slots:
            trial = self.scheduler.choose_trial_to_run(self)
            trial = trial or next((t for t in self._live if t.status == Trial.PENDING), None)
            if trial is None:
                return
            self._start(trial)
            self._ask()

    def _ask(self) -> None:
        if self.finished_asking:
            return
        live = [trial for trial in self._live if not trial.is_finished()]
        self._live = live
        waiting = any(trial.status == Trial.PENDING for trial in live)
        if waiting or (self.most_alive is not None and len(live) >= self.most_alive):
            return
        name = f"{len(self.trials):05d}"
        suggestion = self.searcher.suggest(name)
        while suggestion is None and getattr(self.searcher, "thinking", False):
            time.sleep(0.002)
            suggestion = self.searcher.suggest(name)
        if isinstance(suggestion, dict):
            trial = Trial(
                "simulated", stub=True, trial_id=name, config={**self.constants, **suggestion},
                checkpoint_config=tune.CheckpointConfig(
                    num_to_keep=self.keep, checkpoint_frequency=1
                ),
            )  # fmt: skip
            self.trials.append(trial)
            self._live.append(trial)
            self.scheduler.on_trial_add(self, trial)
        self.finished_asking = suggestion == Searcher.FINISHED or len(self.trials) >= self.samples

    def _start(self, trial: Trial) -> None:
        latest = trial.latest_checkpoint_result
        if latest is None:
            progress = SimulatedProgress(0, 0.0, self.training.begin(dict(trial.config)))
        else:
            checkpoint: Any = latest.checkpoint
            progress = self.disk.read(checkpoint.path)
        self._decide("begin", trial, progress.iteration)
        trial.set_status(Trial.RUNNING)
        self._running[trial.trial_id] = progress
        self._train(trial)

    def _train(self, trial: Trial) -> None:
        """Have the trial's next result come when its step is done."""
        before = self._running[trial.trial_id]
        found = self.training.step(copy.deepcopy(before.state), dict(trial.config))
        self._next[trial.trial_id] = found
        seconds = found[2] if found else 0.0
        heapq.heappush(self._events, (self.clock + seconds, next(self._order), trial.trial_id))

    def _result(self, trial: Trial) -> None:
        found, before = self._next.pop(trial.trial_id), self._running[trial.trial_id]
        if found is None:  # the record ends here
            self.cut += 1
            self.stop_trial(trial)
            return
        state, metrics, seconds = found
        now = SimulatedProgress(before.iteration + 1, before.seconds + seconds, state)
        self._running[trial.trial_id] = now
        result = {
            **metrics, ITERATION: now.iteration, "time_total_s": now.seconds,
            "trial_id": trial.trial_id, "config": dict(trial.config),
        }  # fmt: skip
        flat = flatten_dict(result)
        if now.iteration >= self.max_t:
            decision = TrialScheduler.STOP
        else:
            decision = self.scheduler.on_trial_result(self, trial, flat)
        if decision == TrialScheduler.STOP:
            result["done"] = flat["done"] = True
        else:
            self.searcher.on_trial_result(trial.trial_id, flat)
        trial.update_last_result(result)
        if trial.trial_id in self._running:
            self._save(trial, result)
        self._decide(decision.lower(), trial, now.iteration)
        if decision == TrialScheduler.CONTINUE:
            self._train(trial)
        elif decision == TrialScheduler.PAUSE:
            self.pause_trial(trial)
        elif decision == TrialScheduler.STOP:
            self.stop_trial(trial)

    def _save(self, trial: Trial, result: Mapping[str, Any]) -> CheckpointResult:
        path = f"{trial.trial_id}/{next(self._saves):07d}"
        self.disk.write(path, self._running[trial.trial_id])
        return register_checkpoint(trial, Held(path, self.disk), result)

    def _decide(self, what: str, trial: Trial, iteration: int) -> None:
        text = repr(sorted(trial.config.items()))
        self.decisions.append(Decision(what, trial.trial_id, iteration, text))

    def _trial(self, name: str) -> Trial:
        return self.trials[int(name)]

    # What schedulers ask of Tune's controller

    timeless = True  # the clock stands still while a searcher or an explorer thinks

    @property
    def search_alg(self) -> "Simulation":
        return self

    def is_finished(self) -> bool:
        """Whether the searcher has nothing more to give."""
        return self.finished_asking

    def on_trial_complete(self, trial_id: str, error: bool = False) -> None:
        self.searcher.on_trial_complete(trial_id, error=error)

    def get_trials(self) -> list[Trial]:
        return self.trials

    @property
    def _running_trials(self) -> Mapping[str, SimulatedProgress]:
        return self._running

    def get_live_trials(self) -> set[Trial]:
        return {trial for trial in self._live if not trial.is_finished()}

    def pause_trial(self, trial: Trial, should_checkpoint: bool = True) -> None:
        self._running.pop(trial.trial_id, None)
        trial.set_status(Trial.PAUSED)

    def stop_trial(self, trial: Trial) -> None:
        if trial.is_finished():
            return
        if trial.status == Trial.RUNNING:
            flat = flatten_dict(trial.run_metadata.last_result)
            self.scheduler.on_trial_complete(self, trial, flat)
            self.searcher.on_trial_complete(trial.trial_id, flat)
        else:
            self.scheduler.on_trial_remove(self, trial)
            self.searcher.on_trial_complete(trial.trial_id)
        self._running.pop(trial.trial_id, None)
        trial.set_status(Trial.TERMINATED)

    def _mark_trial_to_checkpoint(self, trial: Trial) -> None:
        """`save` keeps all trials as they are."""

    def _schedule_trial_save(self, trial: Trial, result: Any = None) -> Any:
        return self._save(trial, result or {}).checkpoint

    # A kill

    def save(self) -> bytes:
        """All that a study keeps, as of one moment; the disk is not part of it."""
        searcher: Any = self.searcher
        return cloudpickle.dumps(
            {
                "searcher": searcher.get_state(),
                "scheduler": self.scheduler.get_state(),
                "trials": [
                    (t.trial_id, t.config, t.status, t.run_metadata.last_result,
                     t.run_metadata.checkpoint_manager, t.run_metadata.metric_analysis,
                     t.run_metadata.metric_n_steps)
                    for t in self.trials
                ],
                "finished_asking": self.finished_asking,
                "decisions": self.decisions,
                "clock": self.clock,
                "saves": next(copy.copy(self._saves)),
            }
        )  # fmt: skip

    def load(self, saved: bytes) -> None:
        """Go on from there: this simulation must be new, with the dead one's disk."""
        state = cloudpickle.loads(saved)
        searcher: Any = self.searcher
        searcher.set_state(state["searcher"])
        self.scheduler.set_state(state["scheduler"])
        self.clock, self.decisions = state["clock"], state["decisions"]
        self.finished_asking = state["finished_asking"]
        # A file made after that moment is another one than the file that will be made again.
        self._saves = itertools.count(max(state["saves"], self._highest() + 1))
        for name, config, status, last, manager, *metrics in state["trials"]:
            trial = Trial("simulated", stub=True, trial_id=name, config=config)
            trial.run_metadata.checkpoint_manager = manager
            trial.run_metadata.last_result = last
            trial.run_metadata.metric_analysis, trial.run_metadata.metric_n_steps = metrics
            trial.status = status if status in (Trial.TERMINATED, Trial.ERROR) else Trial.PENDING
            self.trials.append(trial)
        self._live = [trial for trial in self.trials if not trial.is_finished()]
        for trial in self.trials:
            self.scheduler.on_trial_add(self, trial)

    def _highest(self) -> int:
        return max((int(path.rpartition("/")[2]) for path in self.disk.files), default=-1)
