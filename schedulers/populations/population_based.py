"""Population-based training (Jaderberg et al. 2017, arXiv:1711.09846), with any explorer.

At each interval a trial of the lower quantile takes over the checkpoint of one of the upper, and
goes on with other values. Who chooses these is an `Explorer`, and may need a while: the trial
waits, and others run. Unlike Ray's own, it works with any searcher, draws from a random stream
of its own, and lends checkpoints, so that none is deleted that is still needed.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ray.tune.experiment import Trial
from ray.tune.result import SHOULD_CHECKPOINT
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.trainable import FunctionTrainable
from ray.tune.utils.util import flatten_dict

from automl_on_ray.schedulers.populations.population_state import Members, Segment
from automl_on_ray.schedulers.populations.shared_checkpoints import SharedCheckpoints
from automl_on_ray.schedulers.populations.turns import Turns, waits
from automl_on_ray.schedulers.tune_internals import any_at_work, save_anew, save_checkpoint
from automl_on_ray.search_spaces import Exploit, Explorer
from automl_on_ray.search_spaces.core import Objective, UserError, as_number, finite

QUANTILE = 0.25


class PopulationBased(FIFOScheduler):
    """A Tune scheduler. All trials are the population; with fewer slots they take turns.

    With `population` these are so many at once, which Tune's `max_concurrent_trials` must be: while
    the searcher has more to try, one that is hopeless ends at its first interval's end.

    `interval` is in units of `time_attr`. Asynchronous: a trial is compared when it has done its
    interval, with what the others did last. `synchronous`: all are compared at the same time.
    The trials must make checkpoints (UserError for a function that gives none); reports
    without the metric are passed over.
    """

    takes_every_report = True

    def __init__(
        self,
        objective: Objective,
        explorer: Explorer,
        *,
        interval: int,
        time_attr: str = "training_iteration",
        synchronous: bool = False,
        population: int | None = None,
        quantile: float = QUANTILE,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self._metric, self._mode = objective.metric, objective.mode
        self._sign = 1.0 if objective.mode == "max" else -1.0
        self._time_attr, self._synchronous = time_attr, synchronous
        self._explorer, self._population = explorer, population
        self._generator = np.random.default_rng(seed)
        self.members = Members(interval, quantile)
        self._shared = SharedCheckpoints(time_attr)
        self._meeting = interval  # when all are next compared, if synchronous
        self._taken: set[str] = set()  # of those under way: trials that have the checkpoint
        # What follows from Tune's trials: not saved, found again when it is first needed.
        self._trials: dict[str, Trial] = {}
        self._turns: Turns | None = None
        self._late: list[str] = []  # some that may not have come to the meeting yet

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_trials": {}, "_turns": None, "_late": []}

    # Tune's side

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Tune calls it before it starts a trial. Raises what `get_ready` does."""
        self.get_ready()
        accepted: bool = super().set_search_properties(metric, mode, **spec)
        return accepted

    def get_ready(self) -> None:
        """Wait for the explorer's model, if it has one. UserError if its library does not do."""
        getattr(self._explorer, "get_ready", lambda: None)()

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        name = trial.trial_id
        if name not in self.members.members:  # the others wait for one that comes late
            self._meeting = min(self._meeting, self.members.interval)
        self.members.join(name, trial.config)
        self._trials[name] = trial
        self._wait(name)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        time, value = result.get(self._time_attr), as_number(result.get(str(self._metric)))
        name = trial.trial_id
        if time is not None:
            self.members.passes(name, int(time))
        if time is None or value is None:
            return TrialScheduler.CONTINUE
        self._shared.release_old(trial)
        if not self.members.reported(name, int(time)):
            return TrialScheduler.CONTINUE
        self._require_checkpoint(trial, result)
        self._explorer.tell(self.members.judge(name, int(time), self._scored(value)))
        if self._has_another(tune_controller) and self.members.is_hopeless(name):
            return TrialScheduler.STOP
        turns = self._turns_of(tune_controller)
        if not self._synchronous and self._gives_up(name):
            tune_controller.pause_trial(trial, should_checkpoint=False)
            return TrialScheduler.NOOP
        if self._synchronous or self._others_wait(turns):
            turns.wait(name, self.members.place(name), pausing=True)
            return TrialScheduler.PAUSE
        if not trial.checkpoint_freq:
            save_checkpoint(tune_controller, trial, result)
        return TrialScheduler.CONTINUE

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        turns = self._turns_of(tune_controller)
        if self._synchronous:
            self._meet(tune_controller)
        # Where nobody is held up, or a simulation's clock stands still, new values are waited for.
        idle = not any_at_work(tune_controller)
        wait = getattr(tune_controller, "timeless", False) or idle
        for exploit in self.members.ripe():
            self._try(tune_controller, exploit, wait=wait)
        # Not in Tune's order, which is another when a study goes on.
        for trial in turns.waiting(self._trials):
            if not self._may_run(trial):
                return None  # nor may those behind it
            # When it paused, those that it might have gone on from may not have been as far.
            again = trial.status == Trial.PAUSED and not self._synchronous
            if not (again and self._gives_up(trial.trial_id)):
                return trial
            self._try(tune_controller, self.members.pending[trial.trial_id], wait=wait)
            if trial.trial_id not in self.members.pending:
                return trial
        if idle:
            self._turns = None  # whatever was missed would be waited for in vain
        return None

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        self.members.reported(trial.trial_id, int(result.get(self._time_attr, 0)))
        self._end(trial)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        self._end(trial)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        self._end(trial)  # if Tune tries it again, it is added again

    def debug_string(self) -> str:
        return f"Population-based training: {len(self.members.done)} exploits"

    # A study's side

    def will_be_saved(self) -> None:
        self._shared.will_be_saved()

    def was_saved(self) -> None:
        self._shared.was_saved()

    def schedule(self, trial_id: str) -> list[Segment]:
        """What a trial lived through, its ancestors' lives included."""
        return self.members.schedule(trial_id)

    # What the two share

    def _one_of(self, trials: Sequence[str]) -> str:
        return trials[int(self._generator.integers(len(trials)))]

    def _gives_up(self, name: str) -> bool:
        """Have a trial that has just ended an interval take over from another, if it is weak."""
        donors = [] if self.members.at_work(name) else self.members.donors(name)
        if donors:
            self._begin(name, self._one_of(donors))
        return bool(donors)

    def _begin(self, name: str, donor: str) -> None:
        self.members.begin(name, donor)
        if self._turns is not None:
            self._turns.leave(name)

    def _turns_of(self, tune_controller: Any) -> Turns:
        """Those of Tune's trials that wait, but for those that take over from others."""
        if self._turns is None:
            self._turns = Turns()
            self._trials = {trial.trial_id: trial for trial in tune_controller.get_trials()}
            for name, trial in self._trials.items():
                if waits(trial) and name in self.members.members:
                    self._wait(name)
        return self._turns

    def _wait(self, name: str) -> None:
        if self._turns is not None and name not in self.members.pending:
            self._turns.wait(name, self.members.place(name))

    def _others_wait(self, turns: Turns) -> bool:
        """Whether a trial that pauses gives its slot to another, also to one that takes over."""
        if next(turns.waiting(self._trials), None) is not None:
            return True
        return any(waits(self._trials[name]) for name in self.members.pending)

    def _require_checkpoint(self, trial: Trial, result: dict[str, Any]) -> None:
        """UserError for a function that gives none: when paused, it would begin from scratch."""
        kind = trial.get_trainable_cls()
        told = result.get(SHOULD_CHECKPOINT) or self._shared.latest(trial) is not None
        if kind is not None and issubclass(kind, FunctionTrainable) and not told:
            raise UserError(
                f"Population-based training needs checkpoints, but {trial.trainable_name} has "
                f"reported none by {self._time_attr} {result[self._time_attr]}; give tune.report "
                f"one, checkpoint=tune.Checkpoint(...), at least every {self.members.interval}."
            )

    def _has_another(self, tune_controller: Any) -> bool:
        """Whether a trial that ends gives its place to a new one."""
        return self._population is not None and not tune_controller.search_alg.is_finished()

    def _may_run(self, trial: Trial) -> bool:
        return not self._synchronous or self.members.members[trial.trial_id].time < self._meeting

    def _meet(self, tune_controller: Any) -> None:
        """Compare all, if all have come to the time of the meeting and none is still to be born."""
        alive = self.members.alive_count
        # There may be more than asked for: a failed trial comes back when its place is taken.
        full = self._population is not None and alive >= self._population
        if not alive or not (full or tune_controller.search_alg.is_finished()):
            return
        while self._late and not self._is_late(self._late[-1]):
            self._late.pop()
        if not self._late:  # of those that were, but others may have come since
            self._late = [name for name in self.members.alive() if self._is_late(name)]
        if self._late:
            return
        lower, upper = self.members.quantiles(self._meeting)
        for name in lower:
            if upper:
                self._begin(name, self._one_of(upper))
        # All may have gone past it, where they report the metric every few epochs only.
        pending, interval = self.members.pending, self.members.interval
        slowest = min(
            pending[name].time if name in pending else self.members.members[name].time
            for name in self.members.alive()
        )
        self._meeting = max(self._meeting + interval, slowest - slowest % interval + interval)

    def _is_late(self, name: str) -> bool:
        member = self.members.members[name]
        return not member.ended and min(member.time, member.judged) < self._meeting

    def _try(self, tune_controller: Any, exploit: Exploit, *, wait: bool) -> None:
        """Do an exploit as far as it can be: first the donor's checkpoint, then the new values."""
        trial, donor = self._trials[exploit.trial], self._trials[exploit.donor]
        if trial.status != Trial.PAUSED or trial.is_saving:
            return  # its own checkpoint, still under way, would come over the donor's
        if exploit.trial not in self._taken:
            if donor.is_finished():
                self._drop(exploit)
                return
            latest = self._shared.latest(donor)
            if latest is None or latest[1] < exploit.time:
                return
            self._shared.share(donor, trial, *latest)
            save_anew(tune_controller, trial, donor)
            self._taken.add(exploit.trial)
            self.members.takes(exploit, latest[1], self._score(latest[0].metrics, exploit))
            exploit = self.members.pending[exploit.trial]
        config = self._explorer.explore(exploit, wait=wait)
        if config is not None:
            trial.set_config(config)
            save_anew(tune_controller, trial)
            self._taken.discard(exploit.trial)
            self.members.take_over(exploit, config)
            self._wait(exploit.trial)

    def _score(self, metrics: Mapping[str, Any] | None, exploit: Exploit) -> float:
        """That of the checkpoint, or as it was when the donor was chosen."""
        value = finite(flatten_dict(dict(metrics or {})).get(self._metric))
        return exploit.score if value is None else self._scored(value)

    def _scored(self, value: float) -> float:
        """Higher is better; a trial that has diverged comes last, whichever infinity it is at."""
        return self._sign * value if math.isfinite(value) else -math.inf

    def _drop(self, exploit: Exploit) -> None:
        """The trial goes on by itself."""
        self._explorer.drop(exploit)
        self.members.cancel(exploit)
        self._taken.discard(exploit.trial)
        self._wait(exploit.trial)

    def _end(self, trial: Trial) -> None:
        exploit = self.members.pending.get(trial.trial_id)
        if exploit is not None:
            self._drop(exploit)
        self.members.end(trial.trial_id)
        if self._turns is not None:
            self._turns.leave(trial.trial_id)
        self._shared.release(trial)
