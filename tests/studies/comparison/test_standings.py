"""What runs say: exact expectations, paired differences, the best by what guided the search."""

import itertools
import math
import os
from pathlib import Path

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.comparison.runs import Found, Run
from automl_on_ray.studies.comparison.standings import (
    Judge,
    expected_of_random,
    paired,
    standings,
)
from automl_on_ray.studies.comparison.yardstick import Point, Source

DATA = os.environ.get("AUTOML_TEST_DATA")
POINTS = [Point((3.0,), 30.0), Point((5.0,), 10.0), Point((5.0,), 20.0), Point((1.0,), 90.0),
          Point((4.0,), 50.0)]  # fmt: skip


def judge(runs):
    return Judge((Objective("score"),), POINTS, runs)


def ran(method, seed, found, budget=3):
    return Run(method, budget, seed, budget, found=tuple(Found(*one) for one in found))


@pytest.mark.parametrize("evaluations", [1, 2, 4, 5])
def test_the_expectation_of_random_search_is_the_mean_over_all_orders(evaluations):
    orders = [order[:evaluations] for order in itertools.permutations(POINTS)]
    best = [
        max(order, key=lambda point: point.values[0]) for order in orders
    ]  # of equals, the first
    found = expected_of_random(POINTS, evaluations, 5.0)
    assert found["test"] == pytest.approx(np.mean([point.test for point in best]))
    assert found["regret"] == pytest.approx(np.mean([5.0 - point.values[0] for point in best]))


@pytest.mark.skipif(DATA is None, reason="needs AUTOML_TEST_DATA with nasbench201/")
def test_random_search_has_its_known_expectation_on_the_benchmark():
    path = Path(str(DATA)) / "nasbench201" / "nasbench201.parquet"
    every = Source(str(path), "cifar10", None, None, "accuracy").open().every()
    best = max(point.values[0] for point in every)
    assert round(expected_of_random(every, 100, best)["test"], 3) == 93.731
    assert round(expected_of_random(every, 300, best)["test"], 3) == 93.940


def test_the_best_by_validation_counts_and_not_the_best_test():
    runs = [ran("random", 0, [(1, (1.0,), 90.0), (2, (4.0,), 50.0)])]
    (one,) = standings(judge(runs), runs, "random")
    assert one.scores["test"][0] == 50.0
    assert one.scores["regret"][0] == 1.0


def test_the_best_is_found_in_the_median_and_in_nine_of_ten_runs():
    runs = [ran("a", seed, [(1, (3.0,), 30.0), (seed + 2, (5.0,), 10.0)], 40) for seed in range(18)]
    runs += [ran("a", seed, [(1, (3.0,), 30.0)], 40) for seed in range(18, 20)]
    (one,) = standings(judge(runs), runs, "random")
    assert one.until == (11.0, 19.0)
    (one,) = standings(judge(runs), [*runs, ran("a", 20, [], 40)], "random")
    assert one.until == (12.0, math.inf)


def test_differences_are_taken_seed_by_seed():
    """Both vary much from seed to seed, and one is ahead in each by nearly the same."""
    noise = np.random.default_rng(3).normal(size=40)
    low, high = paired(0.5 + 0.01 * noise)[1:]
    assert 0.49 < low < 0.5 < high < 0.51
    assert paired(noise)[1] == pytest.approx(noise.mean() - 1.96 * noise.std() / 40**0.5, abs=0.05)
    runs = [ran("random", seed, [(1, (value,), None)]) for seed, value in ((0, 1.0), (1, 3.0))]
    runs += [ran("own", seed, [(1, (value,), None)]) for seed, value in ((1, 4.0), (2, 5.0))]
    base, own = standings(judge(runs), runs, "random")
    assert own.ahead["regret"][0] == -1.0  # of seed 1 alone
    assert not base.ahead


def test_runs_that_a_searcher_ended_by_an_error_do_not_count():
    runs = [ran("a", 0, [(1, (3.0,), 30.0)]), Run("a", 3, 1, error="ValueError: odd")]
    (one,) = standings(judge(runs), runs, "random")
    assert one.seeds == 1
