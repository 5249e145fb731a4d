"""Whether probabilities are right, told by bins of rows."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.tables.test_report.calibration import BINS, calibration_of


def two(probability):
    return np.column_stack([1 - probability, probability])


def test_probabilities_that_are_right_are_off_by_chance_alone():
    generator = np.random.default_rng(0)
    said = generator.uniform(size=20_000)
    true = (generator.uniform(size=20_000) < said).astype(int)
    told = calibration_of(two(said), true, ("no", "yes"))
    assert told.of == "P(yes)"
    assert told.error < 0.02
    inside = [one.low <= one.said <= one.high for one in told.bins]
    assert sum(inside) >= 8
    assert [one.rows for one in told.bins] == [2000] * BINS


def test_a_model_that_is_too_sure_is_off_by_how_much():
    true = np.array([1] * 70 + [0] * 30)
    told = calibration_of(two(np.full(100, 0.9)), true, ("no", "yes"))
    assert told.error == pytest.approx(0.2)
    (one,) = told.bins
    assert (one.said, one.happened, one.rows) == (pytest.approx(0.9), 0.7, 100)
    assert (one.low, one.high) == (pytest.approx(0.604, abs=1e-3), pytest.approx(0.781, abs=1e-3))


def test_of_several_classes_the_answer_s_probability_is_judged():
    given = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.5, 0.4, 0.1]])
    told = calibration_of(given, np.array([0, 1, 2, 1]), ("a", "b", "c"))
    assert told.of == "P(answer)"
    assert sum(one.rows * one.happened for one in told.bins) == 3


def test_of_groups_whose_rows_are_alike_each_counts_once():
    """Of a model that is right; a bin has about 20 groups of 100 rows."""
    generator, covered = np.random.default_rng(0), {"rows": [], "groups": []}
    groups = np.repeat(np.arange(200), 100)
    for _ in range(20):
        said = generator.uniform(size=200)
        true = (generator.uniform(size=200) < said).astype(int)[groups]
        for counted, codes in {"rows": None, "groups": groups}.items():
            told = calibration_of(two(said[groups]), true, ("no", "yes"), codes)
            covered[counted] += [one.low <= one.said <= one.high for one in told.bins]
    assert np.mean(covered["rows"]) < 0.3
    assert np.mean(covered["groups"]) > 0.9


@given(st.integers(0, 1000), st.integers(1, 300), st.integers(1, 400), st.integers(0, 9))
@settings(max_examples=50, deadline=None)
def test_each_row_is_in_one_bin_and_each_share_in_its_interval(seed, rows, values, groups):
    generator = np.random.default_rng(seed)
    said = generator.integers(0, values, rows) / values
    codes = generator.integers(0, groups, rows) if groups else None
    told = calibration_of(two(said), generator.integers(0, 2, rows), ("no", "yes"), codes)
    assert sum(one.rows for one in told.bins) == rows
    assert 1 <= len(told.bins) <= BINS
    assert 0 <= told.error <= 1
    for one in told.bins:
        assert 0 <= one.low <= one.happened <= one.high <= 1
