"""The one look at the test part of real tables."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from automl_on_ray.trainables.tables import (
    LINEAR_CONFIG,
    Bagged,
    blended,
    give_table,
    load_table,
    refit,
    scores,
    select,
    single,
)
from automl_on_ray.trainables.tables.test_report import (
    ENSEMBLE,
    LINEAR,
    SINGLE,
    TableReport,
    Tried,
    lines_of,
    look_at_test,
)
from automl_on_ray.trainables.tables.test_report.look import constant
from tests.trainables.tables.fitted_tables import CONFIGS, ames, attrition, out_of_fold

NAMES = ("linear", "boosting")


@pytest.fixture(scope="module")
def looked():
    """The report on attrition, with what it was made of."""
    table = attrition()
    found = {name: out_of_fold(table, name) for name in NAMES}
    told = {name: predictions for name, (_, predictions) in found.items()}
    weights = select(told, table.answers, loss="auc")
    kinds = {"classes": table.classes, "kinds": table.kinds, "formats": table.formats}
    models = {
        LINEAR: single(table, "l", refit(table, LINEAR_CONFIG)),
        SINGLE: Bagged({"boosting": (1.0, found["boosting"][0])}, **kinds),
        ENSEMBLE: Bagged({n: (w, found[n][0]) for n, w in weights.items()}, **kinds),
    }
    tried = [
        Tried(name, CONFIGS[name], scores(table.task, table.answers, told[name])["auc"])
        for name in NAMES
    ]
    report = look_at_test(
        table, {name: model.predict for name, model in models.items()},
        metric="auc", tried=tried, members=weights, seconds=1e9,
    )  # fmt: skip
    return report, models


def test_each_way_to_answer_has_its_score_on_the_test_rows(looked):
    report, models = looked
    table = attrition()
    assert [one.name for one in report.compared] == ["constant", LINEAR, SINGLE, ENSEMBLE]
    for name, model in models.items():
        told = model.predict(table.test_features)[:, 1]
        found = report.named(name)
        assert found.interval.value == pytest.approx(sk.roc_auc_score(table.test_answers, told))
        assert found.interval.low < found.interval.value < found.interval.high
        assert found.seconds > 0
    assert report.named("constant").interval == (0.5, 0.5, 0.5)
    assert report.rows == len(table.test_answers)


def test_gains_are_in_pairs_of_the_same_rows_and_positive_where_it_is_better(looked):
    report, _ = looked
    last, linear = report.named(ENSEMBLE), report.named(LINEAR)
    gain = last.gain_over[LINEAR]
    assert gain.value == pytest.approx(last.interval.value - linear.interval.value)
    assert gain.low < gain.value < gain.high
    apart = linear.interval.high - linear.interval.low
    assert gain.high - gain.low < apart
    assert last.gain_over["constant"].low > 0
    assert report.named("constant").gain_over == {}


def test_all_columns_are_measured_and_one_that_matters_is_found(looked):
    report, _ = looked
    assert {one.column for one in report.importance} == set(attrition().kinds)
    assert report.not_measured == ()
    assert "OverTime" in [one.column for one in report.importance[:3]]
    assert [one.loss for one in report.importance] == sorted(
        (one.loss for one in report.importance), reverse=True
    )


def test_the_report_is_json_and_has_words(looked):
    report, _ = looked
    assert TableReport.of(json.loads(json.dumps(report.as_dict()))) == report
    assert len(lines_of(report)) > 8
    assert report.metrics()["test_auc"] == report.named(ENSEMBLE).scores["auc"]


def test_confusion_and_calibration_count_every_test_row(looked):
    report, _ = looked
    assert sum(map(sum, report.confusion.counts)) == report.rows
    assert sum(one.rows for one in report.calibration.bins) == report.rows
    right = sum(row[at] for at, row in enumerate(report.confusion.counts))
    assert right / report.rows == pytest.approx(report.named(ENSEMBLE).scores["accuracy"])


def test_without_time_for_importance_columns_are_named_that_were_not_measured():
    table = attrition()
    model = single(table, "l", refit(table, LINEAR_CONFIG))
    report = look_at_test(
        table, {ENSEMBLE: model.predict}, metric="log_loss", members={}, seconds=-1
    )
    assert report.importance == ()
    assert set(report.not_measured) == set(table.kinds)
    assert report.better == "min"


def test_only_columns_that_tell_something_are_important():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({f"noise{i}": generator.normal(size=900) for i in range(3)})
    frame["x"] = generator.normal(size=900)
    frame["word"] = generator.choice(["a", "b", "c"], 900)
    frame["y"] = 2 * frame["x"] + (frame["word"] == "a") + generator.normal(0, 0.3, 900)
    table = load_table({"dataset": give_table(frame), "target": "y", "folds": 2})
    model = single(table, "l", refit(table, LINEAR_CONFIG))
    report = look_at_test(
        table, {LINEAR: model.predict, ENSEMBLE: model.predict},
        metric="rmse", members={}, seconds=1e9,
    )  # fmt: skip
    assert [one.column for one in report.importance[:2]] == ["x", "word"]
    found = {one.column: one for one in report.importance}
    assert found["word"].low > 0.05
    assert all(abs(found[f"noise{i}"].loss) < 0.02 for i in range(3))
    assert report.named(ENSEMBLE).gain_over[LINEAR] == (0, 0, 0)
    assert report.named(ENSEMBLE).gain_over["constant"].low > 1
    assert report.calibration is report.confusion is None
    true, said = np.array(report.points).T
    assert np.corrcoef(true, said)[0, 1] > 0.95


def test_of_rows_in_groups_whole_groups_are_drawn():
    """Of 60 sites: what a column tells, and how far the target is off, is of the site."""
    generator = np.random.default_rng(0)
    site = np.repeat(np.arange(60), 40)
    frame = pd.DataFrame({"x": generator.normal(size=len(site)), "site": site})
    noise = generator.normal(size=60)[site] + 0.5 * generator.normal(size=len(site))
    frame["y"] = (1 + 0.5 * noise) * frame["x"] + noise
    asked = {"dataset": give_table(frame), "target": "y", "folds": 2, "group": "site"}
    table = load_table(asked)
    model = single(table, "l", refit(table, LINEAR_CONFIG))
    drawn, by_rows = (
        look_at_test(own, {LINEAR: model.predict}, metric="mae", members={}, seconds=1e9)
        for own in (table, replace(table, test_groups=None))
    )
    assert (drawn.group, drawn.groups, by_rows.groups) == ("site", 12, None)
    for one, other in zip(drawn.compared, by_rows.compared, strict=True):
        assert one.interval.value == other.interval.value
        assert width(one.interval) > 2 * width(other.interval)
    assert width(drawn.importance[0]) > 1.5 * width(by_rows.importance[0])


def width(one):
    return one.high - one.low


@pytest.mark.parametrize(("metric", "of"), [("rmse", np.mean), ("r2", np.mean), ("mae", np.median)])
def test_the_constant_of_a_regression_is_the_best_that_training_rows_tell(metric, of):
    table = ames()
    assert set(constant(table, metric)) == {of(table.answers)}


def test_the_constant_of_classes_are_their_shares():
    table = attrition()
    told = constant(table, "log_loss")
    np.testing.assert_allclose(told[0], np.bincount(table.answers) / len(table.answers))
    assert told.shape == (len(table.test_answers), 2)


def test_an_ensemble_answers_as_its_members_blended_would():
    table = attrition()
    found = {name: out_of_fold(table, name) for name in NAMES}
    weights = {"linear": 0.75, "boosting": 0.25}
    model = Bagged(
        {name: (weight, found[name][0][:1]) for name, weight in weights.items()},
        classes=table.classes, kinds=table.kinds, formats=table.formats,
    )  # fmt: skip
    parts = {name: found[name][0][0].predict(table.test_features) for name in NAMES}
    np.testing.assert_allclose(model.predict(table.test_features), blended(parts, weights))
