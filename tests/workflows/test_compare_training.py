"""workflows/compare.py by real training, on digits.

Each family as a study: tests/searchers/test_conformance.py.
"""

import json
from pathlib import Path

import pytest
import typer
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from automl_on_ray.workflows.compare import compare

app = typer.Typer()
app.command()(compare)

FAMILIES = ("evolution:population=2", "local")


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.whole
def test_families_are_compared_by_real_training_and_the_comparison_goes_on(
    storage, ray_cluster, tmp_path
):
    (tmp_path / "short.json").write_text(json.dumps({"epochs": 2, "batch_size": 64}))
    asked = (
        "--space", "mnist-cnn", "--dataset", "digits", "--subset", 400, "--epochs", 1,
        "--budgets", 2, "--retrain", 2, "--recipe", tmp_path / "short.json", "--slots", 1,
        "--storage", storage, "--name", "real",
    )  # fmt: skip
    methods = [word for one in FAMILIES for word in ("--method", one)]
    done = run(*asked, *methods, "--seeds", 1)
    assert done.exit_code == 0, done.output
    path = storage / "real" / "runs.jsonl"
    first = path.read_text()
    rows = list(map(json.loads, first.splitlines()))
    searched = [row for row in rows if row["kind"] == "searched"]
    retrained = [row for row in rows if row["kind"] == "retrained"]
    assert [row["method"] for row in searched] == ["random", *FAMILIES]
    assert all(len(row["scores"]) == row["epochs"] == 2 for row in searched)
    assert {row["epochs"] for row in retrained} == {2}
    for row in searched:
        own = [one for one in retrained if one["config"] == row["config"]]
        assert sorted(one["repeat"] for one in own) == [0, 1]
        assert all(0 <= one["score"] <= 1 for one in own)
    page = (storage / "real" / "report.html").read_text()
    for word in (*FAMILIES, "Kendall", "ledger", "Lindauer and Hutter 2020", "fill in", "<svg"):
        assert word in page
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    own = client.get_experiment_by_name("compare").experiment_id
    (found,) = client.search_runs([own], "tags.`automl.role` = 'comparison'")
    assert 0 <= found.data.metrics["test_accuracy/short/local"] <= 1

    # With another seed, of the base alone: what is there is not done again.
    done = run(*asked, "--method", "random", "--seeds", 2)
    assert done.exit_code == 0, done.output
    assert path.read_text().startswith(first)
    more = [json.loads(line) for line in path.read_text()[len(first) :].splitlines()]
    again = [(row["method"], row["seed"]) for row in more if row["kind"] == "searched"]
    assert again == [("random", 1)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give --table, --function, or a --space"),
        (["--space", "mnist-cnn"], "give it a --name"),
        (["--space", "mnist-cnn", "--name", "a", "--budgets", "3,4"], "one number of trials"),
        (["--space", "mnist-cnn", "--name", "a", "--pending", "3"], "neither --pending"),
        (["--space", "mnist-cnn", "--name", "a", "--objective", "accuracy,-loss"], "objective"),
        (["--space", "mnist-cn", "--name", "a"], "Did you mean 'mnist-cnn'"),
        (["--space", "mnist-cnn", "--name", "a", "--method", "locl"], "Did you mean 'local'"),
        (["--space", "mnist-cnn", "--name", "a", "--recipe", "missing.json"], "cannot be read"),
    ],
)
def test_mistakes_are_refused_in_a_line_before_anything_is_started(arguments, said, tmp_path):
    done = run(*arguments, "--storage", tmp_path / "none")
    assert done.exit_code == 2
    assert said in done.stderr
    assert not Path(tmp_path / "none").exists()
