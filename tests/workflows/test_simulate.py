"""Recorded studies under other schedulers and numbers of slots."""

import json

import pytest
import typer
from typer.testing import CliRunner

from automl_on_ray.simulation import outcome_of
from automl_on_ray.tracking.store import recorded_study
from automl_on_ray.workflows.hpo import hpo
from automl_on_ray.workflows.simulate import simulate
from tests.simulation.test_recorded_study import TABLE

studies, simulations = typer.Typer(), typer.Typer()
studies.command()(hpo)
simulations.command()(simulate)


def run(app, *arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def table(tmp_path):
    (tmp_path / "curves.csv").write_text(TABLE)
    return tmp_path / "curves.csv"


@pytest.mark.slow
def test_a_study_simulated_as_it_was_ends_every_trial_where_it_ended(
    storage, ray_cluster, monkeypatch
):
    """The study is that of the documented example of one's own trainable."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    result = run(
        studies, "--trainable", "docs.own_trainable:Quadratic", "--storage", storage,
        "--space", "docs.own_trainable:SPACE", "--objective=-loss", "--searcher", "random",
        "--trials", 9, "--epochs", 9, "--slots", 1, "--name", "recorded",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    uri = f"sqlite:///{storage}/mlflow.db"
    recording = recorded_study(uri, "recorded")
    rows = json.loads((storage / "recorded" / "trials.json").read_text())
    assert (recording.scheduler, recording.slots, recording.max_t) == ("asha", 1, 9)
    assert sorted(map(len, recording.curves)) == sorted(
        row["metrics"]["training_iteration"] for row in rows
    )
    again = outcome_of(recording, "asha", 1, 9, seed=0)
    assert again.ended == tuple(map(len, recording.curves))
    assert again.cut == 0
    shown = run(simulations, "recorded", "--storage", storage, "--slots", "1,4")
    assert shown.exit_code == 0, shown.output
    assert "9/9" in shown.output
    missing = run(simulations, "recorde", "--storage", storage)
    assert missing.exit_code == 2
    assert "there are: recorded" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scheduler", "pbt"], "of which nothing was recorded"),
        (["--scheduler", "ashra"], "Did you mean 'asha'?"),
        (["--scheduler", "asha", "--slots", "none"], "--slots must be from 1"),
        (["--metric", "accuracy"], "no column 'accuracy'"),
    ],
)
def test_a_mistake_is_told_in_one_line(table, arguments, said):
    result = run(simulations, table, "--metric", "-loss", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_folder_without_studies_is_told_and_stays_as_it_is(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    result = run(simulations, "any", "--storage", tmp_path)
    assert result.exit_code == 2
    assert "There is no study in" in result.stderr
    assert not list(tmp_path.iterdir())
    away = run(simulations, "any", "--tracking-uri", "http://127.0.0.1:9")
    assert away.exit_code == 2
    assert "does not answer" in away.stderr
