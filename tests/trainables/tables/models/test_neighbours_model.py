"""Of more rows than it keeps, the nearest neighbours are the newest ones, or any."""

import numpy as np
import pytest

from automl_on_ray.trainables.tables.models import FitSettings, create_model
from automl_on_ray.trainables.tables.models.neighbours_model import MOST_ROWS
from tests.trainables.tables.pipelines import config

ROWS = MOST_ROWS + 5_000
ONE = {**config("neighbours"), "neighbours_count": 1}


@pytest.fixture
def places():
    """Each row is its own place on a line, so an exact answer tells that it was kept."""
    return np.arange(ROWS, dtype=float)[:, None]


def kept(places, settings):
    """Of every 100th row, which it knows."""
    some = places[::100]
    return create_model(ONE, settings).fit(places, places[:, 0]).predict(some) == some[:, 0]


def test_in_time_the_newest_rows_are_kept(places):
    known = kept(places, FitSettings("regression", in_time=True))
    np.testing.assert_array_equal(known, places[::100, 0] >= ROWS - MOST_ROWS)


def test_else_any_rows_are_kept(places):
    known = kept(places, FitSettings("regression"))
    early, late = np.split(known, 2)
    assert early.mean() == pytest.approx(0.8, abs=0.15)
    assert late.mean() == pytest.approx(0.8, abs=0.15)


def test_else_classes_have_their_share(places):
    y = np.arange(ROWS) % 10 // 9
    fitted = create_model(ONE, FitSettings("binary", 2)).fit(places, y)
    assert np.mean(fitted.estimator._y) == pytest.approx(0.1, abs=1e-4)
