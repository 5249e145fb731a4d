"""Whole studies that weigh accuracy against cost: limits, and each point of the front alone."""

import json

import pytest

from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.studies.hpo import HpoSettings, prepare
from tests.helpers.studies import QUICK, rows_of, run, runs_of


@pytest.fixture(scope="module")
def found(storage, ray_cluster):
    """What a study has said that weighs accuracy against two costs."""
    return run(
        storage, "cost", *QUICK, "--trials", 4, "--epochs", 1, "--final-seeds", 0, "--searcher",
        "evolution", "--objective", "accuracy, -latency, -parameters", "--limit",
        "parameters <= 30000", "--prior", "synflow",
    )  # fmt: skip


def points(storage):
    return sorted((storage / "cost" / "front").glob("*.json"))


@pytest.mark.whole
def test_each_point_of_a_front_is_told_kept_and_taken_first_by_another_study(found, storage):
    """Which they are, quickly: tests/studies/test_trial_rows.py. Kept: test_ending.py here."""
    assert found.exit_code == 0, found.output
    rows = rows_of(storage, "cost")
    assert all(row["metrics"]["parameters"] <= 30_000 for row in rows)
    assert all(row["metrics"]["latency"] > 0 for row in rows)
    (study,) = runs_of(storage, "cost")["study"]
    assert study.data.metrics["hypervolume"] > 0
    table = found.output.partition("Pareto front")[2]
    assert {file.stem for file in points(storage)} == {
        row["trial_id"] for row in rows if row["trial_id"] in table
    }
    assert str(storage / "cost" / "front") in found.output
    for file in points(storage):
        asked = HpoSettings(
            dataset="digits", subset=400, searcher="random", try_first=file, storage=str(storage),
            name=f"after-{file.stem}",
        )  # fmt: skip
        plan = prepare(asked)
        with plan.study:
            first = {**SPACE.constants, **plan.searcher.suggest("first")}
        assert [first] == json.loads(file.read_text())


@pytest.mark.slow
def test_a_trial_beyond_a_limit_ends_without_an_epoch_and_is_nobodys_best(storage, ray_cluster):
    """Each takes longer than no time at all, which only a trial can find out."""
    result = run(
        storage, "beyond", *QUICK, "--trials", 2, "--searcher", "random", "--limit",
        "latency <= 0.000001", "--objective=-parameters",
    )  # fmt: skip
    assert result.exit_code == 1, result.output
    assert "2 beyond a --limit and never trained" in result.output
    assert "No trial has a score: all beyond a --limit" in result.output
    rows = rows_of(storage, "beyond")
    assert [row["outcome"] for row in rows] == ["infeasible"] * 2
    assert not any("train_loss" in row["metrics"] for row in rows)
    roles = runs_of(storage, "beyond")
    assert "final" not in roles
    assert {one.data.tags["automl.outcome"] for one in roles["trial"]} == {"infeasible"}
    assert not (storage / "beyond" / "best_config.json").exists()
