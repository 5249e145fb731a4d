"""Studies as the tests of workflows/hpo.py begin them, and what they leave."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from mlflow.tracking import MlflowClient
from ray._private.state import actors
from typer.testing import CliRunner

from automl_on_ray.workflows.hpo import hpo
from tests.helpers.waiting import wait_until

app = typer.Typer()
app.command()(hpo)

ROOT = Path(__file__).parents[2]
HPO = ROOT / "workflows" / "hpo.py"
# To begin a process for another trial at a time takes longer than these are trained.
ONE = ["--slots", 1, "--cpus-per-trial", 1]
QUICK = ["--dataset", "digits", "--subset", 400, "--epochs", 2, "--trials", 4, *ONE]
OWN = ["--space", "tests.helpers.crashing:SPACE", "--objective", "score"]
COSTLY = [*OWN, "--trainable", "tests.helpers.crashing:Costly", "--searcher", "random",
          "--scheduler", "fifo", *ONE, "--price-per-hour", 3.6]  # fmt: skip
GATED = [*OWN, "--trainable", "tests.helpers.crashing:Gated", "--scheduler", "fifo", "--slots", 2]


def run(storage, name, *arguments):
    every = ["--storage", storage, "--name", name, *arguments]
    return CliRunner().invoke(app, [str(argument) for argument in every])


def typed(*arguments):
    """The same, as if it were typed in a shell: the commands that it prints are of these words."""
    words = [str(argument) for argument in arguments]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(HPO), *words])
        return CliRunner().invoke(app, words)


def runs_of(storage, name):
    """MLflow's run of the study, and those of its trials by role."""
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    study_id = json.loads((storage / name / "study.json").read_text())["study_id"]
    found = client.search_runs(
        [experiment.experiment_id for experiment in client.search_experiments()],
        f"tags.`automl.study_id` = '{study_id}'",
        max_results=1000,
    )
    roles = {}
    for each in found:
        roles.setdefault(each.data.tags["automl.role"], []).append(each)
    return roles


def rows_of(storage, name):
    return json.loads((storage / name / "trials.json").read_text())


def start(storage, name, *arguments, **environment):
    command = [sys.executable, str(HPO), "--storage", storage,
               "--name", name, *arguments]  # fmt: skip
    return subprocess.Popen(
        [str(part) for part in command], cwd=ROOT, text=True, env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def wait_for(pattern, folder, process):
    wait_until(lambda: list(folder.glob(pattern)), process=process)


def processes_started(name):
    """Of this Ray, so far, for classes whose name ends so."""
    return sum(actor["ActorClassName"].endswith(name) for actor in actors().values())


def ranks_started():
    """Of this Ray, so far: processes that train one trial together."""
    return processes_started("_Rank")
