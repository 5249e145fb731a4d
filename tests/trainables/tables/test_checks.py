"""Copies, leaks and the target under another name."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.trainables.tables.checks import (
    is_target_again,
    remarks_on_copies,
    remarks_on_leaks,
)

N = 600
RNG = np.random.default_rng(0)
BINARY = RNG.integers(0, 2, N)
CLASSES = RNG.integers(0, 4, N)
NUMBERS = np.exp(RNG.normal(size=N))
NOISE = RNG.normal(size=N)
ANSWERS = {"binary": BINARY, "multiclass": CLASSES, "regression": NUMBERS}


def words(codes):
    return pd.Categorical([None if c < 0 else f"w{c}" for c in codes])


@pytest.mark.parametrize(("values", "task", "again"), [
    (words(BINARY), "binary", True), (words(1 - BINARY), "binary", True),
    (5.0 - BINARY, "binary", True), (np.where(BINARY, 1, np.nan), "binary", True),
    (words((CLASSES + 1) % 4), "multiclass", True), (words(CLASSES // 2), "multiclass", False),
    (words(CLASSES * 2 + BINARY), "multiclass", False), (NOISE, "binary", False),
    (NUMBERS, "regression", True), (3 - 1.8 * NUMBERS, "regression", True),
    (NUMBERS.astype("float32").astype(float), "regression", False),
    (NUMBERS + 1e-3 * NOISE, "regression", False), (NOISE, "regression", False),
    (words(np.arange(N)), "regression", False), (np.ones(N), "regression", False),
    (np.array(["2020-01-01"] * N, "datetime64[ns]"), "regression", False),
])  # fmt: skip
def test_the_target_is_found_by_other_words_and_in_other_units(values, task, again):
    assert is_target_again(values, task, ANSWERS[task]) is again


def leaks(task, **columns):
    return remarks_on_leaks(columns, task, ANSWERS[task], np.arange(N), 0)


FEW = RNG.integers(0, 9, N)
MISSING_FOR_SOME = np.where(RNG.random(N) < 0.995, BINARY * 50 + FEW, -1)
DAYS = (BINARY * 100 + FEW).astype("timedelta64[D]")
LEAKS = {
    "binary": {
        "up": BINARY + 0.1 * NOISE, "inside": np.where(BINARY, np.sign(NOISE), 0.1 * NOISE),
        "words": words(MISSING_FOR_SOME), "date": np.datetime64("2020-01-01", "ns") + DAYS,
    },
    "multiclass": {"up": CLASSES + 0.1 * NOISE, "words": words(CLASSES * 20 + FEW)},
    "regression": {"log": np.log(NUMBERS), "near": NUMBERS * (1 + 1e-4 * NOISE)},
}  # fmt: skip


@pytest.mark.parametrize(
    ("task", "name"), [(task, name) for task, found in LEAKS.items() for name in found]
)
def test_a_column_that_tells_all_is_said_by_name(task, name):
    said = leaks(task, other=NOISE, **{name: LEAKS[task][name]})

    assert len(said) == 1
    assert said[0].startswith(f"Column {name!r} alone predicts the target nearly perfectly (")
    assert said[0].endswith("): if it is known only after the target, leave it out.")


def test_good_columns_are_no_leaks():
    assert leaks("binary", good=BINARY + 0.6 * NOISE, many=words(np.arange(N) // 2)) == []
    assert leaks("multiclass", good=CLASSES + 0.6 * NOISE) == []
    assert leaks("regression", good=NUMBERS + 0.05 * NOISE) == []


def test_categories_that_stand_for_numbers_are_a_leak():
    answers = np.repeat(np.arange(60.0), 10)  # their ranks are whole numbers, and no classes
    columns = {
        "x": words(np.repeat(np.arange(60), 10)),
        "half": words(np.repeat(np.arange(30), 20)),
    }

    said = remarks_on_leaks(columns, "regression", answers, np.arange(600), 0)

    assert [line.partition(" alone")[0] for line in said] == ["Column 'x'"]


def test_columns_with_missing_values_and_classes_of_few_rows_are_looked_at():
    answers = np.append(np.repeat([0, 1], 200), 2)
    column = np.where(np.arange(401) % 10 + answers, answers + 0.0, np.nan)

    said = remarks_on_leaks({"x": column}, "multiclass", answers, np.arange(401), 0)

    assert np.isnan(column).sum() == 20
    assert [line.partition(" alone")[0] for line in said] == ["Column 'x'"]


def test_classes_of_very_few_rows_are_passed_over():
    answers = np.repeat(np.arange(7), 4)

    assert remarks_on_leaks({"x": words(answers)}, "multiclass", answers, np.arange(28), 0) == []


def test_copies_across_the_split_are_counted_with_their_target():
    columns = {
        "number": np.array([1, 2, 3, 1, 2, 3, np.nan, np.nan]),
        "word": pd.Categorical(["a", "b", None, "a", "b", None, "a", "a"]),
    }
    answers = np.array([0, 1, 0, 0, 0, 0, 1, 1])

    said = remarks_on_copies(columns, answers, np.array([0, 1, 2, 6]), np.array([3, 4, 5, 7]))

    assert said == [
        "3 of 4 test rows are in the train part too, alike in all columns: the test's score is "
        "better than that of new rows."
    ]
    assert remarks_on_copies(columns, answers, np.array([0, 1]), np.array([2, 4])) == []
