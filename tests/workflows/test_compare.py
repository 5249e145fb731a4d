"""workflows/compare.py on a table and on a function: the table, the page, MLflow, going on."""

import pytest
import typer
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from automl_on_ray.workflows.compare import compare
from tests.studies.comparison.cells_table import write_table

app = typer.Typer()
app.command()(compare)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("table") / "cells.parquet")


def test_a_comparison_prints_its_table_and_goes_on_with_more_seeds(table, storage):
    asked = (
        "--table", table, "--storage", storage, "--name", "cells", "--budgets", "5,20",
        "--method", "evolution:population=4", "--first-seed", 10_000,
    )  # fmt: skip
    done = run(*asked, "--seeds", 2, "--processes", 1)
    assert done.exit_code == 0, done.output
    folder = storage / "cells"
    first = (folder / "runs.jsonl").read_text()
    assert len(first.splitlines()) == 2 * 2 * 2  # random is always there
    done = run(*asked, "--seeds", 3, "--processes", 1)
    assert done.exit_code == 0, done.output
    assert (folder / "runs.jsonl").read_text().startswith(first)
    assert "regret after 20 evaluations" in done.output
    rows = [line.split() for line in done.output.splitlines()]
    assert "evolution:population=4 3" in {" ".join(row[:2]) for row in rows}
    assert any(row[:3] == ["random,", "exactly", "all"] for row in rows)
    page = (folder / "report.html").read_text()
    assert "evolution:population=4" in page
    assert "<svg" in page
    assert "<script" not in page
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    own = client.get_experiment_by_name("compare").experiment_id
    (found,) = client.search_runs([own])
    assert found.info.run_name == "cells"
    assert found.data.metrics["test/20/random"] > 80
    files = {file.path for file in client.list_artifacts(found.info.run_id)}
    assert files == {"report.html", "table.txt", "curves.png"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--table", "missing.parquet"], "cannot be read as a Parquet table"),
        (["--function", "mine:f"], "--function needs a --space"),
        (["--table", "TABLE", "--method", "evolutoin"], "Did you mean 'evolution'?"),
        (["--table", "TABLE", "--method", "evolution:popultion=3"], "Did you mean 'population'?"),
        (["--table", "TABLE", "--base", "randm"], "Did you mean 'random'?"),
        (["--table", "TABLE", "--objective", "acuracy"], "Did you mean"),
        (["--table", "TABLE", "--reference", "50,3"], "--reference takes a number for each"),
        (["--table", "TABLE", "--budgets", "0,3"], "--budgets must be from 1"),
        (["--table", "TABLE", "--dataset", "cifar11"], "Did you mean 'cifar10'?"),
    ],
)
def test_mistakes_are_refused_in_a_line_before_any_run(arguments, said, table, tmp_path):
    words = [str(table) if word == "TABLE" else word for word in arguments]
    done = run(*words, "--storage", tmp_path)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not any(tmp_path.iterdir())
