"""The state of each trial, as the journal's operations add up."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking.journal import Op
from automl_on_ray.tracking.reports import Front, Standings, hypervolume, rank
from automl_on_ray.tracking.study import TrialRow

MAX_CURVE_STEPS = 64  # of a trial at work, which its run keeps in a tag
PARENT = ""  # the key of the study's own run; a trial's key is its id
RUNNING = "running"


@dataclass
class TrialState:
    """`step` is the last one logged; `offset` is what turns a training iteration into a step.

    `curve` has the objectives' values by step, until the trial has ended.
    """

    config: Config
    step: int = 0
    offset: int = 0
    exploits: int = 0
    cloned: list[Any] = field(default_factory=list)  # the last exploit's donor and its iteration
    outcome: str = RUNNING
    metrics: dict[str, float] = field(default_factory=dict)
    curve: dict[str, dict[int, float]] = field(default_factory=dict)

    def add_to_curve(self, metric: str, step: int, value: float) -> None:
        """Where it gets long, the steps at which trials are compared are kept: powers of three."""
        steps = self.curve.setdefault(metric, {})
        if len(steps) >= MAX_CURVE_STEPS:
            kept = {3**power for power in range(40)}
            self.curve[metric] = steps = {s: v for s, v in steps.items() if s in kept}
        steps[step] = value


class Trials:
    """Built by `apply`, operation by operation: live, and again from the journal on a resume."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.known: dict[str, TrialState] = {}
        self.counts: Counter[str] = Counter()  # by outcome
        self.lineage: list[dict[str, Any]] = []
        self.ended = 0
        self._order: dict[str, int] = {}
        self._seen = 0
        goals = [objectives, *([o] for o in objectives)] if len(objectives) > 1 else [objectives]
        self._objectives = objectives
        self._front = Front()  # by the first two
        self._standings = [Standings(goal) for goal in goals]  # by all, then by each

    def apply(self, op: Op) -> None:
        key = op["run"]
        if key == PARENT:
            return
        if "adopts" in op:
            self._adopt(key, op["adopts"])
        trial = self.known.get(key)
        if trial is None:
            trial = self._add(key, TrialState(op.get("config", {})))
        trial.step = max(trial.step, op.get("step", 0))
        outcome = op.get("tags", {}).get("automl.outcome", trial.outcome)
        self.counts[trial.outcome] -= 1
        self.counts[outcome] += 1
        trial.outcome = outcome
        if "metrics" in op:
            own = {k: v for k, v in op["metrics"].items() if not k.startswith("hp/")}
            trial.metrics |= own  # each as it was reported last
            for objective in self._objectives:
                if objective.metric in own:
                    trial.add_to_curve(objective.metric, trial.step, own[objective.metric])
        if "exploit" in op:
            self._exploited(trial, op["exploit"])
        if op.get("ended"):
            self.ended, trial.curve = self.ended + 1, {}
        if op.get("ended") and len(self._objectives) > 1:
            self._place(trial)
        for standings in self._standings:
            standings.tell(key, self._order[key], trial.metrics, trial.outcome)

    def _place(self, trial: TrialState) -> None:
        if rank(trial.metrics, trial.outcome, self._objectives) is not None:
            first, second = (o.sign() * trial.metrics[o.metric] for o in self._objectives[:2])
            self._front.add(first, second)

    def hypervolume(self) -> float | None:
        """Of the ended trials, by the first two objectives, above the worst value of each so far.

        In the product of their units, so that it only grows. None for one objective.
        """
        worst = self._front.worst
        return None if worst is None else hypervolume(self._front.points, worst)

    def _add(self, key: str, trial: TrialState) -> TrialState:
        self.known[key] = trial
        self._order[key] = self._seen
        self._seen += 1
        self.counts[trial.outcome] += 1
        return trial

    def _adopt(self, key: str, lost: str) -> None:
        for standings in self._standings:
            standings.forget(lost)
        self.counts[self.known[lost].outcome] -= 1
        self._add(key, self.known.pop(lost))

    def _exploited(self, trial: TrialState, exploit: dict[str, Any]) -> None:
        trial.config = exploit["config"]
        trial.offset = exploit["offset"]
        trial.exploits = exploit["generation"]
        trial.cloned = [exploit["donor"], exploit["donor_iteration"]]
        self.lineage.append(exploit)

    def best(self, count: int) -> list[TrialRow]:
        """The first of all, the best first."""
        return [self._row(name) for name in self._standings[0].first(count)]

    def best_of_each(self) -> list[TrialRow]:
        """The best by each objective alone."""
        names = [name for standings in self._standings for name in standings.first(1)]
        return [self._row(name) for name in dict.fromkeys(names)]

    def _row(self, key: str) -> TrialRow:
        trial = self.known[key]
        return TrialRow(key, trial.config, trial.metrics, trial.outcome, trial.step)

    def forgotten(self, config: Config, among: set[str]) -> str | None:
        """The trial `among` these that had the same config, if there is one."""
        wanted = _canonical(config)
        same = (k for k in sorted(among) if k in self.known)
        return next((k for k in same if _canonical(self.known[k].config) == wanted), None)

    # What must go back together with Tune's own state, which may be older than the journal

    def tune_state(self) -> dict[str, Any]:
        return {
            key: {"offset": t.offset, "config": t.config, "cloned": t.cloned}
            for key, t in self.known.items()
            if t.cloned
        }

    def restore(self, key: str, config: Config, state: dict[str, Any] | None) -> None:
        """Take Tune's view of where trial `key` stands; the steps logged stay what they are."""
        trial = self.known[key]
        trial.offset = state["offset"] if state else 0
        trial.cloned = list(state["cloned"]) if state else []
        trial.config = dict(state["config"] if state else config)


def _canonical(config: Config) -> str:
    return json.dumps(config, sort_keys=True, default=str)
