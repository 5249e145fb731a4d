"""Values that JSON does not have, through a whole study."""

import json
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.helpers.odd_values import SPACE
from tests.helpers.studies import ONE, rows_of, run, runs_of

ODD = [
    "--trainable", "tests.helpers.odd_values:Strict",
    "--space", "tests.helpers.odd_values:SPACE",
    "--objective", "score", *ONE, "--epochs", 2,
]  # fmt: skip


@pytest.mark.slow
def test_trials_final_training_resume_and_points_are_given_the_values_declared(
    ray_cluster, storage, tmp_path
):
    first = {**member(), "x": 0.25}
    (tmp_path / "first.json").write_text(json.dumps([first]))
    command = [*ODD, "--searcher", "sobol", "--try-first", tmp_path / "first.json"]
    for trials in (2, 3):
        result = run(storage, "odd", *command, "--trials", trials, "--final-seeds", trials - 2)
        assert result.exit_code == 0, result.output
    rows = rows_of(storage, "odd")
    assert [row["error"] for row in rows] == [None] * 3
    assert first in [row["config"] for row in rows]
    for row in rows:
        SPACE.check(row["config"])
    roles = runs_of(storage, "odd")
    assert len(roles["final"]) == 1
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    told = {each.info.run_id: each.data.params for each in roles["trial"]}
    assert all(params["opt/betas"] in ("(0.9, 0.999)", "(0.5, 0.999)") for params in told.values())
    path = client.download_artifacts(roles["trial"][0].info.run_id, "config.json", str(tmp_path))
    SPACE.check(json.loads(Path(path).read_text()))


def member():
    return {
        "sizes/0": 3, "sizes/1": 4, "opt/kind": "tests.helpers.odd_values.Kind.SLOW",
        "opt/betas": "(0.9, 0.999)", "opt/rate": 0.001, "nothing": None,
        "act": "tests.helpers.odd_values.Tool #2",
    }  # fmt: skip
