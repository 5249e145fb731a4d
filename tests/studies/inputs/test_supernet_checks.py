"""Spaces of a supernet's training with values that it cannot have."""

import math

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.darts_first_order import SPACE as FIRST_ORDER
from automl_on_ray.search_spaces.darts_second_order import SPACE as SECOND_ORDER
from automl_on_ray.search_spaces.darts_supernet import SPACE
from automl_on_ray.studies.inputs import check_supernet


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("partial", 0, "partial must be a whole number from 1"),
        ("partial", "2", "partial must be a whole number from 1"),
        ("partial", tune.randint(1, 5), "range for partial"),
        ("batch_size", tune.choice([64, 0]), "batch_size must be a whole number from 1"),
        ("batch_size", 32.5, "batch_size must be a whole number from 1"),
        ("learning_rate", math.nan, "learning_rate must be a number above 0"),
        ("learning_rate", tune.uniform(-1, 1), "learning_rate must be a number above 0"),
        ("learning_rate", None, "learning_rate must be a number above 0"),
        ("alpha_weight_decay", -1, "alpha_weight_decay must be a number from 0"),
        ("gradient_clip", math.inf, "gradient_clip must be a number from 0"),
        ("warm_up", 2.0, "warm_up must be a number from 0 to 1"),
        ("momentum", True, "momentum must be a number from 0 to 1"),
        ("schedule_by", "week", "schedule_by must be one of batch, epoch"),
        ("crop_border", "white", "crop_border must be one of mirror, black"),
        ("edge_weights", "yes", "edge_weights must be True or False"),
        ("seed", tune.randint(-3, 3), "seed must be a whole number from 0"),
        ("crop", -1, "crop must be a whole number from 0"),
        ("relaxation", tune.choice(["gumbel", "uniform"]), "learns no cells.*one-shot"),
        ("relaxation", None, "Unknown relaxation 'None'"),
    ],
)
def test_a_value_that_a_supernet_cannot_have_is_one_line_before_the_start(key, value, message):
    with pytest.raises(UserError, match=message) as refused:
        check_supernet(SearchSpace("mine", training={key: value}), channels=8)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("space", [SPACE, FIRST_ORDER, SECOND_ORDER])
def test_our_own_spaces_pass(space):
    check_supernet(space, channels=16)


def test_unusual_but_right_values_pass():
    values = {"seed": None, "cutout": None, "weight_decay": 0, "batch_size": tune.randint(1, 65)}
    check_supernet(SearchSpace("mine", training=values), channels=8)
