"""Reads what the journals of a study hold: its trials and their curves, without any store."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking.journal import Op
from automl_on_ray.tracking.study import TrialRow
from automl_on_ray.tracking.trial_states import PARENT, Trials


@dataclass(frozen=True)
class RecordedTrial(TrialRow):
    """`curve` has (step, metrics) in the order of reports; times are Unix seconds.

    `role` is that of its stage: "trial", "supernet", "standalone", "inherited",
    "final". `stage` tells stages of one role apart. `error` is the line that names why it failed;
    `origin` is "random" for the controls of a search.
    """

    role: str = "trial"
    stage: str = ""
    curve: tuple[tuple[int, dict[str, float]], ...] = ()
    began: float = 0.0
    last: float = 0.0
    error: str = ""
    origin: str = ""


TRUST = "automl.trust"  # a tag of the study's run: how far its searcher believes earlier studies


@dataclass(frozen=True)
class RecordedStudy:
    """`facts` are those of the `Study` that began it; empty if there is no journal yet.

    `trust` is that of its searcher in each earlier study, by name.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    outcome: str = ""
    trials: tuple[RecordedTrial, ...] = ()
    lineage: tuple[dict[str, Any], ...] = ()
    trust: dict[str, float] = field(default_factory=dict)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Those that its trials were judged by in the end."""
        return tuple(Objective(o["metric"], o["mode"]) for o in self.facts.get("objectives", ()))


def read_recorded(folder: Path, study_id: str) -> RecordedStudy:
    """All of a study from its `journal` folder, which another process may be writing."""
    stages = [_Stage(path, study_id) for path in sorted(folder.glob(f"*-{study_id}.jsonl"))]
    stages.sort(key=lambda stage: stage.began)
    facts = [stage.facts for stage in stages if stage.facts]
    outcomes = [stage.outcome for stage in stages if stage.outcome]
    trusts = [stage.trust for stage in stages if stage.trust]
    return RecordedStudy(
        facts[-1] if facts else {},
        outcomes[-1] if outcomes else "",
        tuple(trial for stage in stages for trial in stage.trials()),
        tuple(exploit for stage in stages for exploit in stage.states.lineage),
        trusts[-1] if trusts else {},
    )


class _Stage:
    """What one journal adds up to."""

    def __init__(self, path: Path, study_id: str) -> None:
        name = path.name.removesuffix(f"-{study_id}.jsonl")
        self.role, _, self.stage = name.partition("-")
        self.facts: dict[str, Any] = {}
        self.trust: dict[str, float] = {}
        self.outcome, self.began = "", 0.0
        self.states = Trials([Objective("")])  # who leads is not asked here
        self._curves: dict[str, dict[int, dict[str, float]]] = {}
        self._times: dict[str, list[float]] = {}
        self._errors: dict[str, str] = {}
        self._origins: dict[str, str] = {}
        for op in _operations(path):
            self._add(op)

    def _add(self, op: Op) -> None:
        key, seconds = op["run"], op["t"] / 1000
        self.began = self.began or seconds
        outcome = op.get("tags", {}).get("automl.outcome")
        if key == PARENT:
            self.outcome = outcome or self.outcome
            if text := op.get("files", {}).get("study.json"):
                self.facts = json.loads(text)
            if text := op.get("tags", {}).get(TRUST):
                self.trust = json.loads(text)
            return
        self.states.apply(op)
        if lost := op.get("adopts"):  # the same trial, under another id
            self._curves[key] = self._curves.pop(lost, {})
            self._times[key] = self._times.pop(lost, [seconds, seconds])
        times = self._times.setdefault(key, [seconds, seconds])
        if "metrics" in op or op.get("ended"):
            times[1] = seconds
        if "metrics" in op:
            self._curves.setdefault(key, {}).setdefault(op.get("step", 0), {}).update(op["metrics"])
        if error := op.get("tags", {}).get("automl.error"):
            self._errors[key] = error
        if origin := op.get("tags", {}).get("automl.origin"):
            self._origins[key] = origin

    def trials(self) -> Iterator[RecordedTrial]:
        for key, state in self.states.known.items():
            began, last = self._times[key]
            failed = state.outcome == "failed"
            yield RecordedTrial(
                key, state.config, state.metrics, state.outcome, state.step,
                role=self.role, stage=self.stage,
                curve=tuple(sorted(self._curves.get(key, {}).items())),
                began=began, last=last, error=self._errors.get(key, "") if failed else "",
                origin=self._origins.get(key, ""),
            )  # fmt: skip


def _operations(path: Path) -> Iterator[Op]:
    """Without a last line that is not whole: it is being written, or its writer was killed."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)
