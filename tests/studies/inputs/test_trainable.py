"""One's own trainables, as they are found before anything starts."""

import pytest
from ray import tune

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.studies.inputs import (
    accepts,
    final_objectives,
    find_space,
    find_trainable,
    load_data,
    own_kwargs,
)
from tests.helpers.crashing import NeverDone, Steady

NAME = "tests.helpers.crashing:Steady"


@pytest.mark.parametrize("metrics", [3, "score", [1], object()])
def test_metrics_that_name_none_are_refused(metrics, monkeypatch):
    monkeypatch.setattr(Steady, "METRICS", metrics)
    with pytest.raises(UserError, match="must name the metrics"):
        find_trainable(NAME)


@pytest.mark.parametrize("metrics", ["test_score", [1]])
def test_test_metrics_that_name_none_are_refused(metrics, monkeypatch):
    monkeypatch.setattr(NeverDone, "TEST_METRICS", metrics, raising=False)
    with pytest.raises(UserError, match=r"TEST_METRICS of .* must name the metrics"):
        find_trainable("tests.helpers.crashing:NeverDone")


@pytest.mark.parametrize("declared", ["TEST_METRICS", "final_model"])
def test_what_only_a_final_trial_gives_needs_a_setup_that_takes_final(declared, monkeypatch):
    for kind in (Steady, NeverDone):
        monkeypatch.setattr(kind, declared, ["test_score"], raising=False)
    with pytest.raises(UserError, match=f"declares {declared}, .* setup take final=False"):
        find_trainable(NAME)
    assert find_trainable("tests.helpers.crashing:NeverDone") is NeverDone


def test_a_test_metric_has_the_direction_of_what_it_is_called_after(monkeypatch):
    monkeypatch.setattr(Steady, "METRICS", {"val_rmse": "min", "score": "max", "cost": "min"})
    names = ("test_rmse", "test_score", "test_cost", "test_other")
    monkeypatch.setattr(Steady, "TEST_METRICS", names, raising=False)
    modes = ("min", "max", "min", "max")
    assert final_objectives(Steady) == tuple(map(Objective, names, modes))
    monkeypatch.setattr(Steady, "METRICS", ["score"])
    assert {goal.mode for goal in final_objectives(Steady)} == {"max"}
    assert final_objectives(tune.Trainable) == ()


class Numbers:
    name, digest, remarks = "numbers", "d1", ("There are two.",)

    def facts(self):
        return {"count": 2}

    def keywords(self):
        return {"digest": self.digest, "folder": "/data"}


def test_a_trainable_reads_its_own_data_and_holds_its_trials_to_them(monkeypatch, capsys):
    asked = []
    read = staticmethod(lambda keywords: asked.append(keywords) or Numbers())
    monkeypatch.setattr(Steady, "read_data", read, raising=False)
    data, kwargs = load_data(Steady, {"dataset": "here", "seed": 3})
    assert asked == [{"dataset": "here", "seed": 3}]
    assert isinstance(data, Numbers)
    assert kwargs == {"dataset": "here", "seed": 3, "digest": "d1", "folder": "/data"}
    assert "numbers: There are two." in capsys.readouterr().out
    monkeypatch.setattr(Steady, "read_data", staticmethod(lambda keywords: [1, 2]))
    with pytest.raises(UserError, match=r"read_data of Steady must return .* not a list"):
        load_data(Steady, {})


def test_a_trainable_that_takes_no_data_has_none():
    assert load_data(Steady, {"epochs": 1}) == (None, {"epochs": 1})


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
