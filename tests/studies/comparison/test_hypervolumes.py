"""The dominated volume, against counting points of a grid, in two and three objectives."""

import numpy as np
import pytest

from automl_on_ray.studies.comparison.hypervolumes import Box
from automl_on_ray.tracking.reports import front_of, volume


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_the_volume_is_the_share_of_a_grid_that_some_point_dominates(objectives):
    points = np.random.default_rng(objectives).integers(1, 8, size=(9, objectives))
    cells = np.stack(np.meshgrid(*[np.arange(8)] * objectives), axis=-1).reshape(-1, objectives)
    dominated = (cells[:, None] < points[None]).all(2).any(1).sum()
    assert volume([tuple(map(float, point)) for point in points]) == pytest.approx(dominated)


def test_a_front_is_what_no_other_matches_in_all():
    values = [(1.0, 5.0), (2.0, 5.0), (3.0, 1.0), (3.0, 1.0), (2.5, 0.5)]
    assert sorted(front_of(values)) == [(2.0, 5.0), (3.0, 1.0)]


def test_a_share_is_of_the_whole_front_from_the_reference():
    box = Box([(0.0, 4.0), (4.0, 0.0), (3.0, 3.0)], (-1.0, -1.0))
    assert box.share([(0.0, 4.0), (4.0, 0.0), (3.0, 3.0)]) == 1.0
    assert box.share([(3.0, 3.0)]) == pytest.approx(16 / 18)
    assert box.share([(-2.0, 9.0)]) == 0.0
    assert Box([(0.0, 10.0), (10.0, 0.0)]).reference.tolist() == [-1.0, -1.0]
