"""Confidence intervals are Student's."""

import math

import pytest
from scipy import stats

from automl_on_ray.studies.results import half_width


@pytest.mark.parametrize("values", [[0.1, 0.3], [0.97, 0.98, 0.96, 0.99], [2.0] * 3])
def test_half_the_width_of_an_interval_is_that_of_students_distribution(values):
    expected = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    assert half_width(values) == pytest.approx(expected, abs=1e-12)


def test_one_seed_tells_of_no_interval():
    assert math.isnan(half_width([0.5]))
    assert math.isnan(half_width([]))
