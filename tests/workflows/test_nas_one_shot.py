"""Cells that are judged with a supernet's weights, by workflows/nas.py: real Ray, real MLflow."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from automl_on_ray.workflows.nas import nas
from tests.helpers.studies import ROOT, rows_of, runs_of, wait_for

app = typer.Typer()
app.command()(nas)

QUICK = {
    "evaluation": "one-shot", "objective": "-val_loss", "searcher": "evolution",
    "dataset": "digits", "subset": 400,
    "stem-stride": 1, "trials": 8, "epochs": 2, "search-images": 300, "search-channels": 4,
    "select-epochs": 1, "select-images": 300, "select-seeds": 1, "candidates": 2,
    "spread-cells": 2, "random-cells": 1, "layers": 3, "channels": 4, "final-epochs": 1,
    "final-seeds": 1, "slots": 1, "cpus-per-trial": 1,
}  # fmt: skip


def arguments(storage, name, changes):
    every = {"storage": storage, "name": name, **QUICK, **changes}
    return [f"--{key}={value}" for key, value in every.items()]


def run(storage, name, **changes):
    return CliRunner().invoke(app, arguments(storage, name, changes))


@pytest.fixture(scope="module")
def searched(storage, ray_cluster):
    """What a study has said that has not trained a cell by itself yet."""
    result = run(storage, "searched", stage="search")
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


@pytest.mark.whole
def test_a_searchers_cells_are_judged_by_a_supernet_that_is_trained_once(searched, storage):
    """How, quickly: tests/trainables/one_shot, tests/studies/architecture/test_plan.py."""
    assert "The supernet: 2 epochs." in searched
    runs = runs_of(storage, "searched")
    counts = {role: len(found) for role, found in runs.items()}
    assert counts == {"study": 1, "supernet": 1, "inherited": 8}
    rows = rows_of(storage, "searched")
    assert len({row["metrics"]["val_loss"] for row in rows}) > 1
    assert all(row["iterations"] == 1 for row in rows)

    again = run(storage, "searched", stage="search")
    assert again.exit_code == 0, again.output
    assert "The supernet:" not in again.output  # trained already


@pytest.mark.whole
def test_a_supernet_s_ranking_is_tested_by_training_cells_of_other_ranks_too(searched, storage):
    """Ranks and their correlation, quickly: tests/studies/architecture/test_candidates.py.

    The stages after a search: tests/workflows/test_nas.py.
    """
    result = run(storage, "searched")
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "over 4 cells, 2 of them from other ranks than the best" in told
    runs = runs_of(storage, "searched")
    counts = {role: len(found) for role, found in runs.items()}
    assert counts == {"study": 1, "supernet": 1, "inherited": 8, "trial": 5, "final": 1}
    assert "Kendall's tau" in runs["study"][0].data.tags["mlflow.note.content"]


@pytest.mark.whole
def test_a_study_that_is_killed_goes_on_with_its_supernet_and_its_cells(storage, ray_cluster):
    study, asked = storage / "killed", {"epochs": 6, "stage": "search"}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "workflows" / "nas.py"), *arguments(storage, "killed", asked)],
        cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True,
    )  # fmt: skip
    wait_for("supernet/*/checkpoint_000001", study, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (study / "search").exists()
    result = run(storage, "killed", **asked)
    assert result.exit_code == 0, result.output
    noted = json.loads((study / "supernet.json").read_text())
    weights = Path(study / "supernet", *noted["checkpoint"], "state.pt").read_bytes()
    (trained,) = runs_of(storage, "killed")["supernet"]
    assert trained.info.status == "FINISHED"

    result = run(storage, "killed", trials=10, **asked)
    assert result.exit_code == 0, result.output
    assert Path(study / "supernet", *noted["checkpoint"], "state.pt").read_bytes() == weights
    rows = rows_of(storage, "killed")
    assert len(rows) == 10
    assert {row["outcome"] for row in rows} == {"completed"}


@pytest.mark.whole
def test_a_supernet_that_was_removed_is_one_line(searched, storage, tmp_path):
    """The line itself, quickly: tests/trainables/one_shot."""
    copied = shutil.copytree(storage, tmp_path / "runs")
    noted = json.loads((copied / "searched" / "supernet.json").read_text())
    Path(copied / "searched" / "supernet", *noted["checkpoint"], "state.pt").unlink()
    result = run(copied, "searched", stage="search", trials=9)
    assert result.exit_code == 2, result.output
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert "trained supernet is not in" in line
