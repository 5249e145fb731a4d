"""The registered recommender: events in, the best items out, where this project is not."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.recommend import MODELS
from automl_on_ray.trainables.recommendation import (
    FitSettings,
    final_model_of,
    fit,
    load_events,
)
from automl_on_ray.trainables.recommendation.ranking import rank
from automl_on_ray.trainables.recommendation.registered.recommender_model import _load_pyfunc
from tests.helpers.clicks import COLUMNS, clicks
from tests.trainables.recommendation.test_recommendations_trainable import members

ELSEWHERE = """
import importlib, json, sys

class Absent:  # this project is installed for the tests, and must not be found
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("automl_on_ray", "ray", "mlflow", "lazy_loader"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.path.insert(0, sys.argv[1])
import pandas

for code, place in zip(sys.argv[2::2], sys.argv[3::2]):
    model = importlib.import_module(code)._load_pyfunc(place)
    asked = pandas.DataFrame({"who": ["u0", "new"], "what": [None, "a0"]})
    print(json.dumps(model.predict(asked, {"count": 4}).to_dict("list")))
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield load_events({"dataset": "clicks", "frame": clicks(), **COLUMNS, "folds": 1})


def final_model(config, events, folder):
    fitted = fit(config, events.seen(None), FitSettings())
    return final_model_of(lambda: fitted, config, events, {"test_ndcg": 0.5}, folder=folder)


@pytest.fixture(scope="module")
def model(events, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    made = final_model({"model": "ease", "ease_l2": 10.0}, events, folder / "code")
    return _load_pyfunc(str(made.write(folder)))


def asked(model, who, what, count=5):
    answer = model.predict(pd.DataFrame({"who": who, "what": what}), {"count": count})
    return answer.groupby("who", sort=False)["what"].apply(list).to_dict()


def had_by(events, user):
    seen, code = events.seen(None), events.user_ids.index(user)
    return {events.item_ids[item] for item in seen.items[seen.users == code]}


def test_a_known_user_is_given_items_that_he_had_not(model, events):
    (given,) = asked(model, ["u0"], [None]).values()
    assert len(given) == 5
    assert not set(given) & had_by(events, "u0")


def test_users_alone_are_answered_as_rows_without_an_item(model):
    alone = model.predict(pd.DataFrame({"who": ["u0", "new"]}))
    pd.testing.assert_frame_equal(
        alone, model.predict(pd.DataFrame({"who": ["u0", "new"], "what": [None, None]}))
    )


def test_what_a_user_took_since_counts_and_is_not_given_again(model):
    before = asked(model, ["u0"], [None])["u0"]
    after = asked(model, ["u0", "u0"], [before[0], before[1]])["u0"]
    assert not set(before[:2]) & set(after)


def test_a_new_user_is_given_items_of_the_kind_that_he_took(model):
    given = asked(model, ["new", "new", "other"], ["a0", "a1", "b1"])
    assert sum(item[0] == "a" for item in given["new"]) >= 3
    assert sum(item[0] == "b" for item in given["other"]) >= 3


def test_a_user_of_whom_nothing_is_known_is_given_what_is_popular(model, events):
    seen = events.seen(None)
    most = pd.Series(seen.items).value_counts().max()
    given = asked(model, ["new", "odd"], [None, "never seen"], count=1)
    assert given["new"] == given["odd"]
    assert (seen.items == events.item_ids.index(given["new"][0])).sum() == most


def test_the_answer_has_ranks_and_falling_scores_for_each_user_in_order(model):
    answer = model.predict({"who": ["u3", "u1"], "what": [None, None]})
    assert list(answer.columns) == ["who", "what", "rank", "score"]
    assert list(answer["who"].unique()) == ["u3", "u1"]
    for _, own in answer.groupby("who"):
        assert list(own["rank"]) == list(range(1, 11))
        assert own["score"].is_monotonic_decreasing


def test_there_are_no_more_items_than_there_are_left(model, events):
    (given,) = asked(model, ["u0"], [None], count=1000).values()
    assert len(given) == len(events.item_ids) - len(had_by(events, "u0"))


@pytest.mark.parametrize(
    ("given", "params", "said"),
    [
        ({"what": ["a0"]}, None, "The column 'who' is missing."),
        ({"who": [None], "what": ["a0"]}, None, "has no user in row 0"),
        ({"who": [["u0"]]}, None, "The column 'who' must hold single values"),
        ({"who": ["u0"], "what": [{"a": 0}]}, None, "The column 'what' must hold single values"),
        ({"who": ["u0"], "what": ["a0"]}, {"count": 0}, "count must be 1 or more"),
        (7, None, "the column 'who', and 'what' where .* is expected, not int"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(given, params, said, model):
    with pytest.raises(ValueError, match=said):
        model.predict(given, params)


def test_each_model_loads_where_this_project_is_not_and_answers_the_same(events, tmp_path):
    frame, words, expected = pd.DataFrame({"who": ["u0", "new"], "what": [None, "a0"]}), [], []
    chosen = {config["model"]: config for config in members(1)}
    for name in MODELS:
        config = {k: 5 if k.endswith("epochs") else v for k, v in chosen[name].items()}
        made = final_model(config, events, tmp_path / "code")
        (tmp_path / name).mkdir()
        place = made.write(tmp_path / name)
        words += [made.code[0].name, str(place)]
        expected.append(_load_pyfunc(str(place)).predict(frame, {"count": 4}))
    program = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "code"), *words]
    ran = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert ran.returncode == 0, ran.stderr
    for line, answer in zip(ran.stdout.splitlines(), expected, strict=True):
        told = json.loads(line)
        assert told["what"] == list(answer["what"])
        assert told["score"] == pytest.approx(list(answer["score"]), rel=1e-4)


def test_a_model_that_heeds_ratings_ranks_as_it_was_tested_whoever_else_is_asked_for(tmp_path):
    stars = np.random.default_rng(0).integers(1, 6, len(clicks()))
    rated = {"dataset": "rated", "frame": clicks().assign(stars=stars), "rating": "stars"}
    events = load_events({**rated, **COLUMNS, "folds": 1})
    config = {"model": "ials", "ials_factors": 8, "ials_regularisation": 1.0, "ials_alpha": 10.0,
              "ials_iterations": 5}  # fmt: skip
    made = final_model(config, events, tmp_path / "code")
    model = _load_pyfunc(str(made.write(tmp_path)))
    seen, (users, _) = events.seen(None), events.held(None)
    tested = rank(fit(config, seen, FitSettings()), seen, users).items[:, :5]
    for user, items in zip(users, tested, strict=True):
        name = events.user_ids[user]
        assert asked(model, [name], [None])[name] == [events.item_ids[item] for item in items]
