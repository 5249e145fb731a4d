"""The front of two values, and the area under it."""

import pytest
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking.reports import Front, hypervolume
from automl_on_ray.tracking.trial_states import Trials

METRICS = ("score", "cost", "size")
POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=20)


@given(POINTS)
def test_the_front_is_what_no_other_dominates(points):
    front = Front()
    for point in points:
        front.add(*point)
    expected = {
        (x, y)
        for x, y in points
        if not any(a >= x and b >= y and (a, b) != (x, y) for a, b in points)
    }
    assert set(front.points) == expected
    assert len(front.points) == len(expected)
    assert front.worst == (min(x for x, _ in points), min(y for _, y in points))


@given(POINTS)
def test_the_hypervolume_is_the_number_of_unit_squares_below_the_points(points):
    squares = {(i, j) for x, y in points for i in range(1, x) for j in range(1, y)}
    assert hypervolume(points, (1, 1)) == len(squares)


@given(POINTS)
def test_only_points_that_change_the_front_change_the_area(points):
    front = Front()
    for point in points:
        before = hypervolume(front.points, (0, 0))
        if not front.add(*point):
            assert hypervolume([*front.points, point], (0, 0)) == before
        assert hypervolume(front.points, (0, 0)) >= before


def test_trials_as_they_end_make_a_hypervolume_that_only_grows():
    trials = Trials((Objective("score"), Objective("cost", "min"), Objective("size")))
    values = [(0.5, 5.0), (0.9, 9.0), (0.7, 6.0), (0.6, 9.0), (0.1, 20.0)]
    found = []
    for number, (score, cost) in enumerate(values):
        told = {"run": f"t{number}", "config": {}, "t": 0}
        trials.apply({**told, "metrics": {"score": score, "cost": cost, "size": 1.0}})
        assert trials.hypervolume() == (found[-1] if found else None)  # it is still running
        trials.apply({**told, "ended": True, "tags": {"automl.outcome": "completed"}})
        found.append(trials.hypervolume())
    told = {"run": "beyond", "config": {}, "t": 0, "metrics": dict.fromkeys(METRICS, 99.0)}
    trials.apply({**told, "ended": True, "tags": {"automl.outcome": "infeasible"}})
    # Only the third is better than the worst in both; the last one moves the worst away.
    assert found == pytest.approx([0, 0, 0.2 * 3, 0.2 * 3, 0.4 * 15 + 0.2 * 14 + 0.2 * 11])
    assert trials.hypervolume() == found[-1]


def test_one_objective_has_no_hypervolume():
    trials = Trials((Objective("score"),))
    trials.apply({"run": "t", "config": {}, "t": 0, "metrics": {"score": 1.0}, "ended": True})
    assert trials.hypervolume() is None
