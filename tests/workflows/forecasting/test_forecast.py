"""workflows/forecast.py from a file to a registered model.

Killed and resumed, as studies by folds are: tests/workflows/tables. What is kept of a trial:
tests/trainables/forecasting/test_forecasts_trainable.py.
"""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from automl_on_ray import load_model
from automl_on_ray.workflows.forecast import forecast
from tests.helpers.studies import rows_of, runs_of
from tests.studies.forecasting.panels import HORIZON, sales

app = typer.Typer()
app.command()(forecast)

ROOT = Path(__file__).parents[3]
SHOPS = 3
DATA = ["--time", "date", "--series", "shop", "--target", "units", "--horizon", HORIZON]
# Fits of a moment, one at a time: what is found does not depend on the clock.
QUICK = [*DATA, "--origins", 2, "--trials", 3, "--slots", 1, "--cpus-per-trial", 1,
         "--scheduler", "fifo",
         "--space", "tests.workflows.forecasting.quick_forecasts:SPACE"]  # fmt: skip


def command(storage, name, *arguments):
    words = [ROOT / "workflows" / "forecast.py", "--storage", storage, "--name", name, *arguments]
    return [sys.executable, *map(str, words)]


def run(storage, name, *arguments):
    return subprocess.run(
        command(storage, name, *arguments), cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def shops(tmp_path_factory):
    path = tmp_path_factory.mktemp("shops") / "shops.csv"
    sales(SHOPS).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def done(storage, shops, ray_cluster):
    asked = ["--storage", storage, "--name", "whole", shops, *QUICK]
    return CliRunner().invoke(app, [*map(str, asked), "--objective=-mase,-predict_seconds"])


def report_of(storage, name):
    return json.loads((storage / name / "forecast_report.json").read_text())["report"]


@pytest.mark.slow
def test_what_was_found_is_compared_once_with_the_classical_forecasts(done, storage):
    assert done.exit_code == 0, done.output
    report = report_of(storage, "whole")
    assert [one["name"] for one in report["compared"]] == [
        "seasonal naive", "Theta", "ETS", "best single", "ensemble",
    ]  # fmt: skip
    assert set(report["compared"][-1]["gain_over"]) == {"seasonal naive", "Theta", "ETS"}
    for name in ("seasonal naive", "Theta", "ETS"):
        assert f"better than {name}: " in done.stdout or "better than what was" in done.stdout


@pytest.mark.slow
def test_of_several_objectives_only_the_front_is_weighted(done, storage):
    rows = rows_of(storage, "whole")
    costs = {row["trial_id"]: (row["metrics"]["val_mase"], row["metrics"]["predict_seconds"])
             for row in rows}  # fmt: skip
    front = {one for one, own in costs.items()
             if not any(all(a <= b for a, b in zip(other, own, strict=True)) and other != own
                        for other in costs.values())}  # fmt: skip
    assert set(report_of(storage, "whole")["members"]) <= front


@pytest.mark.slow
def test_mlflow_and_the_page_have_what_was_found(done, storage):
    (study,) = runs_of(storage, "whole")["study"]
    page = next(Path(study.info.artifact_uri.removeprefix("file://")).rglob("*.html")).read_text()
    for name in ("Forecasts", "Comparison with baselines", "Error by step", "Coverage by level"):
        assert f"<h2>{name}</h2>" in page
    final = json.loads((storage / "whole" / "summary.json").read_text())["final"][0]
    assert {"test_mase", "test_smape", "test_wql", "test_coverage"} <= set(final)


@pytest.mark.slow
def test_the_registered_model_forecasts_each_shop(done, storage, shops):
    """Without this repository: tests/trainables/forecasting/registered."""
    uri = json.loads((storage / "whole" / "summary.json").read_text())["model"]
    answers = load_model(uri, storage).predict(pd.read_csv(shops)).astype(str)
    assert {"date", "shop"} <= set(answers)
    assert len(answers) == SHOPS * HORIZON
    assert min(answers["date"]).startswith("2024-01-01")


def test_a_mistake_is_one_line_with_exit_code_2_before_anything_is_started(storage, shops):
    refused = run(storage, "refused", shops, "--time", "date", "--target", "units")
    assert refused.returncode == 2
    assert refused.stderr.strip().endswith("needs --horizon: how many steps to forecast.")
    assert not (storage / "refused").exists()
