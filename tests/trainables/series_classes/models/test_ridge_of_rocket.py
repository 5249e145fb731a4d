"""The closed form of leave-one-out is what fits without each row say; so is the ridge itself."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Reference

from automl_on_ray.trainables.series_classes.models.ridge import Ridge, _left, _left_out


@pytest.fixture(params=[(30, 5), (20, 50)], ids=["more rows", "more columns"])
def data(request):
    rng = np.random.default_rng(0)
    rows, columns = request.param
    x = rng.standard_normal((rows, columns))
    labels = (x[:, 0] + 0.3 * rng.standard_normal(rows) > 0).astype(int)
    return (x - x.mean(axis=0)) / x.std(axis=0), labels


def test_the_scores_are_those_of_a_known_ridge(data):
    x, labels = data
    found = Ridge.fit(x, labels, 2, (3.0,))
    targets = np.where(labels[:, None] == np.arange(2), 1.0, -1.0)
    known = Reference(alpha=3.0).fit(x, targets)
    np.testing.assert_allclose(x @ found.weights + found.intercept, known.predict(x), atol=1e-8)


def test_what_a_row_is_told_without_it_is_what_a_fit_without_it_tells(data):
    x, labels = data
    targets = np.where(labels[:, None] == np.arange(2), 1.0, -1.0)
    mean = targets.mean(axis=0)
    left, squares = _left(x)
    told = _left_out(left, squares, left.T @ (targets - mean), targets, mean, 3.0)
    for row in (0, 7, 13):
        rest = np.arange(len(x)) != row
        known = Reference(alpha=3.0).fit(x[rest], targets[rest]).predict(x[[row]])[0]
        np.testing.assert_allclose(told[row], known, atol=1e-8)


def test_probabilities_are_no_surer_than_so_few_rows_allow(data):
    x, labels = data
    told = Ridge.fit(x, labels, 2, (1e-3, 1.0, 1e3)).predict(100 * x)
    assert told.min() >= 0.5 / (len(x) + 1) - 1e-12
