"""Ray Tune's trials as MLflow runs, in place of Ray's own MLflowLoggerCallback."""

import functools
import time
import traceback
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import ENDED_BY_ITSELF, INFEASIBLE, warn
from automl_on_ray.tracking.error_lines import error_line, error_text
from automl_on_ray.tracking.files import as_json
from automl_on_ray.tracking.mlflow_names import numbers
from automl_on_ray.tracking.store import web_address
from automl_on_ray.tracking.study import Study
from automl_on_ray.tracking.tracker import Tracker
from automl_on_ray.tracking.trial_states import PARENT, RUNNING
from automl_on_ray.tracking.writer import Writer

PATIENCE = 20.0  # seconds without any progress that the end of a study waits for a server


def _never_raises(hook: Callable[..., None]) -> Callable[..., None]:
    """Tune ends an experiment when a callback raises; a tracker is not worth that."""

    @functools.wraps(hook)
    def guarded(self: "TrackingCallback", *args: Any, **info: Any) -> None:
        began = time.perf_counter()
        try:
            hook(self, *args, **info)
        except Exception as error:
            warn(f"Tracking goes on without what {hook.__name__} had to say: {_where(error)}")
        self.loop_seconds += time.perf_counter() - began
        self.loop_calls += 1

    return guarded


class TrackingCallback(Tracker, Callback):
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
        super().__init__(uri, experiment, study, folder, role, stage)
        self._arguments = {
            "uri": uri,
            "experiment": experiment,
            "study": study,
            "folder": folder,
            "role": role,
            "stage": stage,
        }
        self.stopped: Container[str] = ()  # ids of trials that the user has ended
        self.loop_seconds = 0.0
        self.loop_calls = 0

    def __enter__(self) -> "TrackingCallback":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Whatever ended the study before `study_end` was called: no run is left running."""
        if error is not None and self._writer is not None:
            self.study_end("failed" if isinstance(error, Exception) else "stopped")

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
        goals = [objective.metric for objective in self._study.objectives]
        metrics = numbers(result, self._study.metrics, always=goals)
        if self._trials.lineage or self._study.changes_running_trials:
            metrics |= {f"hp/{key}": value for key, value in numbers(known.config).items()}
        self._log(trial.trial_id, step=step, metrics=metrics)

    @_never_raises
    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        self._known(trial)  # its process may have failed before it began
        self._log(trial.trial_id, tags={"automl.retries": str(trial.num_failures)})

    @_never_raises
    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        result = trial.last_result or {}
        whole = result.get(self._study.time_attr, 0) >= self._study.max_t
        # Repeats of the best config have epochs of their own, and nothing prunes them.
        whole = whole or self._role == "final" or ENDED_BY_ITSELF in result
        if trial.trial_id in self.stopped:
            self._end(trial, "stopped")
        elif INFEASIBLE in result:
            self._end(trial, "infeasible")
        else:
            self._end(trial, "completed" if whole else "pruned")

    @_never_raises
    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        text = error_text(trial)
        self._end(trial, "failed", error=error_line(text), traceback=text)

    @_never_raises
    def on_step_end(self, **info: Any) -> None:
        self._describe_study()

    def get_state(self) -> dict[str, Any]:
        """What must go back together with Tune's own state; the rest is in the journal."""
        return self._trials.tune_state()

    def set_state(self, state: dict[str, Any]) -> None:
        self._tune_state = dict(state)

    # ---- the workflow's side

    def study_end(self, outcome: str) -> bool:
        """Mark the study "completed", "stopped" or "failed", and what still runs "stopped".

        Waits for the server, but not for ever; returns whether it has everything. What it misses
        stays in the journals, and is sent when the study is next opened. Never raises.
        """
        try:
            self._open()
            self._finish(outcome)
            behind = self._close(PATIENCE)
        except Exception as error:
            warn(f"The end of the study could not be tracked: {_where(error)}")
            return False
        return self._has_all(behind)

    def send_rest(self) -> bool:
        """Send what the journals of the study hold; whether MLflow has everything then."""
        parts = self._other_parts("")
        return self._has_all(self._rest(Writer(parts), PATIENCE) if parts else 0)

    def _has_all(self, behind: int) -> bool:
        if behind:
            warn(
                f"MLflow at {self._uri} lacks {behind:,} bytes of what is kept in {self._folder}; "
                "the same command sends them."
            )
        return not behind

    def study_files(self, files: Mapping[str, str | bytes]) -> None:
        """Keep files with the study's own run, name -> content. Never raises."""
        self._keep_files(PARENT, files)

    def study_tags(self, tags: Mapping[str, str]) -> None:
        """Keep tags with the study's own run. Never raises."""
        try:
            self._open()
            self._log(PARENT, tags=dict(tags))
        except Exception as error:
            warn(f"Tags could not be kept ({', '.join(tags)}): {_where(error)}")

    def trial_files(self, trial_id: str, files: Mapping[str, str | bytes]) -> None:
        """Keep files with a trial's run. Never raises."""
        self._keep_files(trial_id, files)

    def _keep_files(self, run: str, files: Mapping[str, str | bytes]) -> None:
        try:
            self._open()
            self._log(run, files={name: as_json(content) for name, content in files.items()})
        except Exception as error:
            warn(f"Files could not be kept ({', '.join(files)}): {_where(error)}")

    def links(self) -> dict[str, str]:
        """Pages to look at -> address; empty until the server has the study."""
        return self._runs.links(web_address(self._uri))

    @property
    def behind(self) -> int:
        """Bytes of the study's journals that the server does not have yet."""
        return self._writer.behind if self._writer else 0

    def runs_known(self) -> list[str]:
        """Ids of the runs that the server has of this study so far."""
        return list(self._runs.ids.values())


def _where(error: Exception) -> str:
    """An error of ours, or of the disk, in a line that tells where to look."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{error!r} ({place.filename}:{place.lineno})"
