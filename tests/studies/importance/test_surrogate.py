"""A model of what configs are worth, in the unit of the values that it was told."""

import numpy as np
import pytest

from automl_on_ray.studies.importance.parameters import Parameter
from automl_on_ray.studies.importance.surrogate import Surrogate

X, Y = Parameter("x"), Parameter("y")
LETTERS = Parameter("letters", words=tuple(f"{n:02}" for n in range(41)))  # more than a process has


def line(noise, size=1.0, count=30):
    """Configs, and values of 100 to 150 at x from 0 to 1."""
    generator = np.random.default_rng(0)
    configs = [{"x": float(generator.uniform()), "y": float(generator.uniform())}
               for _ in range(count)]  # fmt: skip
    values = [100 + 50 * one["x"] + noise * generator.normal() for one in configs]
    return configs, [size * value for value in values]


def test_it_foretells_in_the_unit_of_the_values():
    model = Surrogate([X, Y], *line(noise=0.1))
    told = model.predict([{"x": 0.0}, {"x": 0.5}, {"x": 1.0}])
    assert told == pytest.approx([100, 125, 150], abs=1)
    assert model.fit == pytest.approx(1, abs=0.01)


def test_its_spread_is_that_of_the_values_around_what_is_foretold():
    configs, values = line(noise=5.0)
    spread = Surrogate([X, Y], configs, values).spread(configs)
    assert spread.shape == (30,)
    assert 3 < spread.mean() < 8


def test_with_many_words_the_spread_is_that_of_the_trees():
    configs = [{"letters": word} for word in LETTERS.words for _ in range(3)]
    values = [100.0 + 50 * (int(one["letters"]) % 2) for one in configs]
    model = Surrogate([LETTERS], configs, values)
    spread = model.spread(configs)
    assert spread.shape == (len(configs),)
    assert 0 < spread.mean() < 25


def test_a_single_parameter_has_the_whole_share():
    configs, values = line(noise=0.1)
    assert Surrogate([X], configs, values).shares() == {"x": 1.0}


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_shares_do_not_depend_on_the_size_of_the_values(size):
    """A loss may be huge where trainings have diverged: its square is no number any more."""
    usual = Surrogate([X, Y], *line(noise=0.1))
    scaled = Surrogate([X, Y], *line(noise=0.1, size=size))
    assert scaled.fit == pytest.approx(usual.fit)
    assert scaled.shares() == pytest.approx(usual.shares(), abs=1e-3)
    assert scaled.predict([{"x": 0.5}]) / size == pytest.approx(usual.predict([{"x": 0.5}]))
