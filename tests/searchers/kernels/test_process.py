"""The Gaussian process: its posterior, its parameters, what improvement it expects, its targets."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import integrate, stats

from automl_on_ray.searchers.kernels import (
    Kernel,
    Posterior,
    expected_improvement,
    fitted,
    targets,
)
from automl_on_ray.searchers.kernels.process import NOISES, SCALES
from automl_on_ray.searchers.members import Judged

KERNEL = Kernel((0.5, 2.0), 0.1)


def distances(one, other):
    """Squared, of each column as a part: (parts, n, m)."""
    return (one.T[:, :, None] - other.T[:, None, :]) ** 2


def data(count, seed=0):
    generator = np.random.default_rng(seed)
    points = generator.random((count, 2)) * 3
    return points, np.sin(points.sum(1)) + 0.1 * generator.standard_normal(count)


def dense(kernel, points, values, asked):
    """The posterior by inverses, as textbooks write it: mean, covariance."""
    at, across, among = (kernel(distances(*pair)) for pair in
                         ((points, points), (points, asked), (asked, asked)))  # fmt: skip
    inverse = np.linalg.inv(at + kernel.noise * np.eye(len(points)))
    variance = values @ inverse @ values / len(points)
    return across.T @ inverse @ values, variance * (among - across.T @ inverse @ across)


def test_the_posterior_is_that_of_a_dense_reference():
    points, values = data(20)
    asked = data(9, seed=1)[0]
    mean, covariance = dense(KERNEL, points, values, asked)
    posterior = Posterior(KERNEL, distances(points, points), values)
    across = distances(points, asked)
    assert posterior.mean(across) == pytest.approx(mean, abs=1e-10)
    assert posterior.deviation(across) == pytest.approx(np.sqrt(np.diag(covariance)), abs=1e-8)


def test_draws_have_the_posteriors_mean_and_covariance():
    points, values = data(12)
    asked = data(3, seed=1)[0]
    posterior = Posterior(KERNEL, distances(points, points), values)
    mean, covariance = dense(KERNEL, points, values, asked)
    generator = np.random.default_rng(0)
    across, among = distances(points, asked), distances(asked, asked)
    draws = np.array([posterior.draw(across, among, generator) for _ in range(4000)])
    assert draws.mean(0) == pytest.approx(mean, abs=5 * np.sqrt(covariance.max() / 4000))
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.1 * covariance.max())


def test_the_likeliest_scale_and_noise_of_the_grid_are_found():
    points, values = data(40)
    points = points[:, :1]

    def likelihood(scale, noise):
        kernel = Kernel((scale,), noise)
        covariance = kernel(distances(points, points)) + noise * np.eye(40)
        covariance *= values @ np.linalg.inv(covariance) @ values / 40
        return stats.multivariate_normal.logpdf(values, np.zeros(40), covariance)

    apart = distances(points, points)
    median = np.median(apart[apart > 0])
    grid = [(scale * median, noise) for scale in SCALES for noise in NOISES]
    best = max(grid, key=lambda pair: likelihood(*pair))
    found = fitted(None, apart, values)
    assert (found.scales[0], found.noise) == best


def test_each_part_finds_a_scale_of_its_own():
    generator = np.random.default_rng(0)
    points = generator.random((60, 2)) * 2
    values = np.sin(6 * points[:, 0]) + 0.01 * points[:, 1]
    found = fitted(None, distances(points, points), values)
    assert found.scales[0] < 0.2  # of sin(6 x)
    assert found.scales[1] > 1


def test_results_without_any_order_leave_neighbours_related():
    """Else the first results, if they look like noise, would be the last that are learned from."""
    generator = np.random.default_rng(0)
    points = generator.random((30, 2))
    apart = distances(points, points)
    found = fitted(None, apart, generator.standard_normal(30))
    assert min(found.scales) >= 0.1 * np.median(apart[apart > 0])
    assert fitted(None, np.zeros((1, 3, 3)), np.zeros(3)).scales[0] > 0  # all alike


@given(st.floats(-3, 3), st.floats(0.05, 3), st.floats(-3, 3))
def test_expected_improvement_is_its_integral(mean, deviation, best):
    def gain(value):
        return (value - best) * stats.norm.pdf(value, mean, deviation)

    high = max(best, mean) + 12 * deviation
    expected = integrate.quad(gain, best, high, points=[mean] if mean > best else None)[0]
    found = expected_improvement(np.array([mean]), np.array([deviation]), best)
    assert found[0] == pytest.approx(expected, abs=1e-7)


WHOLE = math.inf
ONE = np.ones(1)


def judged(*values, standing=WHOLE):
    return Judged({}, standing, tuple(map(float, values)))


def test_targets_are_quantiles_of_ranks_with_the_failed_at_the_end():
    told = [
        judged(5),
        judged(standing=-1),
        judged(-1e9),
        judged(9, standing=2),
        judged(standing=-1),
    ]
    found = targets(told, ONE)
    order = [1, 4, 3, 2, 0]  # failed, failed, stopped, and the two that were completed
    assert list(np.argsort(found, kind="stable")) == order
    assert found[1] == found[4]
    assert found[[3, 2, 0]] == pytest.approx(stats.norm.ppf([0.5, 0.7, 0.9]))
    assert targets([judged(standing=-1)] * 3, ONE) == pytest.approx(np.zeros(3))


def test_scales_of_values_mean_nothing():
    values = [3.0, 1.0, 2.0, 8.0]
    found = targets([judged(value) for value in values], ONE)
    assert found == pytest.approx(targets([judged(10**value) for value in values], ONE))


POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1)


@given(POINTS, st.floats(0.01, 0.99))
def test_what_dominates_another_is_above_it_whatever_the_weights(points, weight):
    told = [judged(*point) for point in points]
    found = targets(told, np.array([weight, 1 - weight]))
    for one, above in zip(told, found, strict=True):
        assert all(above > under for other, under in zip(told, found, strict=True)
                   if one.beats(other))  # fmt: skip


def test_weights_choose_where_on_the_front_the_best_is():
    line = [judged(x, 10 - x) for x in range(11)]
    best = [int(np.argmax(targets(line, np.array([w, 1 - w])))) for w in (0.95, 0.5, 0.05)]
    assert best == [10, 5, 0]
