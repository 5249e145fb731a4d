"""By how much values that were too large are reduced."""

import pytest
import torch

from automl_on_ray.trainables.hypergradients import Log, parse_tuned
from automl_on_ray.trainables.hypergradients.course.values import Values


@pytest.mark.parametrize(("in_a_row", "expected"), [(1, 0.5), (2, 0.125), (3, 0.03125)])
def test_each_restart_in_a_row_divides_by_four_times_as_much(in_a_row, expected):
    """By 4, 16, 64, of the value that was too large at last."""
    tuned, rate = parse_tuned("learning_rate"), Log(1e-6, 10.0)
    values = Values(tuned, {"learning_rate": torch.tensor(2.0)}, {"learning_rate": rate})
    found = values.reduced("learning_rate", values.starts, in_a_row)
    assert float(rate.value(found["learning_rate"])) == pytest.approx(expected)


def test_what_is_not_tuned_is_not_reduced():
    tuned = parse_tuned("learning_rate")
    values = Values(tuned, {"learning_rate": torch.tensor(2.0)}, {"learning_rate": Log(1e-6, 10.0)})
    assert values.reduced("weight_decay", values.starts, 1) == {}
