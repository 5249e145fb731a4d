"""One's own trainables, as they are found before anything starts."""

import pytest
from ray import tune

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs import accepts, find_space, find_trainable, own_kwargs
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


BROUGHT = "tests.studies.inputs.brought"


def test_a_function_an_estimator_with_data_and_a_dict_for_a_space_are_taken_by_name():
    function = find_trainable(f"{BROUGHT}:train")
    assert issubclass(function, tune.Trainable)
    assert function.__name__ == "train"
    assert accepts(function, "epochs")
    assert not accepts(function, "cross_validated")
    estimator = find_trainable(f"{BROUGHT}:IRIS")
    assert accepts(estimator, "cross_validated")
    assert list(own_kwargs(f"{BROUGHT}:IRIS")) == ["cross_validated"]
    assert own_kwargs(f"{BROUGHT}:train") == own_kwargs(None) == {}
    space = find_space(f"{BROUGHT}:SPACE")
    assert (space.name, list(space.domains)) == ("SPACE", ["C", "kind/solver"])
    with pytest.raises(UserError, match="is a list, not a SearchSpace or a dict"):
        find_space(f"{BROUGHT}:NO_SPACE")
