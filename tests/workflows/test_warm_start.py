"""Trials of an earlier study as data: those that are members of the space of today."""

import pytest
from ray import tune

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._objective import Objective
from automl_on_ray.search_spaces._space import SearchSpace
from automl_on_ray.searchers._settings import Settings
from automl_on_ray.workflows._warm_start import find_earlier, warmed
from tests.tracking.stored import store

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
GOOD = {"w": 10, "d": 20, "q": 0.3, "betas": [0.9, 0.99], "optimizer": "adam"}
BAD = [{"w": 101}, {"w": 90, "d": 90}, {"q": 0.13}, {"betas": [1, 2]}, {"optimizer": "sgd"}]


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


def known(uri, name, configs):
    earlier = {"study": name, "id": store(uri, name, [(c, [0.1, 0.2], {}) for c in configs])}
    return warmed(Settings(SPACE, (Objective("score"),), max_t=4), earlier, uri).known


def test_members_of_todays_space_are_known_and_others_are_counted(uri, capsys):
    (one,) = known(uri, "mixed", [GOOD, {**GOOD, "gone": 1}, *[{**GOOD, **bad} for bad in BAD]][1:])
    assert one.config == {"w": 10, "d": 20, "q": 0.3, "betas": (0.9, 0.99)}
    assert one.curve == {1: {"score": 0.1}, 2: {"score": 0.2}}
    said = " ".join(capsys.readouterr().out.split())
    assert "1 of 6 trials of 'mixed' are known to the searcher; 5 lie outside" in said


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_study_without_a_member_is_refused(uri, bad):
    with pytest.raises(UserError, match="can be learned from"):
        known(uri, "-".join(bad), [{**GOOD, **bad}])


def test_which_study_is_meant():
    """No server is asked where the study's own folder knows."""
    begun = {"study_id": "b", "asked": {"warm start": {"study": "own", "id": "a"}}}
    nowhere = "sqlite:////nowhere/mlflow.db"
    goes_on = find_earlier("own", "own", begun, nowhere, fresh=False)
    assert goes_on == {"study": "own", "id": "a"}
    anew = find_earlier("own", "own", begun, nowhere, fresh=True)
    assert anew == {"study": "own", "id": "b"}
    first = find_earlier("own", "own", {"study_id": "b", "asked": {}}, nowhere, fresh=False)
    assert first == {"study": "own", "id": "b"}
