"""Trials of an earlier study as data: those that are members of the space of today."""

from types import SimpleNamespace

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, SearcherSettings
from automl_on_ray.studies.inputs import find_earlier, warmed
from automl_on_ray.tracking import NO_DATA
from tests.tracking.store.stored import store

SPACE = SearchSpace(
    "today",
    training={
        "w": tune.randint(0, 101),
        "d": tune.randint(0, 101),
        "q": tune.quniform(0.0, 1.0, 0.1),
        "betas": tune.choice([(0.9, 0.99), (0.8, 0.9)]),
        "optimizer": "adam",
    },
    constraints=("w + d <= 100",),
)
OWN = (NO_DATA, "")
GOOD = {"w": 10, "d": 20, "q": 0.3, "betas": [0.9, 0.99], "optimizer": "adam"}
BAD = [
    {"w": 101}, {"w": 90, "d": 90}, {"q": 0.13}, {"betas": [1, 2]}, {"optimizer": "sgd"},
    {"depth": 3},
]  # fmt: skip


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


def known(uri, name, configs):
    earlier = {
        "study": name,
        "id": store(uri, name, [(c, [0.1, 0.2], {}) for c in configs], data=OWN),
    }
    proposing = SearcherSettings(SPACE, (Objective("score"),), max_t=4)
    return warmed(proposing, earlier, uri, None, searcher="bayesian").known


def test_members_of_todays_space_are_known_and_others_are_counted(uri, capsys):
    """One that lacks a constant, or has a parameter that is gone, is none."""
    lacking = {key: value for key, value in GOOD.items() if key != "optimizer"}
    (one,) = known(uri, "mixed", [GOOD, lacking, *[{**GOOD, **bad} for bad in BAD]])
    assert one.config == {"w": 10, "d": 20, "q": 0.3, "betas": "(0.9, 0.99)"}
    assert one.curve == {1: {"score": 0.1}, 2: {"score": 0.2}}
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 8 trials of 'mixed' are known to the searcher; 7 lie outside" in said


@pytest.mark.parametrize(
    ("stored", "own", "same"),
    [
        (("mnist", "abc"), ("mnist", "abcdef"), True),  # MLflow keeps a part of a digest
        (("renamed", "abc"), ("mnist", "abc"), True),
        (("mnist", "xyz"), ("mnist", "abc"), False),
        (("mnist", ""), ("mnist", "abc"), True),
        (("digits", ""), ("mnist", "abc"), False),
        (None, ("mnist", "abc"), False),
    ],
)
def test_a_study_of_other_data_gives_its_best_configs_and_no_results(
    stored, own, same, tmp_path, capsys
):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    trials = [({**GOOD, "w": w}, [0.1, w / 100], {}) for w in (10, 50, 40, 30, 20)]
    earlier = {"study": "other", "id": store(uri, "other", trials, data=stored)}
    data = SimpleNamespace(name=own[0], digest=own[1])
    proposing = SearcherSettings(SPACE, (Objective("score"),), max_t=4, samples=9)
    found = warmed(proposing, earlier, uri, data, searcher="bayesian")
    assert len(found.known) == (5 if same else 0)
    assert [point["w"] for point in found.points] == ([] if same else [50, 40, 30])
    assert ("3 best configs are tried first" in capsys.readouterr().out) == (not same)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_study_without_a_member_is_refused(uri, bad):
    with pytest.raises(UserError, match="can be learned from"):
        known(uri, "-".join(bad), [{**GOOD, **bad}])


def test_which_study_is_meant():
    """No server is asked where the study's own folder knows."""
    begun = {"study_id": "b", "asked": {"warm-start": {"study": "own", "id": "a"}}}
    nowhere = "sqlite:////nowhere/mlflow.db"
    goes_on = find_earlier("own", "own", begun, nowhere, fresh=False)
    assert goes_on == {"study": "own", "id": "a"}
    anew = find_earlier("own", "own", begun, nowhere, fresh=True)
    assert anew == {"study": "own", "id": "b"}
    first = find_earlier("own", "own", {"study_id": "b", "asked": {}}, nowhere, fresh=False)
    assert first == {"study": "own", "id": "b"}


@pytest.fixture(scope="module")
def other(uri):
    """A study of other data: five configs, the fourth with the least score."""
    trials = [({**GOOD, "w": w}, [0.1, w / 100], {}) for w in (10, 50, 40, 5, 30)]
    return {"study": "elsewhere", "id": store(uri, "elsewhere", trials, data=("digits", "xyz"))}


def tried(uri, other, mode="max", **asked):
    data = SimpleNamespace(name="mnist", digest="abc")
    proposing = SearcherSettings(SPACE, (Objective("score", mode),), max_t=4, **asked)
    found = warmed(proposing, other, uri, data, searcher="bayesian")
    assert found.known == ()
    return [point["w"] for point in found.points]


def point(w):
    return {"w": w, "d": 20, "q": 0.3, "betas": "(0.9, 0.99)"}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [50, 40, 30]), ({"samples": 2}, [50, 40]), ({"mode": "min"}, [5, 10, 30]),
        ({"samples": 4, "points": (point(1), point(2))}, [1, 2, 50, 40]),
        ({"samples": 9, "points": (point(50),)}, [50, 40, 30, 10]),
        ({"samples": 1, "points": (point(1), point(2))}, [1, 2]),
    ],
)  # fmt: skip
def test_of_other_data_three_configs_at_most_are_tried_behind_those_that_are_given(
    asked, found, uri, other
):
    assert tried(uri, other, **asked) == found


def test_results_of_before_are_known_beside_those_that_are_given(uri):
    earlier = {"study": "more", "id": store(uri, "more", [(GOOD, [0.1], {})], data=OWN)}
    given = PriorTrial(point(1), {4: {"score": 0.5}})
    proposing = SearcherSettings(SPACE, (Objective("score"),), max_t=4, known=(given,))
    found = warmed(proposing, earlier, uri, None, searcher="bayesian").known
    assert found == (given, PriorTrial(point(10), {1: {"score": 0.1}}))


def test_a_study_without_the_metric_is_refused(uri):
    earlier = {"study": "bare", "id": store(uri, "bare", [(GOOD, [0.1], {})], data=OWN)}
    proposing = SearcherSettings(SPACE, (Objective("loss"),), max_t=4)
    with pytest.raises(UserError, match="No trial of study 'bare' has reported loss for one"):
        warmed(proposing, earlier, uri, None, searcher="bayesian")


def test_a_study_that_began_with_another_is_told_of_the_one_that_is_meant(uri):
    stored = {"study_id": "b", "asked": {"warm-start": {"study": "first", "id": "a"}}}
    newest = store(uri, "second", [(GOOD, [0.1], {})], data=OWN)
    found = find_earlier("second", "own", stored, uri, fresh=False)
    assert found == {"study": "second", "id": newest}
    assert find_earlier("second", "second", {}, uri, fresh=False)["id"] == newest
