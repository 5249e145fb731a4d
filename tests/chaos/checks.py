"""What must be true of a study in MLflow and in its folder, whatever has happened to it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from mlflow.tracking import MlflowClient

from tests.chaos.steady import EPOCHS


def check(server: str, study: Path, trials: int, scheduler: str) -> list[str]:
    """What is wrong with what MLflow at `server` has of it; nothing, if all is well."""
    client = MlflowClient(server)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(ids, "tags.`automl.role` = 'trial'", max_results=1000)
    wrong = []
    if len(runs) != trials:
        wrong.append(f"{len(runs)} runs of {trials} trials")
    configs = Counter(run.data.params["x"] for run in runs)
    wrong += [f"x = {x} has {n} runs" for x, n in configs.items() if n > 1]
    for run in runs:
        outcome = run.data.tags.get("automl.outcome")
        if run.info.status == "RUNNING" or outcome not in ("completed", "pruned", "failed"):
            wrong.append(f"{run.info.run_name} is {run.info.status}, {outcome}")
        wrong += _check_curve(client, run, scheduler)
    return wrong + (_check_lives(study) if scheduler == "pbt" else [])


def _check_curve(client: MlflowClient, run: Any, scheduler: str) -> list[str]:
    reports = client.get_metric_history(run.info.run_id, "score")
    steps = [report.step for report in sorted(reports, key=lambda r: r.timestamp)]
    wrong = []
    if steps != list(range(1, len(steps) + 1)):
        wrong.append(f"{run.info.run_name} has steps {steps}")
    if scheduler == "pbt":
        return wrong
    x = float(run.data.params["x"])
    wrong += [
        f"{run.info.run_name} has another score at step {report.step}"
        for report in reports
        if abs(report.value - x * report.step) > 1e-9
    ]
    if run.data.tags.get("automl.outcome") == "completed" and len(steps) != EPOCHS:
        wrong.append(f"{run.info.run_name} is completed after {len(steps)} steps")
    return wrong


def _check_lives(study: Path) -> list[str]:
    """A trial of a population must have the score of the life that is told of it."""
    lives = json.loads((study / "schedules.json").read_text())
    wrong = []
    for row in json.loads((study / "trials.json").read_text()):
        life = lives[row["trial_id"]]
        score = sum(part["config"]["x"] * (part["end"] - part["start"]) for part in life)
        if abs(row["metrics"]["score"] - score) > 1e-9 or life[-1]["end"] != EPOCHS:
            wrong.append(f"{row['trial_id']} has {row['metrics']}, and lived {life}")
    return wrong
