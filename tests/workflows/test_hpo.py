"""Whole studies by workflows/hpo.py: real Ray, real MLflow, scikit-learn's digits."""

import json
from collections import Counter
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from automl_on_ray.studies.hpo import HpoSettings, prepare
from tests.helpers.studies import ONE, OWN, QUICK, ranks_started, rows_of, run, runs_of


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


@pytest.mark.whole
def test_two_processes_train_the_final_model_and_one_each_trial(storage, ray_cluster):
    before = ranks_started()
    result = run(
        storage, "together", *QUICK, "--trials", 1, "--epochs", 1, "--searcher", "random",
        "--final-seeds", 1, "--train-workers", 2, "--register", "together",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    roles = runs_of(storage, "together")
    assert [len(roles[role]) for role in ("study", "trial", "final")] == [1, 1, 1]
    assert ranks_started() == before + 2
    assert "test_accuracy" in roles["final"][0].data.metrics
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    assert client.get_model_version_by_alias("together", "champion")


@pytest.mark.whole
def test_the_trials_told_of_two_objectives_are_those_that_no_other_beats_in_both(
    storage, ray_cluster
):
    """What a model makes of both: tests/searchers/ax/test_model.py.

    Which trials they are, quickly: tests/studies/test_trial_rows.py. On Ray, that they are told:
    tests/studies/finish/test_front.py.
    """
    result = run(
        storage, "front", *OWN[:2], *ONE, "--trainable", "tests.helpers.crashing:Weighed",
        "--objective", "score, -weight", "--searcher", "sobol", "--trials", 8, "--epochs", 1,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = {row["trial_id"]: row["metrics"] for row in rows_of(storage, "front")}
    values = {name: (found["score"], -found["weight"]) for name, found in rows.items()}
    front = {
        name
        for name, (score, light) in values.items()
        if not any(a >= score and b >= light and (a, b) != (score, light)
                   for a, b in values.values())
    }  # fmt: skip
    assert 1 < len(front) < 8
    table = result.output.partition("Pareto front")[2]
    assert {name for name in values if name in table} == front


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


@pytest.mark.slow
@pytest.mark.parametrize(
    "scheduler",
    ["fifo", *(pytest.param(p, marks=pytest.mark.whole) for p in ("hyperband", "pbt", "pb2"))],
)
def test_trials_that_never_say_done_come_to_their_end(storage, ray_cluster, scheduler):
    """Schedulers that pause no trials end them as fifo does; tests/simulation has them all."""
    trials = 2 if scheduler == "fifo" else 4
    never_done = ["--trainable", "tests.helpers.crashing:NeverDone", "--searcher", "sobol"]
    result = run(
        storage, scheduler, *OWN, *ONE, *never_done, "--scheduler", scheduler, "--trials", trials,
        "--epochs", 3, "--final-seeds", int(scheduler == "fifo"), "--final-epochs", 2,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    roles = runs_of(storage, scheduler)
    assert [len(roles[role]) for role in ("study", "trial")] == [1, trials]
    assert {run.info.status for runs in roles.values() for run in runs} == {"FINISHED"}
    if scheduler == "fifo":  # the same after any of them
        assert [r.data.tags["automl.outcome"] for r in roles["final"]] == ["completed"]
    rows = rows_of(storage, scheduler)
    assert {row["iterations"] for row in rows if row["outcome"] == "completed"} == {3}
    kept = {trial.data.tags["automl.trial_id"]: trial.data.tags for trial in roles["trial"]}
    assert all(kept[row["trial_id"]]["automl.outcome"] == row["outcome"] for row in rows)


@pytest.mark.whole
def test_a_population_leaves_a_schedule_which_replayed_comes_to_about_the_same(
    storage, ray_cluster
):
    result = run(
        storage, "population", "--dataset", "digits", "--scheduler", "pbt", "--trials", 4,
        "--explore", "perturb", "--epochs", 8, "--interval", 2, "--final-seeds", 0, *ONE,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    schedule = json.loads((storage / "population" / "schedule.json").read_text())
    assert schedule[-1]["end"] == 8
    # No more checkpoints are left than trials may need.
    assert 4 <= len(list(storage.glob("population/search/*/checkpoint_*"))) <= 4 * (3 + 1)
    study = runs_of(storage, "population")["study"][0]
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    kept = {file.path for file in client.list_artifacts(study.info.run_id)}
    assert {"schedule.json", "family.png", "schedule.png"} <= kept
    replayed = run(
        storage, "replayed", "--dataset", "digits", "--final-seeds", 0, *ONE,
        "--replay", storage / "population" / "schedule.json",
    )  # fmt: skip
    assert replayed.exit_code == 0, replayed.output
    rows = rows_of(storage, "replayed")
    assert len(rows) == 3
    assert {row["metrics"]["training_iteration"] for row in rows} == {8}
    found = [row["metrics"]["val_accuracy"] for row in rows]
    lived = max(row["metrics"]["val_accuracy"] for row in rows_of(storage, "population"))
    assert abs(sum(found) / 3 - lived) < 0.04


@pytest.mark.whole
def test_a_changed_space_is_refused_unless_the_old_trials_are_taken_as_data(storage, ray_cluster):
    """Without training: tests/studies/transfer/test_warm_plan.py."""
    steady = ["--trainable", "tests.helpers.crashing:Steady", "--objective", "score",
              "--scheduler", "fifo", "--epochs", 2, *ONE]  # fmt: skip
    higher = [*steady, "--space", "tests.helpers.crashing:HIGHER", "--trials", 3]
    old = run(storage, "warm", *steady, "--space", OWN[1], "--trials", 8, "--searcher", "sobol")
    assert old.exit_code == 0, old.output
    manifest = (storage / "warm" / "study.json").read_text()
    refused = run(storage, "warm", *higher)
    assert refused.exit_code == 2
    assert (storage / "warm" / "study.json").read_text() == manifest
    assert "begun with space 'x' = 'uniform(-1.0, 1.0)'" in refused.stderr
    assert "--warm-start warm" in refused.stderr
    kept = sum(row["config"]["x"] >= 0 for row in rows_of(storage, "warm"))
    for _ in range(2):  # the same command goes on
        warm = run(storage, "warm", *higher, "--warm-start", "warm")
        assert warm.exit_code == 0, warm.output
        assert "of 'warm' known as results" in warm.output
        assert f"Warm start: {kept} trial" in warm.output
    assert len(rows_of(storage, "warm")) == 3
    (aside,) = storage.glob("warm-*")
    assert len(rows_of(storage, aside.name)) == 8
    # The searcher goes on from there: the best is at the edge, x = 2.
    assert max(row["config"]["x"] for row in rows_of(storage, "warm")) > 1.5


@pytest.mark.whole
def test_a_study_of_another_task_learns_from_the_first_and_says_how_far_it_trusts_it(
    storage, ray_cluster
):
    """By parts, quickly: tests/studies/transfer, tests/searchers/ax/transfer, report/test_page.py.

    Sources beside each searcher: tests/searchers/test_conformance.py.
    """
    both = ["--objective", "score", "--scheduler", "fifo", "--epochs", 2, *ONE,
            "--space", OWN[1]]  # fmt: skip
    first = run(storage, "first", *both, "--trainable", "tests.helpers.crashing:Steady",
                "--searcher", "sobol", "--trials", 6)  # fmt: skip
    assert first.exit_code == 0, first.output
    second = run(storage, "second", *both, "--trainable", "tests.helpers.crashing:Weighed",
                 "--trials", 5, "--warm-start", "first")  # fmt: skip
    assert second.exit_code == 0, second.output
    assert (
        "6 trials of 'first' on other data or space, to learn from beside its own" in second.output
    )
    assert "1 of their configs first" in second.output
    tried = [row["config"]["x"] for row in rows_of(storage, "second")]
    assert tried[0] == max(row["config"]["x"] for row in rows_of(storage, "first"))
    assert "Trust in earlier studies: first" in second.output
    run_of_study = runs_of(storage, "second")["study"][0]
    trust = json.loads(run_of_study.data.tags["automl.trust"])
    assert trust.keys() == {"first"}
    assert 0.5 < trust["first"] <= 1  # both have the same scores
    assert "Warm start: 6 trials of 'first'" in run_of_study.data.tags["mlflow.note.content"]
    client = MlflowClient(f"sqlite:///{storage}/mlflow.db")
    page = client.download_artifacts(run_of_study.info.run_id, "report.html")
    assert "Trust in earlier studies: first" in Path(page).read_text()
