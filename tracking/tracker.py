"""Writes what happens in a study to a journal, which a thread sends to MLflow."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray.tune.experiment import Trial

from automl_on_ray.tracking import provenance
from automl_on_ray.tracking.journal import Journal
from automl_on_ray.tracking.mlflow_names import json_tag, params
from automl_on_ray.tracking.population_lineage import exploit_of, exploit_tags
from automl_on_ray.tracking.reports import NOTE, TABLE_ROWS, best_values, describe, ours
from automl_on_ray.tracking.runs import Runs
from automl_on_ray.tracking.study import Study
from automl_on_ray.tracking.trial_states import PARENT, RUNNING, Trials, TrialState
from automl_on_ray.tracking.writer import Part, Writer

DESCRIBED_SECONDS = 2.0  # between two descriptions of the study, as the store gets no more of them


class Tracker:
    """Has a word for all that happens; `TrackingCallback` knows when. Any of them may raise."""

    def __init__(
        self, uri: str, experiment: str, study: Study, folder: Path, role: str, stage: str
    ) -> None:
        self._study = study
        self._uri = uri
        self._folder = Path(folder)
        self._role = role
        self._stage = stage
        self._experiment = experiment
        self._runs = Runs(uri, experiment, study, role)
        self._journal: Journal | None = None
        self._writer: Writer | None = None
        self._trials = Trials(self._study.objectives)
        self._earlier: set[str] = set()  # trials of former sessions that Tune has not started yet
        self._lost: set[str] | None = None  # those of them that Tune does not know any more
        self._tune_state: dict[str, Any] = {}
        self._undescribed, self._next_description = False, float("-inf")
        self.writer_seconds = 0.0
        self.origin = ""  # of the trials that begin from now on, where it is to be told

    # ---- opening: the journal knows what happened before

    def _open(self) -> None:
        if self._writer is not None:
            return
        name = "-".join(filter(None, (self._role, self._stage, self._study.study_id)))
        self._journal = Journal(self._folder, name)
        self._trials = Trials(self._study.objectives)
        for op in self._journal:
            self._trials.apply(op)
        self._earlier, self._lost = set(self._trials.known), None
        self._runs = Runs(self._uri, self._experiment, self._study, self._role)
        self._writer = Writer([*self._other_parts(name), Part(self._journal, self._runs)])
        status = {"status": "RUNNING", "tags": {"automl.outcome": RUNNING}}
        self._log(PARENT, name=self._study.name, **status)
        if self._role != "final":
            text = json.dumps(asdict(self._study), indent=1, default=str)
            self._log(
                PARENT,
                # Stages of one study differ in theirs, and MLflow's params never change.
                params=self._study.params() if self._role == "trial" else {},
                tags={**provenance.tags(self._study.command), **self._study.tags()},
                files={"study.json": text},
            )

    def _other_parts(self, own: str) -> list[Part]:
        """The study's other journals, oldest first: the store may be behind in any of them."""
        files = self._folder.glob(f"*-{self._study.study_id}.jsonl")
        others = [Journal(self._folder, file.stem) for file in files if file.stem != own]
        return [
            Part(
                journal,
                Runs(self._uri, self._experiment, self._study, role=journal.name.partition("-")[0]),
            )
            for journal in sorted(others, key=lambda journal: journal.began)
        ]

    def _close(self, patience: float) -> int:
        """Bytes of the study's journals that the store does not have yet."""
        assert self._writer
        writer, self._writer = self._writer, None
        return self._rest(writer, patience)

    def _rest(self, writer: Writer, patience: float) -> int:
        whole = writer.close(patience)
        self.writer_seconds += writer.seconds
        return 0 if whole else max(1, writer.behind)

    # ---- trials

    def _known(self, trial: Trial) -> TrialState:
        if trial.trial_id not in self._trials.known:
            self._begin(trial)
        return self._trials.known[trial.trial_id]

    def _begin(self, trial: Trial) -> None:
        self._log(
            trial.trial_id,
            name=_run_name(trial.trial_id, self.origin or self._role),
            config=trial.config,
            status="RUNNING",
            params=params(trial.config),
            tags={
                "automl.outcome": RUNNING,
                "mlflow.user": provenance.user(),
                "mlflow.source.name": self._study.command,
                "mlflow.source.type": "LOCAL",
                **({"automl.origin": self.origin} if self.origin else {}),
                **json_tag("automl.config", trial.config),
            },
            files={"config.json": json.dumps(trial.config, indent=1, default=str)},
        )

    def _recognise(self, trial: Trial, trials: list[Trial]) -> bool:
        """Whether the trial has a run already, its own or one of a trial that Tune has forgotten.

        A driver killed before its first state file leaves runs behind; the same seed then brings
        the same configs under other ids.
        """
        key = trial.trial_id
        if key in self._earlier:
            self._earlier.discard(key)
            self._trials.restore(key, trial.config, self._tune_state.get(key))
        if key in self._trials.known:
            return True
        if self._lost is None:  # Tune adds the trials that it knows before it starts any
            self._lost = self._earlier - {other.trial_id for other in trials}
        lost = self._trials.forgotten(trial.config, self._lost & self._earlier)
        if lost is None:
            return False
        self._log(key, adopts=lost, tags={"automl.trial_id": key})
        self._trials.restore(key, trial.config, None)
        return True

    def _see_exploit(self, trial: Trial) -> None:
        exploit = exploit_of(trial, self._trials.known[trial.trial_id])
        if exploit is not None:
            self._log(trial.trial_id, exploit=exploit, tags=exploit_tags(exploit))

    def _end(self, trial: Trial, outcome: str, *, error: str = "", traceback: str = "") -> None:
        known = self._known(trial)
        tags = {"automl.outcome": outcome}
        if error:
            tags["automl.error"] = error[:5000]
        if not known.exploits:  # else it is not the work of one config
            tags |= json_tag("automl.curve", known.curve)
        self._log(
            trial.trial_id,
            status="FAILED" if outcome == "failed" else "FINISHED",
            tags=tags,
            files={"error.txt": traceback} if traceback else {},
            ended=True,
        )
        if self._role != "final":
            self._tell_study()

    # ---- the study

    def _tell_study(self) -> None:
        """The parent's curves, with the number of ended trials as the step."""
        trials, counts = self._trials, self._trials.counts
        metrics = best_values(trials.best_of_each(), self._study.objectives)
        volume = trials.hypervolume()
        if volume is not None:
            metrics["hypervolume"] = volume
        if self._role == "trial":  # another stage's counts would be on the same curves
            ended = ("completed", "pruned", "failed", "infeasible")
            told = [kind for kind in ended if counts[kind] or kind != "infeasible"]
            metrics |= {f"trials_{kind}": float(counts[kind]) for kind in told}
            metrics["trials_done"] = sum(counts[kind] for kind in ended)
        self._log(PARENT, step=trials.ended, metrics=metrics)
        self._undescribed = True

    def _describe_study(self, *, at_once: bool = False) -> None:
        """The parent's description, if it has changed, and not each time that a trial ends."""
        now = time.monotonic()
        if not self._undescribed or not (at_once or now >= self._next_description):
            return
        self._undescribed, self._next_description = False, now + DESCRIBED_SECONDS
        trials, links = self._trials, self._runs.links("")
        best, versions = trials.best(TABLE_ROWS), provenance.versions()
        text = describe(self._study, trials.counts, best, versions, links=links)
        self._log(PARENT, tags={NOTE: ours(text)})

    def _finish(self, outcome: str) -> None:
        for key, trial in self._trials.known.items():
            if trial.outcome == RUNNING:
                self._log(key, status="FINISHED", tags={"automl.outcome": "stopped"})
        if self._role != "final":
            self._tell_study()
            self._describe_study(at_once=True)
        lineage = self._trials.lineage
        self._log(
            PARENT,
            status="FAILED" if outcome == "failed" else "FINISHED",
            tags={"automl.outcome": outcome},
            files={"lineage.json": json.dumps(lineage, indent=1)} if lineage else {},
            sweep=True,
        )

    def _log(self, run: str, **op: Any) -> None:
        assert self._journal is not None
        kept = {key: value for key, value in op.items() if value not in ({}, None)}
        entry = {"run": run, "t": int(time.time() * 1000), **kept}
        self._journal.append(entry)
        self._trials.apply(entry)


def _run_name(trial_id: str, role: str) -> str:
    """`trial-00003`, as in Tune's ids `ab12c_00003`."""
    number = trial_id.rpartition("_")[2]
    return f"{role}-{number}" if number.isdigit() else f"{role}-{trial_id}"
