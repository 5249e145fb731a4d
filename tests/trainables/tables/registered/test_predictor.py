"""Fold models, bagged and weighted: what they take, and that a folder keeps them as they are."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.tables import Bagged
from automl_on_ray.trainables.tables.registered import predictor
from tests.trainables.tables.fitted_tables import ames, attrition, attrition_frame, bagged, wine

MODEL = (attrition, "linear", "boosting")


def raw(rows=40):
    return attrition_frame().drop(columns="Attrition").tail(rows)


def test_it_is_the_weighted_mean_of_its_members_and_each_of_these_of_its_folds():
    model, table = bagged(*MODEL), attrition()
    (first, one), (second, two) = model.members.values()
    parts = [
        np.mean([fold.predict(table.test_features) for fold in folds], axis=0)
        for folds in (one, two)
    ]
    told = model.predict(table.test_features)
    np.testing.assert_allclose(told, first * parts[0] + second * parts[1])
    np.testing.assert_allclose(told.sum(axis=1), 1)
    assert (first, second) == pytest.approx((2 / 3, 1 / 3))


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (attrition, ("linear", "boosting")),
        (attrition, ("bent", "extra_trees")),
        (wine, ("linear", "extra_trees")),
        (ames, ("linear", "boosting")),
    ],
    ids=["two classes", "made columns", "three classes", "values"],
)
def test_what_is_loaded_from_a_folder_predicts_the_same_to_the_last_digit(table, names, tmp_path):
    model = bagged(table, *names)
    model.save(tmp_path / "model")
    again = Bagged.load(tmp_path / "model")
    features = table().test_features
    np.testing.assert_array_equal(again.predict(features), model.predict(features))
    assert (again.classes, again.kinds, again.formats) == (
        model.classes, model.kinds, model.formats,
    )  # fmt: skip
    assert list(again.members) == list(model.members)


def test_a_folder_holds_json_and_formats_that_cannot_run_code_alone(tmp_path):
    bagged(*MODEL).save(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".skops"}
    told = json.loads((tmp_path / "model.json").read_text())
    assert [one["folds"] for one in told["members"]] == [2, 2]


def in_other_order(frame):
    return frame[list(frame.columns[::-1])]


SAME = {
    "columns in another order": in_other_order,
    "columns beside": lambda frame: frame.assign(more=1, Attrition="No"),
    "categories as pandas has them": lambda frame: frame.astype(
        dict.fromkeys(frame.select_dtypes("object"), "category")
    ),
    "numbers as texts": lambda frame: frame.astype(dict.fromkeys(["Age", "DailyRate"], str)),
    "numbers of few bits": lambda frame: frame.astype({"Age": "int8", "DailyRate": "float32"}),
    "an index of words": lambda frame: frame.set_index(pd.Index(map(str, frame.index))),
    "categories with blanks around": lambda frame: frame.assign(
        OverTime=" " + frame["OverTime"].astype(str) + " "
    ),
}


@pytest.mark.parametrize("form", SAME.values(), ids=SAME.keys())
def test_the_same_rows_in_another_form_have_the_same_answers(form):
    model = bagged(*MODEL)
    np.testing.assert_allclose(model.predict(form(raw())), model.predict(raw()))


ODD = {
    "an unknown category": {"JobRole": "astronaut"},
    "missing words": {"JobRole": None, "OverTime": np.nan},
    "missing numbers": {"Age": np.nan, "DailyRate": None},
    "infinite numbers": {"Age": np.inf, "DailyRate": -np.inf},
    "numbers beyond all that were seen": {"Age": 1e12, "DailyRate": -1e12},
    "all missing": dict.fromkeys(raw().columns),
}


@pytest.mark.parametrize("values", ODD.values(), ids=ODD.keys())
def test_odd_values_have_an_answer(values):
    told = bagged(*MODEL).predict(raw().assign(**values))
    assert told.shape == (40, 2)
    assert np.isfinite(told).all()


# One row stays good: a column without any value of its kind is refused.
WILD = ["", "?", "NA", "astronaut", None, np.nan, np.inf, -1e300, 0, True, "1,234", "2020-01-01"]


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 29), st.sampled_from(WILD))))
@settings(max_examples=15)
def test_wild_values_among_good_ones_have_an_answer_and_change_no_other_row(cells):
    frame = raw(10).astype(object).reset_index(drop=True)
    expected = bagged(*MODEL).predict(frame)
    for row, column, value in cells:
        frame.iat[row, column] = value
    told = bagged(*MODEL).predict(frame)
    assert np.isfinite(told).all()
    same = sorted(set(range(10)) - {row for row, _, _ in cells})
    np.testing.assert_allclose(told[same], expected[same])


def test_a_row_has_the_same_answer_whichever_rows_are_beside_it(monkeypatch):
    model = bagged(*MODEL)
    together = model.predict(raw(8))
    alone = np.concatenate([model.predict(raw(8).iloc[[row]]) for row in range(8)])
    monkeypatch.setattr(predictor, "BLOCK", 3)
    np.testing.assert_allclose(alone, together)
    np.testing.assert_allclose(model.predict(raw(8)), together)


@pytest.mark.parametrize(("table", "shape"), [(attrition, (0, 2)), (ames, (0,))])
def test_no_rows_have_no_answers(table, shape):
    assert bagged(table, "linear", "boosting").predict(table().features.head(0)).shape == shape


def test_missing_columns_are_refused_by_name():
    with pytest.raises(ValueError, match="has no column 'Age', 'JobRole'"):
        bagged(*MODEL).predict(raw().drop(columns=["JobRole", "Age"]))


def test_a_column_of_another_kind_is_refused_by_name():
    with pytest.raises(ValueError, match="Column 'Age' must hold numbers, but holds 'old'"):
        bagged(*MODEL).predict(raw().assign(Age="old"))


def test_a_column_that_is_there_twice_is_refused_by_name():
    with pytest.raises(ValueError, match="several columns called 'Age'"):
        bagged(*MODEL).predict(pd.concat([raw(), raw()[["Age"]]], axis=1))


def test_a_model_has_a_member_at_least():
    with pytest.raises(ValueError, match="a member at least"):
        Bagged({}, classes=("a", "b"), kinds={})
