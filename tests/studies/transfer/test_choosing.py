"""Which earlier studies are meant, and that a study which goes on stays with them."""

import json

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.studies.transfer import warm_start
from automl_on_ray.studies.transfer.choosing import find_earlier
from tests.studies.transfer.earlier import GOOD, MNIST, NEW, today
from tests.tracking.store.stored import store

NOWHERE = "sqlite:////nowhere/mlflow.db"
KEYS = ["w", "d", "q", "betas"]


@pytest.fixture
def uri(template, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(template.read_bytes())
    return f"sqlite:///{tmp_path}/mlflow.db"


def study(uri, name, *, keys=KEYS, data=("digits", "xyz"), configs=(GOOD,)):
    tags = {"automl.keys": json.dumps(keys)} if keys is not None else None
    return store(uri, name, [(c, [0.1, 0.2], {}) for c in configs], data=data, tags=tags)


def found(uri, asked, stored=None, *, fresh=False, **settings):
    told = find_earlier(asked, today(uri, data=MNIST, **settings), stored or {}, fresh=fresh)
    return [one["study"] for one in told["studies"]]


def test_names_are_the_newest_studies_of_these_names(uri):
    study(uri, "a")
    study(uri, "b")
    told = find_earlier("b, a,b", today(uri), {}, fresh=False)
    assert told == {
        "asked": "b, a,b",
        "studies": [{"study": "b", "id": "id-of-b"}, {"study": "a", "id": "id-of-a"}],
        "files": {},
    }


@pytest.mark.parametrize("name", ["a,b=1", "iris.csv"])
def test_a_name_may_hold_commas_and_look_like_a_file(uri, name):
    study(uri, "a")
    tags = {"automl.keys": json.dumps(KEYS), "automl.study_id": "odd"}
    store(uri, name, [(GOOD, [0.1], {})], tags=tags)
    assert found(uri, name) == [name]


def test_a_name_that_is_not_there_is_refused_with_the_nearest(uri):
    study(uri, "mnist")
    with pytest.raises(UserError, match=r"no study 'mnst' .* Did you mean 'mnist'"):
        found(uri, "mnist,mnst")


@pytest.mark.parametrize("asked", ["all,mnist", ",", ""])
def test_words_that_mean_nothing_are_refused(asked):
    with pytest.raises(UserError, match="must be names of studies, or all alone"):
        found(NOWHERE, asked)


def test_all_are_those_with_half_of_the_keys_in_common_the_newest_first(uri):
    study(uri, "same")
    study(uri, "half", keys=["w", "d", "x", "y"])
    study(uri, "too-few", keys=["w", "x"])
    study(uri, "too-many-others", keys=[*KEYS, "e", "f", "g", "h", "i"])
    study(uri, "nothing-told", keys=None)
    study(uri, "without-trials", configs=())
    assert found(uri, "all") == ["half", "same"]
    assert found(uri, "all", objectives=(Objective("loss"),)) == []


def test_all_are_without_what_is_no_study_of_ours(uri):
    store(uri, "not ours", [(GOOD, [0.1], {})], tags={"automl.keys": json.dumps(KEYS)})
    assert found(uri, "all") == []


def test_all_are_bounded_more_on_other_data_than_on_the_same(uri):
    for number in range(7):
        study(uri, f"other-{number}")
    for number in range(12):
        study(uri, f"same-{number}", data=("mnist", "abc"))
    told = found(uri, "all")
    assert told == [
        *(f"same-{number}" for number in reversed(range(2, 12))),
        *(f"other-{number}" for number in reversed(range(2, 7))),
    ]


def test_all_are_without_the_study_itself_unless_it_is_begun_anew(uri):
    study(uri, "own")
    begun = {"study_id": "id-of-own", "asked": {}}
    assert found(uri, "all", begun) == []
    assert found(uri, "all", begun, fresh=True) == ["own"]


def test_where_all_are_none_a_study_begins_cold(uri):
    warm = warm_start(today(uri), "all", {}, NEW, fresh=False)
    assert warm.settings == today(uri).settings
    assert "no earlier study of this store" in warm.gained.said


def test_a_study_that_goes_on_stays_with_those_that_it_began_with(uri):
    study(uri, "first")
    told = find_earlier("all", today(uri, data=MNIST), {}, fresh=False)
    study(uri, "later")
    stored = {"study_id": "own-id", "asked": {"warm-start": json.loads(json.dumps(told))}}
    assert find_earlier("all", today(uri, data=MNIST), stored, fresh=False) == told
    assert found(uri, "all", stored, fresh=True) == ["later", "first"]
    assert found(uri, "later", stored) == ["later"]


def test_its_own_name_means_the_study_itself_and_no_server_is_asked():
    stored = {"study_id": "b", "asked": {}}
    told = find_earlier("own", today(NOWHERE), stored, fresh=False)
    assert told["studies"] == [{"study": "own", "id": "b"}]
    begun = {"study_id": "b", "asked": {"warm-start": told}}
    assert find_earlier("own", today(NOWHERE), begun, fresh=False) == told
    other = {"study_id": "c", "asked": {"warm-start": told}}
    assert find_earlier("own", today(NOWHERE), other, fresh=True)["studies"][0]["id"] == "c"


def test_a_study_that_begins_from_itself_takes_its_own_place(uri):
    own = study(uri, "own")
    stored = {"study_id": own, "asked": {}}
    assert warm_start(today(uri), "own", stored, NEW, fresh=False).renews
    study(uri, "other")
    assert not warm_start(today(uri), "other", stored, NEW, fresh=False).renews


def test_a_file_counts_by_its_content(tmp_path, uri):
    file = tmp_path / "known.json"
    file.write_text(json.dumps([{"config": {"w": 1}, "metrics": {"score": 0.5}}]))
    told = find_earlier(str(file), today(uri), {}, fresh=False)
    stored = {"study_id": "b", "asked": {"warm-start": told}}
    assert find_earlier(str(file), today(uri), stored, fresh=False) == told
    file.write_text("[]")
    assert find_earlier(str(file), today(uri), stored, fresh=False) != told
    with pytest.raises(UserError, match=r"none.csv cannot be read"):
        find_earlier(str(tmp_path / "none.csv"), today(uri), {}, fresh=False)


def test_keys_that_only_a_file_of_the_study_tells_are_found(uri):
    store(uri, "older", [(GOOD, [0.1], {})], data=("digits", "xyz"), domains=KEYS)
    assert found(uri, "all") == ["older"]


def test_a_space_of_one_key_shares_it_or_not(uri):
    study(uri, "w", keys=["w"])
    study(uri, "x", keys=["x"])
    one = SearchSpace("one", training={"w": tune.randint(0, 9)})
    assert found(uri, "all", space=one) == ["w"]
