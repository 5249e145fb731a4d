"""One's own trainables, as they are found before anything starts."""

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs import find_trainable
from tests.helpers.crashing import Steady

NAME = "tests.helpers.crashing:Steady"


@pytest.mark.parametrize("metrics", [3, "score", [1], object()])
def test_metrics_that_name_none_are_refused(metrics, monkeypatch):
    monkeypatch.setattr(Steady, "METRICS", metrics)
    with pytest.raises(UserError, match="must name the metrics"):
        find_trainable(NAME)


@pytest.mark.parametrize("metrics", [None, {}, {"score": "max"}, ["score"], ("score",)])
def test_metrics_may_be_any_collection_of_names_or_left_out(metrics, monkeypatch):
    monkeypatch.setattr(Steady, "METRICS", metrics)
    assert find_trainable(NAME) is Steady
