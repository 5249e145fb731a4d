"""Reads the trials of earlier studies from MLflow: some queries for all, none for each trial.

What their runs tell in tags comes with the query. Studies from before these tags have configs and
curves elsewhere, one call each, so that is asked for those trials alone that are wanted.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import finite
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.store.mlflow_internals import last_metrics
from automl_on_ray.tracking.store.previous_studies import EarlierStudy
from automl_on_ray.tracking.store.recorded_trials import json_at, json_in
from automl_on_ray.tracking.store.server import connect, find_runs, of_study

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

EXPLOITED = "pbt.generation"
MAX_FETCHED = 1000  # trials whose files, or curves, are asked for one by one

Curve = Mapping[int, Mapping[str, float]]  # step -> metrics


@dataclass(frozen=True)
class EarlierTrial:
    """A trial of an earlier study that reported all metrics asked for, finite, for one config.

    `metrics` has each as it was reported last, `step` is the last of all. `curve` has them at
    earlier steps too; None where its run does not tell these. So may `config` be (`with_configs`).
    """

    study_id: str
    trial_id: str
    outcome: str  # completed, pruned, stopped or running
    step: int
    metrics: Mapping[str, float]
    config: Config | None
    curve: Curve | None
    run_id: str = field(repr=False)
    files: str = field(repr=False)


def earlier_trials(
    uri: str, studies: Sequence[EarlierStudy], metrics: Sequence[str], role: str = "trial"
) -> dict[str, list[EarlierTrial]]:
    """By study id, in the order in which they began, the trials that reported all `metrics`.

    Of trials of that `role`; not of those that failed or diverged, nor that took over another's
    checkpoint, or were replayed: these are not the work of one config. A query a study.
    """
    client = connect(uri)
    found = {}
    for study in studies:
        condition = f"{of_study(study.study_id)} AND tags.`automl.role` = '{role}'"
        runs = [] if study.scheduler == "replay" else find_runs(
            client, condition, [study.experiment_id], "attributes.start_time ASC"
        )  # fmt: skip
        # Several may have begun in the same millisecond.
        runs = sorted(runs, key=lambda run: (run.info.start_time, run.info.run_name))
        trials = [_trial(run, metrics) for run in runs]
        found[study.study_id] = [trial for trial in trials if trial is not None]
    return found


def with_configs(uri: str, trials: Sequence[EarlierTrial]) -> list[EarlierTrial]:
    """Those whose config can be had: of `MAX_FETCHED` at most it is read from a file."""
    client, left, found = connect(uri), MAX_FETCHED, []
    for trial in trials:
        if trial.config is not None:
            found.append(trial)
        elif left:
            left -= 1
            config = _config_in(client, trial)
            found += [replace(trial, config=config)] if config is not None else []
    return found


def with_curves(
    uri: str, trials: Sequence[EarlierTrial], metrics: Sequence[str], *, whole: int
) -> list[EarlierTrial]:
    """With curves, where they matter: not of a trial whose last step is the `whole` length.

    Where no run tells one, and beyond `MAX_FETCHED`, the last values are all. Without trials that
    turn out to have diverged.
    """
    client, left, found = connect(uri), MAX_FETCHED, []
    for trial in trials:
        curve = trial.curve
        if curve is None and trial.step != whole and left:
            left -= 1
            curve = _curve(_history(client, trial.run_id, metrics), trial.step)
        if curve != {}:
            found.append(replace(trial, curve=curve or {trial.step: trial.metrics}))
    return found


def _trial(run: "Run", metrics: Sequence[str]) -> EarlierTrial | None:
    tags, values = run.data.tags, run.data.metrics
    last = {metric: _finite(values.get(mlflow_name(metric))) for metric in metrics}
    told = {metric: value for metric, value in last.items() if value is not None}
    outcome = tags.get("automl.outcome", "")
    if len(told) < len(metrics) or EXPLOITED in tags or outcome in ("failed", "infeasible"):
        return None
    step = max((one.step for one in last_metrics(run)), default=0)
    curve = _kept_curve(run, told, step)
    if curve == {}:
        return None
    config = json_in(tags.get("automl.config"))
    return EarlierTrial(
        study_id=tags.get("automl.study_id", ""),
        trial_id=tags.get("automl.trial_id", ""),
        outcome=outcome,
        step=step,
        metrics=told,
        config=config if isinstance(config, dict) else None,
        curve=curve,
        run_id=run.info.run_id,
        files=str(run.info.artifact_uri),
    )


def _kept_curve(run: "Run", last: Mapping[str, float], last_step: int) -> Curve | None:
    """That of a run's tag, which ends with the `last` values; None without a tag."""
    kept = json_in(run.data.tags.get("automl.curve"))
    if not isinstance(kept, dict):
        return None
    steps = {one.key: one.step for one in last_metrics(run)}
    reports = {
        metric: {**_reports(kept.get(metric)), steps[mlflow_name(metric)]: value}
        for metric, value in last.items()
    }
    return _curve(reports, last_step)


def _reports(kept: Any) -> dict[int, float]:
    """As a tag has them; nothing of what is no number at a step."""
    if not isinstance(kept, dict):
        return {}
    return {
        int(step): float(value)
        for step, value in kept.items()
        if step.isdecimal() and isinstance(value, int | float)
    }


def _finite(value: float | None) -> float | None:
    """None for what is none; in place of infinity MLflow's databases have the largest number."""
    number = finite(value)
    return None if number is None or abs(number) == sys.float_info.max else number


def _config_in(client: "MlflowClient", trial: EarlierTrial) -> Config | None:
    try:
        config = json_at(client, trial.files, "config.json")
    except Exception:  # a file that is gone, or cannot be reached: whatever a store raises
        return None
    return config if isinstance(config, dict) else None


def _history(
    client: "MlflowClient", run_id: str, metrics: Sequence[str]
) -> dict[str, dict[int, float]]:
    return {
        metric: {
            report.step: report.value
            for report in client.get_metric_history(run_id, mlflow_name(metric))
        }
        for metric in metrics
    }


def _curve(reports: Mapping[str, Mapping[int, float]], last_step: int) -> Curve:
    """Each metric as it was reported last, at steps that reported one, `last_step` included.

    Empty if a value is not finite, or a metric was never reported.
    """
    if any(_finite(value) is None for each in reports.values() for value in each.values()):
        return {}
    curve: dict[int, dict[str, float]] = {}
    last: dict[str, float] = {}
    for step in sorted({step for each in reports.values() for step in each}):
        last = {**last, **{metric: each[step] for metric, each in reports.items() if step in each}}
        if len(last) == len(reports):
            curve[step] = last
    return {**curve, last_step: last} if curve else {}
