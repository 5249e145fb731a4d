"""What the end of a study of a table fits again, and what it does without."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.clusters import Resources
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.tables.finish import Ensembled, _Fits
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.trainables.tables import (
    LINEAR_CONFIG,
    Bagged,
    FittedPipeline,
    Table,
    load_table,
)
from automl_on_ray.trainables.tables.models import FitSettings
from tests.trainables.tables.fitted_tables import wine


def test_a_model_to_compare_with_that_takes_too_long_is_left_out_with_a_warning(capsys):
    fits = _Fits(wine(), seed=0, time_limit=0.0, resources=Resources(slots=1, cpus=1, gpus=0))
    assert fits.fit("linear", "linear", LINEAR_CONFIG) == {}
    told = " ".join("".join(capsys.readouterr()).split())
    assert "There is no linear model to compare with: The fit of linear took longer" in told


def test_a_model_to_compare_with_answers_for_the_test_rows():
    fits = _Fits(wine(), seed=0, time_limit=300, resources=Resources(slots=1, cpus=1, gpus=0))
    found = fits.fit("linear", "t_1", LINEAR_CONFIG)
    assert list(found["linear"].members) == ["t_1"]
    assert found["linear"].predict(wine().test_features).shape == (len(wine().test_answers), 3)


@pytest.fixture(scope="module")
def changing():
    """A table in time. The column `late` begins to matter after the last fold's rows to fit."""
    generator = np.random.default_rng(0)
    late = np.where(np.arange(500) > 300, generator.normal(size=500), 0.0)
    frame = pd.DataFrame({
        "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(500), "D"),
        "late": late, "always": generator.normal(size=500),
    })  # fmt: skip
    frame["y"] = frame["always"] + 5 * frame["late"]
    asked = {"dataset": "y", "frame": frame, "target": "y", "time": "day", "folds": 2}
    return load_table(asked)


def of_folds(table: Table, weights: dict[str, float]) -> Bagged:
    settings = FitSettings("regression", in_time=True)
    folds = [
        FittedPipeline.fit(LINEAR_CONFIG, table.features.iloc[rows], table.answers[rows], settings)
        for rows, _ in table.folds
    ]
    members = {trial: (weight, folds) for trial, weight in weights.items()}
    return Bagged(members, classes=(), kinds=table.kinds, formats=table.formats)


def error_of(model: Bagged, table: Table) -> float:
    return float(np.sqrt(np.mean((model.predict(table.test_features) - table.test_answers) ** 2)))


def test_in_time_members_are_fitted_again_and_know_the_last_training_rows(changing):
    fits = _Fits(changing, seed=0, time_limit=300, resources=Resources(slots=1, cpus=1, gpus=0))
    before = {"ensemble": of_folds(changing, {"a": 0.75, "b": 0.25})}
    other = {**LINEAR_CONFIG, "linear_c": 0.5}
    after = fits.again(before, {"a": LINEAR_CONFIG, "b": other, "c": {}})["ensemble"]
    assert {trial: (w, len(of)) for trial, (w, of) in after.members.items()} == {
        "a": (0.75, 1), "b": (0.25, 1),
    }  # fmt: skip
    assert error_of(before["ensemble"], changing) > 3
    assert error_of(after, changing) < 1


def test_a_member_that_cannot_be_fitted_again_is_left_out_with_a_warning(changing, capsys):
    fits = _Fits(changing, seed=0, time_limit=300, resources=Resources(slots=1, cpus=1, gpus=0))
    odd = {**LINEAR_CONFIG, "linear_c": -1.0}
    before = {
        "best single": of_folds(changing, {"b": 1.0}),
        "ensemble": of_folds(changing, {"a": 0.5, "b": 0.25, "c": 0.25}),
    }
    after = fits.again(before, {"a": LINEAR_CONFIG, "b": odd, "c": LINEAR_CONFIG})
    weights = {trial: weight for trial, (weight, _) in after["ensemble"].members.items()}
    assert weights == pytest.approx({"a": 2 / 3, "c": 1 / 3})
    assert after["best single"] is before["best single"]
    told = " ".join("".join(capsys.readouterr()).split())
    assert told.count("Trial b is left out: The fit of linear failed") == 1
    assert "The best single model stays with its fold models" in told


def test_the_same_configs_are_shown_as_they_were_tested_and_others_are_another_look(tmp_path):
    fits = _Fits(wine(), seed=0, time_limit=300, resources=Resources(slots=1, cpus=1, gpus=0))
    record = SimpleNamespace(objectives=(Objective("val_auc"),))
    plan = SimpleNamespace(study=SimpleNamespace(path=tmp_path), record=record)
    other = {**LINEAR_CONFIG, "linear_c": 0.5}

    def look(configs):
        rows = [Row(trial, own, {"val_auc": 0.9}, "completed", 3) for trial, own in configs.items()]
        answering = {}
        for trial, own in configs.items():
            answering |= fits.fit("ensemble", trial, own)
        return Ensembled(SimpleNamespace(seed=0), wine())._tested(plan, rows, answering, fits)

    first = look({"a": LINEAR_CONFIG})
    assert look({"later": LINEAR_CONFIG}) == first
    assert look({"a": other}).number == 2
