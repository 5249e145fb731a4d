"""What MLflow gives a registered model of a table, and what it answers."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from automl_on_ray.trainables.tables.registered import TableModel
from automl_on_ray.trainables.tables.registered.table_model import _load_pyfunc
from tests.trainables.tables.fitted_tables import (
    ames,
    ames_frame,
    attrition,
    attrition_frame,
    bagged,
    wine,
)

ROWS = attrition_frame().drop(columns="Attrition").tail(6)
PLAIN = ROWS.astype(dict.fromkeys(ROWS.select_dtypes(["category", "str"]), object))


def classifier():
    return TableModel(bagged(attrition, "linear"))


def test_classes_have_a_label_its_probability_and_that_of_each_class():
    told = classifier().predict(ROWS)
    assert list(told) == ["label", "probability", "P(No)", "P(Yes)"]
    np.testing.assert_array_equal(
        told[["P(No)", "P(Yes)"]].to_numpy(), bagged(attrition, "linear").predict(ROWS)
    )
    assert (told["probability"] == told[["P(No)", "P(Yes)"]].max(axis=1)).all()
    assert (told["label"] == np.where(told["P(Yes)"] > told["P(No)"], "Yes", "No")).all()


def test_of_several_classes_each_has_its_column():
    told = TableModel(bagged(wine, "linear")).predict(wine().test_features)
    assert list(told)[2:] == ["P(barbera)", "P(barolo)", "P(grignolino)"]
    right = told["label"] == np.array(wine().classes)[wine().test_answers]
    assert right.mean() > 0.9


def test_a_regression_has_values():
    told = TableModel(bagged(ames, "linear")).predict(ames_frame().tail(3))
    assert list(told) == ["value"]
    assert told["value"].between(20_000, 800_000).all()


def test_answers_have_the_index_of_the_frame():
    assert list(classifier().predict(ROWS).index) == list(ROWS.index)


@pytest.mark.parametrize(
    "form",
    [
        pa.Table.from_pandas,
        lambda frame: pl.from_pandas(frame).lazy(),
        lambda frame: frame.to_dict(orient="list"),
        lambda frame: frame.to_dict(orient="records"),
        lambda frame: {name: frame[name].to_numpy() for name in frame},
    ],
    ids=["Arrow", "lazy polars", "lists by column", "rows as dicts", "arrays by column"],
)
def test_rows_may_be_given_as_servers_and_other_libraries_have_them(form):
    expected = classifier().predict(ROWS).reset_index(drop=True)
    told = classifier().predict(form(PLAIN)).reset_index(drop=True)
    pd.testing.assert_frame_equal(told, expected)


def test_a_single_row_may_be_a_dict_or_a_series():
    expected = classifier().predict(ROWS.head(1)).to_numpy().tolist()
    assert classifier().predict(PLAIN.iloc[0].to_dict()).to_numpy().tolist() == expected
    assert classifier().predict(PLAIN.iloc[0]).to_numpy().tolist() == expected


@pytest.mark.parametrize("odd", [np.zeros((2, 30)), [[1, 2]], "a.csv", None])
def test_what_has_no_named_columns_is_refused(odd):
    with pytest.raises(ValueError, match="frame with named columns is expected"):
        classifier().predict(odd)


def test_it_is_loaded_from_the_folder_that_it_was_saved_in(tmp_path):
    bagged(attrition, "linear").save(tmp_path)
    pd.testing.assert_frame_equal(
        _load_pyfunc(str(tmp_path)).predict(ROWS), classifier().predict(ROWS)
    )
