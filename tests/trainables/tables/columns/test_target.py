"""The target: which task it makes, and when it makes none."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.columns import target_of, times_of


def target(values, task=None):
    return target_of(pd.Series(values, name="y"), task)


def refused(values, task=None):
    with pytest.raises(UserError) as caught:
        target(values, task)
    return str(caught.value)


@pytest.mark.parametrize(("values", "task"), [
    (["no", "yes"] * 3, "binary"), ([True, False] * 3, "binary"), ([0, 1] * 3, "binary"),
    ([0.0, 1.0] * 3, "binary"), ([1.5, 2.5] * 3, "regression"),
    ([1, 2, 3] * 3, "multiclass"), (["a", "b", "c"] * 3, "multiclass"),
    (list(range(20)) * 2, "multiclass"), (list(range(21)) * 2, "regression"),
    (["1.5", "2", "7,000"], "regression"), (["1,5", "2,5"], "regression"),
], ids=str)  # fmt: skip
def test_the_task_is_found(values, task):
    assert target(values).task == task


def test_a_given_task_counts_more():
    assert target([1, 2, 3] * 3, "regression").answers.tolist() == [1, 2, 3] * 3
    assert target([1.5, 2.5, 3.5] * 3, "multiclass").classes == ("1.5", "2.5", "3.5")


def test_classes_are_in_order_of_the_alphabet_or_of_numbers():
    assert target(["b", "a", "a", "b"]).classes == ("a", "b")
    assert target(["b", "a", "a", "b"]).answers.tolist() == [1, 0, 0, 1]
    assert target([10, 9, 10, 9]).classes == ("9", "10")
    assert target([10, 9, 10, 9]).answers.tolist() == [1, 0, 1, 0]


def test_rows_without_a_target_are_not_known():
    found = target(["a", None, "b", "a", "NA", "b"])

    assert found.known.tolist() == [True, False, True, True, False, True]
    assert found.answers.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(("values", "task", "message"), [
    ([None, None], None, "The target 'y' is missing in all rows."),
    ([3, 3, None], None, "The target 'y' is '3' in all rows, so there is nothing to learn."),
    ([1.5, np.inf, 2], None,
     "The target 'y' is infinite in some rows; leave them out, or give them a number."),
    (["a", "a", "b"], None,
     "The target 'y' has 1 of 2 classes with one row only, such as 'b': it can be learned or "
     "tested, not both. Leave these rows out or join classes."),
    (["a", "b", "b"], "regression", "The target 'y' cannot be a regression's: 'a' is no number."),
    (["a", "b", "c"] * 2, "binary",
     "The target 'y' has 3 classes; binary is for 2, multiclass for more."),
    (["a", "b"] * 2, "multiclass", "The target 'y' has 2 classes; give --task binary."),
    ([[1], [2]], None, "The target 'y' cannot be predicted: it holds lists."),
    (pd.to_datetime(["2020-01-01", "2021-01-01"]), None,
     "The target 'y' holds dates; give a number, such as the days until then, or --task "
     "multiclass if they are classes."),
    (["2020-01-01", "2021-01-01"], "regression",
     "The target 'y' holds dates; give a number, such as the days until then, or --task "
     "multiclass if they are classes."),
    (pd.to_timedelta(["1 min", "2 min"]), None,
     "The target 'y' holds durations; give a number, such as their seconds."),
    ([2**62 + i for i in range(30)], None,
     "The target 'y' goes from 4.61169e+18 to 4.61169e+18, which is too little or too much for a "
     "model; give it in another unit, or less what all rows have."),
    ([0.5, -1.7e308, 1.7e308], None,
     "The target 'y' goes from -1.7e+308 to 1.7e+308, which is too little or too much for a "
     "model; give it in another unit, or less what all rows have."),
    ([1, 2], "regresion",
     "Unknown task 'regresion'. Did you mean 'regression'? There are: binary, multiclass, "
     "regression."),
], ids=lambda value: str(value)[:20])  # fmt: skip
def test_what_cannot_be_predicted_is_refused(values, task, message):
    assert refused(values, task) == message


def test_dates_may_be_classes_where_the_task_says_so():
    made = target_of(pd.Series(["2020-01", "2020-02", "2020-03"] * 2, name="y"), "multiclass")
    assert made.classes == ("2020-01", "2020-02", "2020-03")


def test_times_are_dates_or_numbers():
    moments, known = times_of(pd.Series(["2020-01-02", None, "2020-01-01"], name="t"))
    assert known.tolist() == [True, False, True]
    assert moments[0] > moments[2]
    assert times_of(pd.Series(np.arange(30), name="t"))[0].tolist() == list(range(30))


@pytest.mark.parametrize(("values", "message"), [
    (["early", "late"], "The time 't' must hold dates or numbers, but holds 'early'."),
    (["13:45", "9:00"], "The time 't' holds times of the day without a date."),
    ([3, 3], "The time 't' cannot order the rows: it has one value only."),
    (["31/1/2020", "1/31/2020"], "The time 't' cannot order the rows: its dates have the day first "
     "in some rows and the month first in others."),
], ids=str)  # fmt: skip
def test_times_that_cannot_order_rows_are_refused(values, message):
    with pytest.raises(UserError) as caught:
        times_of(pd.Series(values, name="t"))
    assert str(caught.value) == message
