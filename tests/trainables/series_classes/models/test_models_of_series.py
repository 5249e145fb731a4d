"""Each model tells waves apart, of unlike lengths too, and answers the same once it is loaded."""

import functools

import numpy as np
import pytest

from automl_on_ray.search_spaces.series import CNN, FIRST, NEAREST, ROCKET, SPACE
from automl_on_ray.trainables.series_classes.models import FitSettings, fit, load, stack
from tests.trainables.series_classes.made_series import waves

QUICK = {
    "rocket": {**ROCKET, "rocket_kernels": 200},
    "neighbours": {**NEAREST, "neighbours_count": 3, "neighbours_weights": "distance"},
    "cnn": {**CNN, "cnn_width": 16, "cnn_depth": 2, "cnn_steps": 100, "cnn_length": 128},
}


def parts(seed=0, **asked):
    series, labels = waves(seed=seed, **asked)
    return stack(series), np.array(["abcdef".index(one) for one in labels])


def fitted(name, seed=0, **asked):
    return fit(QUICK[name], *parts(**asked), FitSettings(2, seed))


@functools.cache
def shared(name):
    """For all tests, which do not change it."""
    return fitted(name)


def test_the_first_configs_are_members_of_the_space():
    SPACE.validate()
    for config in FIRST:
        SPACE.check(config)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("asked", [{}, {"channels": 2, "unequal": True}], ids=["plain", "unequal"])
def test_a_model_tells_waves_apart(name, asked):
    values, labels = parts(seed=1, **asked)
    told = (fitted(name, **asked) if asked else shared(name)).predict(values)
    assert told.shape == (40, 2)
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-6)
    least = 0.6 if name == "neighbours" else 0.9  # waves begin anywhere, which Euclid does not see
    assert (told.argmax(axis=1) == labels).mean() >= least


@pytest.mark.parametrize("name", QUICK)
def test_a_loaded_model_answers_the_same_and_a_seed_gives_the_same_model(name, tmp_path):
    values, _ = parts(seed=1)
    model = fitted(name, seed=4)
    model.save(tmp_path)
    np.testing.assert_allclose(load(name, tmp_path).predict(values), model.predict(values))
    np.testing.assert_array_equal(fitted(name, seed=4).predict(values), model.predict(values))


@pytest.mark.parametrize("name", QUICK)
def test_longer_and_shorter_series_and_a_constant_one_are_answered(name):
    model = shared(name)
    for length in (5, 90):
        assert np.isfinite(model.predict(parts(count=3, length=length)[0])).all()
    assert np.isfinite(model.predict(np.ones((2, 1, 60), np.float32))).all()


@pytest.mark.parametrize("name", ["rocket", "cnn"])
def test_what_stands_beside_a_shorter_series_does_not_change_its_answer(name):
    model, (values, _) = shared(name), parts(count=2, length=40)
    padded = np.full((2, 1, 60), np.nan, np.float32)
    padded[:, :, :40] = values
    np.testing.assert_allclose(model.predict(padded), model.predict(values), atol=1e-5)


@pytest.mark.parametrize("name", QUICK)
def test_a_class_without_a_series_is_still_answered_for(name):
    values, labels = parts()
    told = fit(QUICK[name], values, labels, FitSettings(3)).predict(values)
    assert told.shape == (40, 3)
    assert (told.argmax(axis=1) < 2).mean() > 0.9


def test_one_nearest_neighbour_is_what_its_definition_says():
    values, labels = parts()
    asked, _ = parts(seed=1)
    told = fit(NEAREST, values, labels, FitSettings(2)).predict(asked).argmax(axis=1)
    for one, answer in zip(asked, told, strict=True):
        assert answer == labels[np.argmin(((values - one) ** 2).sum(axis=(1, 2)))]


def test_a_network_of_one_series_is_refused():
    values = np.zeros((1, 1, 8), np.float32)
    with pytest.raises(ValueError, match="two series"):
        fit(CNN, values, np.zeros(1, np.int64), FitSettings(classes=2))
