"""By how much values that were too large are reduced, and by what single numbers are moved."""

import pytest
import torch

from automl_on_ray.trainables.hypergradients import Log, Logit, parse_tuned
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


def test_the_hypergradient_of_a_single_number_is_by_the_number_itself():
    starts = {"weight_decay": torch.tensor(0.01), "penalty": torch.tensor([0.1, 0.2])}
    starts["label_smoothing"] = torch.tensor(0.1)
    transforms = {"weight_decay": Log(1e-8, 1.0), "penalty": Log(1e-4, 10.0)}
    transforms["label_smoothing"] = Logit(0.0, 0.5)
    values = Values(parse_tuned(",".join(starts)), starts, transforms)
    found = values.by_number({n: torch.ones_like(one) for n, one in starts.items()}, values.starts)
    assert float(found["weight_decay"]) == pytest.approx(100.0)
    assert found["penalty"].tolist() == [1.0, 1.0]
    assert float(found["label_smoothing"]) == 1.0
