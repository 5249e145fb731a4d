"""Turns a journal's operations into MLflow runs: merged per run, and safe to repeat."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.core import warn
from automl_on_ray.tracking.files import Content, log_file
from automl_on_ray.tracking.journal import Op
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.reports import (
    NOTE,
    addresses,
    experiment_note,
    ours,
    placed,
    shared_view,
)
from automl_on_ray.tracking.store import (
    artifact_root,
    connect,
    database_path,
    find_experiment,
    is_lost,
    refusals_told,
    refused,
)
from automl_on_ray.tracking.study import Study
from automl_on_ray.tracking.trial_states import PARENT

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput, Run

COLUMNS = 12  # of params in the table of trials
MARK = "automl.has."  # tags of the study's run: how far the store has each journal


@dataclass
class Change:
    """All that a batch of operations does to one run."""

    name: str = ""
    status: str | None = None
    metrics: list[tuple[str, float, int, int]] = field(default_factory=list)  # key, value, t, step
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: dict[str, Content] = field(default_factory=dict)
    sweep: bool = False
    began: int = 0  # Unix milliseconds of its first operation
    ended: int = 0  # and of its last

    def add(self, op: Op) -> None:
        self.began, self.ended = self.began or op["t"], op["t"]
        self.name = op.get("name", self.name)
        self.status = op.get("status", self.status)
        # A study that goes on after it had ended has trials at work again.
        self.sweep = op.get("sweep", self.sweep and op.get("status") != "RUNNING")
        for key, value in op.get("metrics", {}).items():
            self.metrics.append((mlflow_name(key), value, op["t"], op.get("step", 0)))
        self.params.update(op.get("params", {}))
        self.tags.update(op.get("tags", {}))
        self.files.update(op.get("files", {}))


class Runs:
    """One parent run a study and one child run a trial, on one MLflow store.

    Runs are looked up by tag before any is created: a process killed between the two, or an answer
    lost on the way, makes no second run. MLflow itself drops a metric it already has with the same
    step and time, so a repeated operation changes nothing. Errors of the store are raised, except
    refusals, which are told and passed over.
    """

    def __init__(self, uri: str, experiment: str, study: Study, role: str) -> None:
        self.uri = uri
        self.experiment_id = ""
        self.ids: dict[str, str] = {}
        self.answers = 0  # of the store, in the present batch
        self._aliases: dict[str, str] = {}
        self._before: Iterable[Op] = ()  # what the store has already
        self._experiment = experiment
        self._study = study
        self._role = role
        self._client: Any = None
        self._looked_up = False
        self._params: dict[str, None] = {}  # of trials, in the order they were seen
        self._shown: tuple[str, ...] | None = None

    def marks(self) -> dict[str, str]:
        """How far the store has each journal of the study: its name -> its mark."""
        self._client = connect(self.uri)  # anew: a database may have been deleted, or replaced
        study = self._find_study()
        if study is None:
            return {}
        tags = study.data.tags.items()
        return {key.removeprefix(MARK): mark for key, mark in tags if key.startswith(MARK)}

    def acknowledge(self, journal: str, mark: str) -> None:
        """Have the store remember how far it has this journal."""
        self._client.set_tag(self.ids[PARENT], MARK + journal, mark)

    def forget(self, before: Iterable[Op] = ()) -> None:
        """Look for all runs again; what comes next in the journal follows the operations `before`.

        What was told is no longer what the store has.
        """
        self.ids, self._aliases, self._before = {}, {}, before
        self._looked_up, self._shown = False, None

    def apply(self, ops: Iterable[Op]) -> None:
        """Carry out a batch; nothing of it is lost if this raises and is called again."""
        if self._client is None:
            self._client = connect(self.uri)
        self.answers = 0
        for op in self._before:
            self._see_adoption(op)
        self._before = ()
        changes: dict[str, Change] = {}
        for op in ops:
            self._see_adoption(op)
            changes.setdefault(self._owner(op["run"]), Change()).add(op)
        parent_end = changes.pop(PARENT, Change())
        self._ensure(PARENT, parent_end)
        for key, change in changes.items():
            self._write(key, change)
            self._params |= dict.fromkeys(change.params)
        self._show_columns()
        self._write(PARENT, parent_end)  # last: it counts what the others did
        if parent_end.params:
            self._announce()
        if parent_end.sweep:
            self._sweep()

    def links(self, base: str) -> dict[str, str]:
        """Pages to look at -> address; empty until the server has the study."""
        run_id = self.ids.get(PARENT)  # the writer's thread may forget it meanwhile
        if run_id is None:
            return {}
        return addresses(
            base,
            experiment_id=self.experiment_id,
            run_id=run_id,
            study_id=self._study.study_id,
            objective=self._study.objectives[0],
        )

    def _see_adoption(self, op: Op) -> None:
        if "adopts" in op:
            self._aliases[op["run"]] = self._owner(op["adopts"])

    def _owner(self, key: str) -> str:
        return self._aliases.get(key, key)

    def _write(self, key: str, change: Change) -> None:
        run_id = self._ensure(key, change)
        if change.name and key != PARENT:  # a store may have lost the study's run alone
            change.tags["mlflow.parentRunId"] = self.ids[PARENT]
        if NOTE in change.tags:
            there = self._client.get_run(run_id).data.tags.get(NOTE, "")
            change.tags[NOTE] = placed(change.tags[NOTE], there)
        for metrics, params, tags in _portions(change):
            self._log_batch(run_id, metrics, params, tags)
            self.answers += 1
        for name, content in change.files.items():
            with refusals_told(f"file {name} of run {run_id}"):
                log_file(self._client, run_id, name, content)
            self.answers += 1
        if change.status:
            with refusals_told(f"status of run {run_id}"):
                if change.status == "RUNNING":
                    self._client.update_run(run_id, status=change.status)
                else:  # with the time it really ended, however late the server learns of it
                    self._client.set_terminated(run_id, change.status, change.ended)

    def _log_batch(self, run_id: str, metrics: list, params: list, tags: list) -> None:
        try:
            self._client.log_batch(run_id, metrics, params, tags, synchronous=True)
        except Exception as error:
            if not refused(error):
                raise
            gone = self._client.get_run(run_id).info.lifecycle_stage == "deleted"
            if gone or len(metrics) + len(params) + len(tags) == 1:
                what = "a deleted run" if gone else f"{[*metrics, *params, *tags]}"
                warn(f"MLflow refused {what}: {error}")
                return
            # one of them is refused: all the others are kept
            for item in metrics:
                self._log_batch(run_id, [item], [], [])
            for item in params:
                self._log_batch(run_id, [], [item], [])
            for item in tags:
                self._log_batch(run_id, [], [], [item])

    def _ensure(self, key: str, change: Change) -> str:
        """The run of `key`: known, found by its tags, or made."""
        if not self._looked_up:
            self._look_up()
        if key not in self.ids:
            self._looked_up = False  # should the answer to this get lost, look again first
            tags = dict(sorted({**change.tags, **self._identity(key)}.items())[:100])
            run = self._client.create_run(
                self.experiment_id,
                start_time=change.began or None,
                tags=tags,
                run_name=change.name or key or self._study.name,
            )
            self.ids[key] = run.info.run_id
            self._client.log_inputs(run.info.run_id, datasets=[self._dataset(key)])
            self._looked_up = True
        return self.ids[key]

    def _identity(self, key: str) -> dict[str, str]:
        own = {"automl.study_id": self._study.study_id}
        if key == PARENT:
            return {**own, "automl.role": "study"}
        own |= {"automl.role": self._role, "automl.trial_id": key}
        return {**own, "mlflow.parentRunId": self.ids[PARENT]}

    def _look_up(self) -> None:
        self.experiment_id = self._find_experiment()
        for run in self._search(f"tags.`automl.study_id` = '{self._study.study_id}'"):
            role = run.data.tags.get("automl.role")
            if role in ("study", self._role):
                key = PARENT if role == "study" else run.data.tags.get("automl.trial_id", "?")
                self.ids[self._owner(key)] = run.info.run_id
                if key != PARENT:
                    self._params |= dict.fromkeys(run.data.params)
                if not (
                    run.inputs and run.inputs.dataset_inputs
                ):  # killed between making the run and this
                    self._client.log_inputs(run.info.run_id, datasets=[self._dataset(key)])
        self._looked_up = True

    def _find_study(self) -> "Run | None":
        """The study's own run, as the store has it now."""
        known = self.ids.get(PARENT)
        if known is not None:
            try:
                run: Run = self._client.get_run(known)
            except Exception as error:
                if not is_lost(error):
                    raise
            else:
                if run.info.lifecycle_stage == "active":
                    return run
        found = find_experiment(self._client, self._experiment)
        if found is None:
            return None
        self.experiment_id = str(found.experiment_id)
        condition = f"tags.`automl.study_id` = '{self._study.study_id}'"
        return next(self._search(f"{condition} AND tags.`automl.role` = 'study'"), None)

    def _find_experiment(self) -> str:
        found = find_experiment(self._client, self._experiment)
        if found is not None:
            return str(found.experiment_id)
        database = database_path(self.uri)
        location = artifact_root(database) if database else None
        return str(self._client.create_experiment(self._experiment, artifact_location=location))

    def _search(self, condition: str) -> "Iterator[Run]":
        token = None
        while True:
            page = self._client.search_runs(
                [self.experiment_id], condition, max_results=1000, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _sweep(self) -> None:
        """No run of this role stays RUNNING, known to the journal or not."""
        condition = (
            f"tags.`automl.study_id` = '{self._study.study_id}' AND "
            f"tags.`automl.role` = '{self._role}' AND attributes.status = 'RUNNING'"
        )
        for run in list(self._search(condition)):
            self._client.set_tag(run.info.run_id, "automl.outcome", "stopped")
            self._client.set_terminated(run.info.run_id, "FINISHED")

    def _show_columns(self) -> None:
        """Let the table of trials have columns for their params, the first dozen."""
        columns = tuple(self._params)[:COLUMNS]
        if self._role == "trial" and columns != self._shown:
            tag, view = shared_view(self._study, columns)
            self._client.set_experiment_tag(self.experiment_id, tag, view)
            self._shown = columns

    def _announce(self) -> None:
        """Links to the newest studies, above the experiment's list of runs."""
        studies = self._client.search_runs(
            [self.experiment_id], "tags.`automl.role` = 'study'", max_results=10
        )
        there = self._client.get_experiment(self.experiment_id).tags.get(NOTE, "")
        note = placed(ours(experiment_note(studies)), there)
        self._client.set_experiment_tag(self.experiment_id, NOTE, note)

    def _dataset(self, key: str) -> "DatasetInput":
        from mlflow.entities import Dataset, DatasetInput, InputTag

        context = "study" if key == PARENT else "training"
        return DatasetInput(
            Dataset(
                name=self._study.dataset,
                digest=self._study.dataset_digest[:36],
                source_type="local",
                source=json.dumps({"name": self._study.dataset}),
                profile=json.dumps(self._study.dataset_context, default=str),
            ),
            [InputTag("mlflow.data.context", context)],
        )


def _portions(change: Change) -> Iterator[tuple[list, list, list]]:
    """Within MLflow's limits: 1000 metrics, 100 params, 100 tags and 1000 of all in one call."""
    from mlflow.entities import Metric, Param, RunTag

    params = [Param(key, value) for key, value in change.params.items()]
    tags = [RunTag(key, value) for key, value in change.tags.items()]
    metrics = [Metric(*metric) for metric in change.metrics]
    while metrics or params or tags:
        yield metrics[:800], params[:100], tags[:100]
        metrics, params, tags = metrics[800:], params[100:], tags[100:]
