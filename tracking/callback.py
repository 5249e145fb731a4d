"""Ray Tune's trials as MLflow runs, in place of Ray's own MLflowLoggerCallback."""

import functools
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial

from tracking import provenance
from tracking._description import best_values, describe
from tracking._exploits import exploit_of, exploit_tags
from tracking._files import as_json
from tracking._journal import Journal
from tracking._results import numbers, params
from tracking._runs import Runs
from tracking._server import web_address
from tracking._study import Study
from tracking._trials import PARENT, RUNNING, Trials, TrialState
from tracking._writer import Writer

PATIENCE = 20.0  # seconds without any progress that the end of a study waits for a server

logger = logging.getLogger(__name__)


def _never_raises(hook: Callable[..., None]) -> Callable[..., None]:
    """Tune ends an experiment when a callback raises; a tracker is not worth that."""

    @functools.wraps(hook)
    def guarded(self: "TrackingCallback", *args: Any, **info: Any) -> None:
        began = time.perf_counter()
        try:
            hook(self, *args, **info)
        except Exception:
            logger.exception("Tracking goes on without what %s had to say", hook.__name__)
        self.loop_seconds += time.perf_counter() - began
        self.loop_calls += 1

    return guarded


class TrackingCallback(Callback):
    """One parent run a study, one child run a trial, never two for one trial.

    The hooks append to a journal in `folder`; a thread brings it to MLflow at `uri`. The server may
    go away and come back, the driver may be killed and resumed: nothing is lost or repeated, as
    long as `folder` is the same. `role` is "trial", or "final" for repeats of the best config.
    Trials of one `stage` are never taken for those of another, though configs may be the same.

    Steps of a trial only go forward: after an exploit by PBT they go on where they were, and
    iterations that are done again after a restore are not logged again.
    """

    def __init__(
        self,
        *,
        uri: str,
        experiment: str,
        study: Study,
        folder: Path,
        role: str = "trial",
        stage: str = "",
    ) -> None:
        self._arguments = {
            "uri": uri,
            "experiment": experiment,
            "study": study,
            "folder": folder,
            "role": role,
            "stage": stage,
        }
        self._study = study
        self._uri = uri
        self._folder = Path(folder)
        self._role = role
        self._stage = stage
        self._experiment = experiment
        self._runs = Runs(uri, experiment, study, role)
        self._journal: Journal | None = None
        self._writer: Writer | None = None
        self._trials = Trials()
        self._earlier: set[str] = set()  # trials of former sessions that Tune has not started yet
        self._tune_state: dict[str, Any] = {}
        self.loop_seconds = 0.0
        self.loop_calls = 0
        self.writer_seconds = 0.0

    def __getstate__(self) -> dict[str, Any]:
        return self._arguments

    def __setstate__(self, arguments: dict[str, Any]) -> None:
        self.__init__(**arguments)  # type: ignore[misc]

    # ---- Tune's hooks

    @_never_raises
    def setup(self, **info: Any) -> None:
        self._open()

    @_never_raises
    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        if not self._recognise(trial, trials):
            self._begin(trial)
            return
        if self._trials.known[trial.trial_id].outcome != RUNNING:
            self._log(trial.trial_id, status="RUNNING", tags={"automl.outcome": RUNNING})
        self._see_exploit(trial)

    @_never_raises
    def on_trial_result(
        self,
        iteration: int,
        trials: list[Trial],
        trial: Trial,
        result: dict[str, Any],
        **info: Any,
    ) -> None:
        known = self._known(trial)
        step = int(result.get("training_iteration", 0)) + known.offset
        if step <= known.step:
            return  # done again after a restore
        metrics = numbers(result, self._study.metrics_wanted)
        if self._trials.lineage or self._study.scheduler.startswith(("pbt", "pb2")):
            metrics |= {f"hp/{key}": value for key, value in numbers(known.config).items()}
        self._log(trial.trial_id, step=step, metrics=metrics)

    @_never_raises
    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._log(trial.trial_id, tags={"automl.retries": str(trial.num_failures)})

    @_never_raises
    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        result = trial.last_result or {}
        whole = result.get(self._study.time_attr, 0) >= self._study.max_t
        whole = whole or bool(result.get("collapsed"))  # its doctor had seen enough
        self._end(trial, "completed" if whole else "pruned")

    @_never_raises
    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        path = Path(trial.error_file) if trial.error_file else None
        text = path.read_text(errors="replace") if path and path.exists() else ""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        self._end(trial, "failed", error=lines[-1] if lines else "unknown", traceback=text)

    def get_state(self) -> dict[str, Any]:
        """What must go back together with Tune's own state; the rest is in the journal."""
        return self._trials.tune_state()

    def set_state(self, state: dict[str, Any]) -> None:
        self._tune_state = dict(state)

    # ---- the workflow's side

    def study_end(self, outcome: str) -> bool:
        """Mark the study "completed", "stopped" or "failed", and what still runs "stopped".

        Waits for the server, but not for ever; returns whether it has everything. What it misses
        stays in the journal, and is sent when the study is next opened. Never raises.
        """
        try:
            self._open()
            self._finish(outcome)
            whole = self._close()
            if not whole:
                logger.warning(
                    "MLflow at %s has not everything yet; the rest is kept in %s and will be sent "
                    "when the same command is run again.",
                    self._uri,
                    self._folder,
                )
        except Exception:
            logger.exception("The end of the study could not be tracked")
            return False
        return whole

    def study_files(self, files: Mapping[str, str | bytes]) -> None:
        """Keep files with the study's own run, name -> content. Never raises."""
        self._keep_files(PARENT, files)

    def trial_files(self, trial_id: str, files: Mapping[str, str | bytes]) -> None:
        """Keep files with a trial's run. Never raises."""
        self._keep_files(trial_id, files)

    def _keep_files(self, run: str, files: Mapping[str, str | bytes]) -> None:
        try:
            self._open()
            self._log(run, files={name: as_json(content) for name, content in files.items()})
        except Exception:
            logger.exception("Files could not be kept: %s", ", ".join(files))

    def links(self) -> dict[str, str]:
        """Pages to look at -> address; empty until the server has the study."""
        return self._runs.links(web_address(self._uri))

    def runs_known(self) -> list[str]:
        """Ids of the runs that the server has of this study so far."""
        return list(self._runs.ids.values())

    # ---- opening: the journal knows what happened before

    def _open(self) -> None:
        if self._writer is not None:
            return
        name = "-".join(filter(None, (self._role, self._stage, self._study.study_id)))
        self._journal = Journal(self._folder, name)
        self._trials = Trials()
        for op in self._journal:
            self._trials.apply(op)
        self._earlier = set(self._trials.known)
        self._runs = Runs(self._uri, self._experiment, self._study, self._role)
        self._writer = Writer(self._journal, self._runs)
        status = {"status": "RUNNING", "tags": {"automl.outcome": RUNNING}}
        self._log(PARENT, name=self._study.name, **status)
        if self._role != "final":
            text = json.dumps(asdict(self._study), indent=1, default=str)
            self._log(
                PARENT,
                # Stages of one study differ in theirs, and MLflow's params never change.
                params=self._study.params() if self._role == "trial" else {},
                tags=provenance.tags(self._study.command),
                files={"study.json": text},
            )

    def _close(self) -> bool:
        assert self._writer
        whole = self._writer.close(PATIENCE)
        self.writer_seconds += self._writer.seconds
        self._writer = None
        return whole

    # ---- trials

    def _known(self, trial: Trial) -> TrialState:
        if trial.trial_id not in self._trials.known:
            self._begin(trial)
        return self._trials.known[trial.trial_id]

    def _begin(self, trial: Trial) -> None:
        self._log(
            trial.trial_id,
            name=_run_name(trial.trial_id, self._role),
            config=trial.config,
            status="RUNNING",
            params=params(trial.config),
            tags={
                "automl.outcome": RUNNING,
                "mlflow.user": provenance.user(),
                "mlflow.source.name": self._study.command,
                "mlflow.source.type": "LOCAL",
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
        lost = self._trials.forgotten(trial.config, self._earlier - {t.trial_id for t in trials})
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
        self._known(trial)
        tags = {"automl.outcome": outcome}
        if error:
            tags["automl.error"] = error[:5000]
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
        """The parent's curves and description, with the number of ended trials as the step."""
        rows, counts = self._trials.rows(), self._trials.counts()
        metrics = best_values(rows, self._study.objectives)
        if self._role == "trial":  # another stage's counts would be on the same curves
            ended = ("completed", "pruned", "failed")
            metrics |= {f"trials_{kind}": float(counts[kind]) for kind in ended}
            metrics["trials_done"] = sum(counts[kind] for kind in ended)
        links = self._runs.links("")
        text = describe(self._study, rows, provenance.versions(), links=links)
        note = {"mlflow.note.content": text}
        self._log(PARENT, step=self._trials.ended, metrics=metrics, tags=note)

    def _finish(self, outcome: str) -> None:
        for key, trial in self._trials.known.items():
            if trial.outcome == RUNNING:
                self._log(key, status="FINISHED", tags={"automl.outcome": "stopped"})
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
