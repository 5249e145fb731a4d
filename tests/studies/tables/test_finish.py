"""What the end of a study of a table makes of its trials."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from ray import tune

from automl_on_ray.clusters import Resources, Stage
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.finish import newest_checkpoints, why_nothing_scored
from automl_on_ray.studies.folds import of_whole_trials
from automl_on_ray.studies.results import TABLE_REPORT
from automl_on_ray.studies.tables.finish import LIMITS, Ensembled
from automl_on_ray.studies.tables.whole_trials import WholeTrials
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.trainables.tables import TablePipeline, load_table
from tests.helpers.odd_tables import usual
from tests.workflows.tables.quick_space import SPACE

FRAME = usual(rows=200)
CONFIGS = {
    f"t{number}": {**SPACE.sample(np.random.default_rng(number)), **SPACE.constants}
    for number in range(3)
}
ASKED = {"dataset": "left", "frame": FRAME, "target": "left", "folds": 2}


def row(name, steps=3, error=None, outcome="completed", auc=0.8):
    return Row(name, {}, {"val_auc": auc}, outcome, steps, error)


def judged(one, steps):
    """As the end takes it."""
    (found,) = of_whole_trials([one], steps, "Give more.", LIMITS)
    return found


def test_a_score_of_a_part_of_the_folds_is_none():
    assert judged(row("whole"), 3).metrics == {"val_auc": 0.8}
    assert judged(row("cut", steps=2, outcome="pruned"), 3).metrics == {}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("automl_on_ray.trainables.tables.fold_fit.FitTooLong: The fit of x took.", "limited"),
        ("FitTooLarge: The fit of x failed: MemoryError", "limited"),
        ("automl_on_ray.trainables.tables.fold_fit.FitFailed: The fit of x failed.", "failed"),
        ("ValueError: FitTooLong: no", "failed"),
    ],
)
def test_a_fit_that_its_limit_has_ended_is_no_failure_of_the_study(error, outcome):
    found = judged(row("one", steps=1, error=error, outcome="failed"), 3)
    assert found.outcome == outcome
    told = why_nothing_scored([found], [Objective("val_auc")])
    assert told.endswith(error)
    assert ("limit of a fit" in told) == (outcome == "limited")


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """Two trials with all folds, one that was cut, and a torn checkpoint."""
    folder = tmp_path_factory.mktemp("study") / "search"
    for number, steps in enumerate((3, 3, 1)):
        config = CONFIGS[f"t{number}"]
        trial = tune.with_parameters(TablePipeline, space=SPACE, **ASKED)(config=config)
        for step in range(steps):
            trial.train()
            kept = folder / f"TablePipeline_t{number}_{number}_x" / f"checkpoint_{step:06}"
            kept.mkdir(parents=True)
            trial.save_checkpoint(str(kept))
        trial.stop()
    torn = folder / "TablePipeline_torn_3_x" / "checkpoint_000000"
    torn.mkdir(parents=True)
    (torn / "predictions.npz").write_bytes(b"PK\x03\x04torn")
    return Stage(folder)


def test_whole_trials_become_one_predictor_that_is_no_worse_than_the_best(search, capsys):
    table = load_table(ASKED)
    rows = [row(name) for name in ("t1", "t0", "torn", "gone")]
    with WholeTrials(table, search, rows) as trials:
        assert trials.ids == ["t1", "t0"]
        weights = trials.weights("auc", seed=0)
        assert set(weights) <= {"t0", "t1"}
        assert sum(weights.values()) == pytest.approx(1)
        bagged = trials.bagged({"t0": 0.5, "t1": 0.5})
    assert "trial torn cannot be read" in capsys.readouterr().err
    answers = bagged.predict(FRAME.head(7))
    assert answers.shape == (7, 2)
    assert answers.sum(axis=1) == pytest.approx(1)
    assert {len(folds) for _, folds in bagged.members.values()} == {2}


@pytest.fixture
def ended(search, tmp_path):
    """What the end of a study of these trials comes to, and its report."""

    def end(names=("t1", "t0"), objectives=("val_auc",), **asked):
        goals = [Objective(name.lstrip("-"), "min" if "-" in name else "max")
                 for name in objectives]  # fmt: skip
        study = SimpleNamespace(path=tmp_path, stage={"search": search}.get)
        plan = SimpleNamespace(
            study=study, record=SimpleNamespace(objectives=goals), trial_kwargs={"time_limit": 60.0}
        )
        values = {"val_log_loss": 0.5, "predict_seconds": 1.0}
        rows = [
            Row(
                name,
                CONFIGS.get(name, {}),
                {**values, "val_auc": 0.9 - 0.1 * place},
                "completed",
                3,
            )
            for place, name in enumerate(names)
        ]
        given = SimpleNamespace(**{"seed": 0, "time": None, "refit": False, **asked})
        ending = Ensembled(given, load_table(ASKED))
        final = ending.make(plan, rows, rows, Resources(1, 1.0, 0.0), None)
        file = tmp_path / TABLE_REPORT
        kept = json.loads(file.read_text()) if file.exists() else {}
        return ending.name(plan, rows), final, kept.get("report"), kept.get("found")

    return end


def test_an_end_compares_the_linear_model_the_best_pipeline_and_the_ensemble(ended, capsys):
    """Of several objectives the front is weighted, and a cost is nothing to test."""
    name, final, report, found = ended(objectives=("-predict_seconds", "val_auc"))
    assert name == "ensemble of 2 trials with t1 first"
    assert [one["name"] for one in report["compared"]] == [
        "constant", "linear", "best single", "ensemble",
    ]  # fmt: skip
    assert (report["metric"], report["members"]) == ("auc", {"t1": 1.0})
    best = [[json.dumps(CONFIGS["t1"], sort_keys=True), 1.0]]
    assert found == {"best single": best, "ensemble": best}
    (metrics,) = final.metrics
    assert metrics["test_auc"] == report["compared"][-1]["scores"]["auc"]
    assert final.facts["test_auc"] == f"{metrics['test_auc']:.5g}"
    assert (final.verdict, final.failed) == ([], False)
    assert "look 1" in final.found
    final.tell()
    assert "linear" in capsys.readouterr().out
    assert final.model().metrics == metrics


def test_in_time_all_are_fitted_again_and_with_refit_the_best_pipeline_alone_is_the_model(ended):
    asked = {"objectives": ("-val_log_loss",), "refit": True, "time": "since"}
    name, final, report, found = ended(("t0", "t1"), **asked)
    assert name == "refit of 2 trials with t0 first"
    *_, single, _, refitted = report["compared"]
    assert (single["name"], refitted["name"]) == ("best single", "refit")
    assert single["scores"] == refitted["scores"]
    assert (report["metric"], report["members"]) == ("log_loss", {"t0": 1.0})
    assert found["refit"] == found["best single"] != found["ensemble"]
    assert final.metrics[0]["test_auc"] == refitted["scores"]["auc"]


def test_without_a_readable_checkpoint_there_is_no_model(ended):
    assert ended(("torn", "gone"))[1:] == (None, None, None)


def test_the_newest_checkpoint_of_a_trial_is_taken(search):
    found = newest_checkpoints(search, ["t0", "t2"])
    assert {name: kept.path[-6:] for name, kept in found.items()} == {
        "t0": "000002", "t2": "000000",
    }  # fmt: skip
    assert all(isinstance(kept, tune.Checkpoint) for kept in found.values())


def test_a_search_without_checkpoints_has_none(search, tmp_path):
    assert newest_checkpoints(Stage(tmp_path / "nowhere"), ["t0"]) == {}
    (tmp_path / "x_none_0_x" / "logs").mkdir(parents=True)
    (tmp_path / "x_none_0_x" / "checkpoint_note").write_text("")
    assert newest_checkpoints(Stage(tmp_path), ["none"]) == {}
