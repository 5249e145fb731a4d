"""Intervals over series, in pairs."""

import numpy as np
import pytest

from automl_on_ray.studies.forecasting.intervals import Interval, Parts, intervals_of

RNG = np.random.default_rng(0)
HARD = RNG.gamma(2, size=400)  # series that are hard for all


def mean_of(values):
    return Parts(np.asarray(values, float), np.ones(len(values)))


def test_an_interval_of_a_mean_is_that_of_its_standard_error():
    (found,) = intervals_of({"a": mean_of(HARD)})[0].values()
    error = HARD.std() / np.sqrt(len(HARD))
    assert found.value == pytest.approx(HARD.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_a_difference_in_pairs_is_sure_where_the_two_alone_are_not():
    alone, pairs = intervals_of({"a": mean_of(HARD + 0.05), "b": mean_of(HARD)})
    assert alone["a"].low < alone["b"].high
    assert pairs["a", "b"].low == pytest.approx(0.05)
    assert pairs["b", "a"].high == pytest.approx(-0.05)


def test_a_ratio_of_sums_is_drawn_as_one():
    weights = RNG.gamma(2, size=400)
    (found,) = intervals_of({"a": Parts(3 * weights, weights)})[0].values()
    assert (found.value, found.low, found.high) == pytest.approx((3, 3, 3))
    small = weights / 1e6
    (found,) = intervals_of({"a": Parts(3 * small, small)})[0].values()
    assert (found.value, found.low, found.high) == pytest.approx((3, 3, 3))


def test_the_same_seed_draws_the_same():
    assert intervals_of({"a": mean_of(HARD)}, 3) == intervals_of({"a": mean_of(HARD)}, 3)


def test_of_one_series_nothing_is_drawn():
    alone, pairs = intervals_of({"a": mean_of([1.5]), "b": mean_of([1.0])})
    assert alone["a"] == Interval(1.5)
    assert pairs["a", "b"] == Interval(0.5)
