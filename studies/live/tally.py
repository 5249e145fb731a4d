"""Counts a stage's trials as they come, report and end, and keeps which is best."""

from collections import Counter
from collections.abc import Mapping, Sequence

from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import Objective, as_number, last_reported
from automl_on_ray.studies.live.text import short
from automl_on_ray.studies.trial_rows import outcome_of
from automl_on_ray.tracking.reports import Standings

MAX_DISTINCT = 50  # values of a config's key that are told apart
MAX_BESTS = 256  # kept of the best value's course


class Tally:
    """`open` are the trials that have not ended. `cut` are those that a budget has ended.

    Trials are ranked as in the end: by what each reported last, and one that failed not at all.
    """

    def __init__(self, objectives: Sequence[Objective], epochs: int) -> None:
        self.open: dict[str, Trial] = {}
        self.cut: set[str] = set()
        self.lengths: Counter[int] = Counter()  # how many trials have ended after so many epochs
        self.bests: list[float] = []  # the best value in the course of the reports
        self._objectives, self._epochs = objectives, epochs
        self._outcomes: dict[str, tuple[str, int]] = {}  # and epochs, of those that have ended
        self._counts: Counter[str] = Counter()
        self._longest = 0  # epochs of a trial that was not stopped
        self._known: dict[str, Trial] = {}
        self._order: dict[str, int] = {}
        self._metrics: dict[str, dict[str, float]] = {}  # as reported last
        self._standings = Standings(objectives)
        self._reports, self._stride = 0, 1
        self._distinct: dict[str, set[str]] = {}
        self._continuous: set[str] = set()

    # Counting

    def new_ones(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those not seen before. Tune adds them at the end; there it puts those that retry too."""
        found: list[Trial] = []
        missing = len(trials) - len(self._outcomes) - len(self.open)
        for trial in reversed(trials):
            if len(found) >= missing:
                break
            if trial.trial_id not in self._outcomes and trial.trial_id not in self.open:
                found.append(trial)
        return found[::-1]

    def look_at(self, trial: Trial) -> None:
        """Have it among those that are open, or counted by how it has ended."""
        name = trial.trial_id
        if name in self._outcomes:
            self._count(*self._outcomes.pop(name), -1)
        if name not in self._known:
            self._get_to_know(trial)
        if not trial.is_finished():
            self.open[name] = trial
            return
        self.open.pop(name, None)
        outcome = outcome_of(trial, max_t=self._epochs, stopped=name in self.cut)
        self._outcomes[name] = outcome, epoch_of(trial)
        if outcome == "completed":
            self._longest = max(self._longest, epoch_of(trial))
        self._count(*self._outcomes[name], 1)

    def _count(self, outcome: str, epochs: int, by: int) -> None:
        self._counts[outcome] += by
        if outcome != "stopped":
            self.lengths[epochs] += by

    def _get_to_know(self, trial: Trial) -> None:
        self._known[trial.trial_id] = trial
        self._order.setdefault(trial.trial_id, len(self._order))
        for key, value in trial.config.items():
            distinct = self._distinct.setdefault(key, set())
            if len(distinct) < MAX_DISTINCT:
                distinct.add(short(value))
            if isinstance(value, float):
                self._continuous.add(key)

    @property
    def ended(self) -> int:
        """Without those that a budget, or the user, has ended."""
        return self.early + self.failed + self._counts["completed"] + self._counts["infeasible"]

    @property
    def early(self) -> int:
        return self._counts["pruned"]

    @property
    def failed(self) -> int:
        return self._counts["failed"]

    def epochs_of_a_whole_trial(self) -> int:
        """As seen so far: a function of the user's own may end long before it must."""
        if not self._longest:
            return self._epochs
        return max([self._longest, *map(epoch_of, self.open.values())])

    def varied(self) -> list[str]:
        """Keys of the configs that differ from trial to trial, first those that do most."""
        counts = {key: len(values) for key, values in self._distinct.items() if len(values) > 1}
        return sorted(counts, key=lambda key: (-counts[key], key not in self._continuous))

    # Ranking

    def remember(self, trial: Trial) -> None:
        """What a trial of a former session has reported."""
        if trial.status != Trial.ERROR and trial.trial_id not in self._metrics:
            last = {o.metric: last_reported(trial, o.metric) for o in self._objectives}
            self.reported(trial, last)

    def reported(self, trial: Trial, report: Mapping[str, object]) -> None:
        """Of the objectives; those that are missing stay what they were."""
        name = trial.trial_id
        values = {o.metric: as_number(report.get(o.metric)) for o in self._objectives}
        known = self._metrics.setdefault(name, {})
        known.update({metric: value for metric, value in values.items() if value is not None})
        if name not in self._known:
            self._get_to_know(trial)
        self._standings.tell(name, self._order[name], known, trial.status)
        self._note_best()

    def forget(self, trial: Trial) -> None:
        """It has failed, so it has no place."""
        self._metrics.pop(trial.trial_id, None)
        self._standings.forget(trial.trial_id)

    def value_of(self, name: str) -> float | None:
        return self._metrics.get(name, {}).get(self._objectives[0].metric)

    def best(self) -> Trial | None:
        return next((self._known[name] for name in self._standings.first(1)), None)

    def mean(self) -> float | None:
        """Of all trials."""
        found = [value for name in self._metrics if (value := self.value_of(name)) is not None]
        return sum(found) / len(found) if found else None

    def _note_best(self) -> None:
        """At each report, or as the course grows long, at every second, fourth, ... one."""
        best = next(iter(self._standings.first(1)), None)
        value = None if best is None else self.value_of(best)
        self._reports += 1
        if value is None or self._reports % self._stride:
            return
        self.bests.append(value)
        if len(self.bests) > MAX_BESTS:
            self.bests, self._stride = self.bests[1::2], 2 * self._stride


def epoch_of(trial: Trial) -> int:
    return int(trial.run_metadata.last_result.get("training_iteration", 0))
