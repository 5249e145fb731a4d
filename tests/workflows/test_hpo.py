"""Whole studies by workflows/hpo.py: real Ray, real MLflow, scikit-learn's digits."""

import json
from collections import Counter
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from typer.testing import CliRunner

from automl_on_ray.studies.hpo import HpoSettings, prepare
from tests.helpers.studies import ONE, OWN, QUICK, ranks_started, rows_of, run, runs_of
from tests.workflows.test_export import app as exporting


@pytest.mark.slow
def test_a_study_finds_tests_tracks_and_registers_a_model(storage, ray_cluster):
    command = [*QUICK, "--trials", 2, "--searcher", "random", "--final-seeds", 2]
    result = run(storage, "whole", *command)
    assert result.exit_code == 0, result.output
    roles = runs_of(storage, "whole")
    assert [len(roles[role]) for role in ("study", "trial", "final")] == [1, 2, 2]
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    outcomes = Counter(run.data.tags["automl.outcome"] for run in roles["trial"])
    assert set(outcomes) <= {"completed", "pruned"}
    assert not any("test_accuracy" in run.data.metrics for run in roles["trial"])
    assert all("test_accuracy" in run.data.metrics for run in roles["final"])
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    version = client.get_model_version_by_alias("hpo-digits", "champion")
    assert version.tags["automl.metric"] == "test_accuracy"
    for said in (
        "Best trials",
        "test_accuracy: ",
        "2 seeds",
        "the champion",
        "To use it:",
        "trials: http",
    ):
        assert said in result.output
    again = run(storage, "whole", *command)
    assert again.exit_code == 0, again.output
    assert {r: len(found) for r, found in runs_of(storage, "whole").items()} == {
        r: len(found) for r, found in roles.items()
    }
    asked = HpoSettings(dataset="digits", storage=str(storage), name="whole", fresh=True)
    with prepare(asked).study as fresh:
        assert not list((fresh.path / "search").glob("*"))
    assert len(list(storage.glob("whole*/study.json"))) == 2


TOGETHER = [*QUICK, "--epochs", 1, "--searcher", "sobol", "--final-seeds", 1,
            "--register", "together", "--trials"]  # fmt: skip


@pytest.fixture(scope="module")
def together(storage, ray_cluster):
    """The runs and rows of a study whose final model was trained by two; processes begun by it."""
    before = ranks_started()
    result = run(storage, "together", *TOGETHER, 1, "--train-workers", 2)
    assert result.exit_code == 0, result.output
    return runs_of(storage, "together"), rows_of(storage, "together"), ranks_started() - before


@pytest.mark.whole
def test_two_processes_train_the_final_model_which_may_be_exported_and_one_each_trial(
    together, storage, tmp_path
):
    roles, _, ranks = together
    assert [len(roles[role]) for role in ("study", "trial", "final")] == [1, 1, 1]
    assert ranks == 2
    assert "test_accuracy" in roles["final"][0].data.metrics
    asked = ["models:/together@champion", "--out", f"{tmp_path}/out", "--storage", str(storage)]
    exported = CliRunner().invoke(exporting, asked)
    assert exported.exit_code == 0, exported.output
    assert (tmp_path / "out" / "model.onnx").exists()


@pytest.mark.whole
def test_more_trials_may_be_asked_of_a_study_that_has_ended(together, storage):
    _, (first,), _ = together
    longer = run(storage, "together", *TOGETHER, 2)
    assert longer.exit_code == 0, longer.output
    rows = rows_of(storage, "together")
    assert len(rows) == 2
    assert first in rows
    best = max(rows, key=lambda row: row["metrics"]["val_accuracy"])
    tried = {first["trial_id"], best["trial_id"]}
    roles = runs_of(storage, "together")
    assert [len(roles[role]) for role in ("study", "trial", "final")] == [1, 2, len(tried)]
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    models = client.search_model_versions("name = 'together'")
    assert sorted(model.tags["automl.trial_id"] for model in models) == sorted(tried)
    fewer = run(storage, "together", *TOGETHER, 1)
    assert fewer.exit_code == 2
    assert "begun with trials = 2" in fewer.output


@pytest.mark.parametrize(
    ("option", "outcome", "said"),
    [
        ("--minutes", "stopped", "ended, as the time budget of 0.02 minutes is used up"),
        ("--trial-minutes", "failed", "the trial took over 0.02 minutes"),
    ],
)
def test_minutes_end_a_search_and_trial_minutes_a_trial_that_hang(
    storage, ray_cluster, option, outcome, said
):
    name = outcome
    result = run(
        storage, name, *OWN, *ONE, "--trainable", "tests.helpers.crashing:Hanging", "--searcher",
        "random", "--scheduler", "fifo", "--trials", 1, "--max-failures", 0, option, 0.02,
    )  # fmt: skip
    assert result.exit_code == 1, result.output
    assert said in " ".join(result.output.split())
    assert [row["outcome"] for row in rows_of(storage, name)] == [outcome]


@pytest.mark.whole
@pytest.mark.parametrize("scheduler", ["fifo", "hyperband"])
def test_trials_that_never_say_done_come_to_their_end(storage, ray_cluster, scheduler):
    """Schedulers that pause no trials end them as fifo does; tests/simulation has them all.

    One of them, quickly: tests/studies/test_tuner.py. So it is in a population: the next test.
    """
    trials = 2 if scheduler == "fifo" else 4
    never_done = ["--trainable", "tests.helpers.crashing:NeverDone", "--searcher", "sobol"]
    result = run(
        storage, scheduler, *OWN, *ONE, *never_done, "--scheduler", scheduler, "--trials", trials,
        "--epochs", 3, "--final-seeds", int(scheduler == "fifo"), "--final-epochs", 2,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    if scheduler == "fifo":  # the same after any of them
        finals = runs_of(storage, scheduler)["final"]
        assert [r.data.tags["automl.outcome"] for r in finals] == ["completed"]
    ended_at_their_epoch(storage, scheduler, trials, 3)


def ended_at_their_epoch(storage, name, trials, epoch):
    """And MLflow has been told of each how it ended."""
    roles = runs_of(storage, name)
    assert [len(roles[role]) for role in ("study", "trial")] == [1, trials]
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    rows = rows_of(storage, name)
    assert {row["iterations"] for row in rows if row["outcome"] == "completed"} == {epoch}
    kept = {trial.data.tags["automl.trial_id"]: trial.data.tags for trial in roles["trial"]}
    assert all(kept[row["trial_id"]]["automl.outcome"] == row["outcome"] for row in rows)


@pytest.mark.whole
def test_a_population_leaves_a_schedule_which_replayed_comes_to_the_same(storage, ray_cluster):
    """Its trials would go on for twelve epochs.

    Networks that take others' weights: tests/trainables/test_image_classifier_goes_on.py.
    """
    growing = "tests.schedulers.populations.growing"
    own = ["--trainable", f"{growing}:Growing", "--space", f"{growing}:SPACE",
           "--objective", "score", "--final-seeds", 0, *ONE]  # fmt: skip
    result = run(
        storage, "population", *own, "--scheduler", "pbt", "--trials", 4, "--searcher", "random",
        "--explore", "perturb", "--epochs", 8, "--interval", 2,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    ended_at_their_epoch(storage, "population", 4, 8)
    schedule = json.loads((storage / "population" / "schedule.json").read_text())
    assert schedule[-1]["end"] == 8
    # No more checkpoints are left than trials may need.
    assert 4 <= len(list(storage.glob("population/search/*/checkpoint_*"))) <= 4 * (3 + 1)
    study = runs_of(storage, "population")["study"][0]
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    kept = {file.path for file in client.list_artifacts(study.info.run_id)}
    assert {"schedule.json", "family.png", "schedule.png"} <= kept
    replayed = run(storage, "replayed", *own, "--replay", storage / "population" / "schedule.json")
    assert replayed.exit_code == 0, replayed.output
    rows = rows_of(storage, "replayed")
    assert {row["metrics"]["training_iteration"] for row in rows} == {8}
    best = max(row["metrics"]["score"] for row in rows_of(storage, "population"))
    assert [row["metrics"]["score"] for row in rows] == [pytest.approx(best)] * 3


STEADY = ["--objective", "score", "--scheduler", "fifo", "--epochs", 2, *ONE]


@pytest.fixture(scope="module")
def first(storage, ray_cluster):
    """Rows of a study that others begin from."""
    done = run(
        storage, "first", *STEADY, "--trainable", "tests.helpers.crashing:Steady", "--space",
        OWN[1], "--trials", 8, "--searcher", "sobol",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return rows_of(storage, "first")


@pytest.mark.whole
def test_a_study_of_another_space_goes_on_from_the_old_trials(first, storage):
    """Without training, and that none of the study's own name does so unasked: test_warm_plan.py
    in tests/studies/transfer.
    """
    warm = run(
        storage, "higher", *STEADY, "--trainable", "tests.helpers.crashing:Steady", "--space",
        "tests.helpers.crashing:HIGHER", "--trials", 3, "--warm-start", "first",
    )  # fmt: skip
    assert warm.exit_code == 0, warm.output
    kept = sum(row["config"]["x"] >= 0 for row in first)
    assert f"Warm start: {kept} trials of 'first' known as results" in warm.output
    rows = rows_of(storage, "higher")
    assert len(rows) == 3
    # The best is at the edge, x = 2.
    assert max(row["config"]["x"] for row in rows) > 1.5


@pytest.mark.whole
def test_a_study_of_another_task_learns_from_the_first_and_says_how_far_it_trusts_it(
    first, storage
):
    """By parts, quickly: tests/studies/transfer, tests/searchers/ax/transfer, report/test_page.py.

    Sources beside each searcher: tests/searchers/test_conformance.py.
    """
    second = run(
        storage, "second", *STEADY, "--trainable", "tests.helpers.crashing:Weighed", "--space",
        OWN[1], "--trials", 5, "--warm-start", "first",
    )  # fmt: skip
    assert second.exit_code == 0, second.output
    learnt = "8 trials of 'first' on other data or space, to learn from beside its own"
    assert learnt in second.output
    assert "1 of their configs first" in second.output
    tried = [row["config"]["x"] for row in rows_of(storage, "second")]
    assert tried[0] == max(row["config"]["x"] for row in first)
    assert "Trust in earlier studies: first" in second.output
    run_of_study = runs_of(storage, "second")["study"][0]
    trust = json.loads(run_of_study.data.tags["automl.trust"])
    assert trust.keys() == {"first"}
    assert 0.5 < trust["first"] <= 1  # both have the same scores
    assert "Warm start: 8 trials of 'first'" in run_of_study.data.tags["mlflow.note.content"]
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    page = client.download_artifacts(run_of_study.info.run_id, "report.html")
    assert "Trust in earlier studies: first" in Path(page).read_text()
