"""By how much values that were too large are divided."""

import pytest
import torch

from automl_on_ray.trainables.hypergradients import Log, parse_tuned
from automl_on_ray.trainables.hypergradients.course.values import Values


@pytest.mark.parametrize(("by", "expected"), [(2, 1.0), (4, 0.5), (16, 0.125)])
def test_a_key_s_values_are_divided_and_not_their_logarithms(by, expected):
    tuned, rate = parse_tuned("learning_rate"), Log(1e-6, 10.0)
    values = Values(tuned, {"learning_rate": torch.tensor(2.0)}, {"learning_rate": rate})
    found = values.divided("learning_rate", values.starts, by)
    assert float(rate.value(found["learning_rate"])) == pytest.approx(expected)


def test_what_is_not_tuned_is_not_divided():
    tuned = parse_tuned("learning_rate")
    values = Values(tuned, {"learning_rate": torch.tensor(2.0)}, {"learning_rate": Log(1e-6, 10.0)})
    assert values.divided("weight_decay", values.starts, 4) == {}
