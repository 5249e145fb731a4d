"""What is said beside a registered network: chance, brightness, and how to build it again."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.trainables.registered_models.final_image import (
    brightness_of,
    chance_of,
    recipe_of,
)

DATA = SimpleNamespace(image_shape=(1, 2, 2), classes=("a", "b"), mean=(0.5,), std=(0.25,))


def test_chance_is_the_share_of_the_commonest_class_and_two_standard_errors():
    assert chance_of(torch.tensor([0, 0, 0, 1])) == pytest.approx(0.75 + 2 * np.sqrt(0.1875 / 4))
    assert chance_of(torch.tensor([1, 1])) == 1.0


@pytest.mark.parametrize(("count", "brightness"), [(300, 3.0), (200, 2.0), (99, 1.0), (1, 1.0)])
def test_ninety_nine_of_a_hundred_pictures_are_as_bright(count, brightness):
    pictures = torch.zeros(count, 1, 2, 2)
    pictures[:, 0, 1, 0] = torch.arange(1, count + 1)
    assert brightness_of(SimpleNamespace(train=SimpleNamespace(images=pictures))) == brightness


def network(config, shape, classes):
    """Of the space below."""


def predictor(pictures):
    return pictures.flatten(1)[:, :2]


def space(build=network, **architecture):
    training = {"rate": tune.uniform(0, 1)}
    return SearchSpace("s", architecture=architecture, training=training, build=build)


def test_a_network_is_built_again_from_its_architecture():
    widths = space(width=tune.choice([8, 16]), depth=tune.randint(1, 3))
    config = {"width": 16, "depth": np.int64(2), "rate": 0.5}
    found = recipe_of(widths, config, DATA, predictor)
    answers = found.pop("answers")
    assert found == {
        "build": f"{__name__}:network", "config": {"width": 16, "depth": 2},
        "image_shape": [1, 2, 2], "classes": ["a", "b"], "mean": [0.5], "std": [0.25],
    }  # fmt: skip
    assert type(found["config"]["depth"]) is int
    assert np.shape(answers)[1:] == (2,)
    assert recipe_of(space(build=None, width=tune.choice([8, 16])), config, DATA, predictor) is None
    kinds = space(kind=tune.choice([int, float]))
    assert recipe_of(kinds, {"kind": int, "rate": 0.5}, DATA, predictor) is None
