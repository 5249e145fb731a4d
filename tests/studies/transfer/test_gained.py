"""What a study began with is kept in its folder once, and read back as it was."""

import json

import pytest

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, SearcherSettings, Source
from automl_on_ray.studies.transfer.gained import FILE, Gained, keep_gained, read_gained
from tests.studies.transfer.earlier import SPACE, point

SETTINGS = SearcherSettings(space=SPACE, objectives=(Objective("score"),), max_t=4)
GAINED = Gained(
    (PriorTrial(point(10), {1: {"score": 0.1}, 2: {"score": 0.2}}),),
    (Source("other", (PriorTrial({"w": 5}, {2: {"score": 0.5}}),)),),
    (point(7),),
    "Warm start: two trials.",
)


def test_it_is_read_back_as_it_was_kept(tmp_path):
    assert read_gained(tmp_path, SETTINGS) is None
    keep_gained(GAINED, tmp_path)
    assert read_gained(tmp_path, SETTINGS) == GAINED


def test_what_is_kept_first_stays(tmp_path):
    keep_gained(GAINED, tmp_path)
    keep_gained(Gained(), tmp_path)
    assert read_gained(tmp_path, SETTINGS) == GAINED


def test_it_comes_behind_what_the_settings_have():
    given = PriorTrial(point(1), {4: {"score": 0.9}})
    settings = SearcherSettings(
        space=SPACE, objectives=(Objective("score"),), max_t=4, known=(given,), points=(point(2),)
    )
    found = GAINED.added_to(settings)
    assert found.known == (given, *GAINED.known)
    assert found.points == (point(2), point(7))
    assert found.sources == GAINED.sources


def trial(config, curve):
    return {"config": config, "curve": curve}


@pytest.mark.parametrize(
    "damage",
    [
        {"known": 3}, {"said": None, "points": 1}, {"points": [{"w": -1}]},
        {"known": [trial(point(1), {})]},
        {"known": [trial(point(1), {"1": {"score": 0.5}, "2": {"score": float("nan")}})]},
        {"known": [trial(point(1), {"x": {"score": 0.5}})]},
        {"known": [trial({"w": -1}, {"1": {"score": 0.5}})]},
        {"sources": [{"name": "x", "trials": [trial({"w": -1}, {"1": {"score": 1.0}})]}]},
        {"sources": [{"trials": []}]},
    ],
)  # fmt: skip
def test_a_damaged_file_is_refused(damage, tmp_path):
    keep_gained(GAINED, tmp_path)
    told = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps({**told, **damage}))
    with pytest.raises(UserError, match=r"warm_start\.json cannot be read .*--fresh"):
        read_gained(tmp_path, SETTINGS)


@pytest.mark.parametrize("text", ["[", "3", "\xff"])
def test_what_is_no_file_of_ours_is_refused(text, tmp_path):
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match="cannot be read"):
        read_gained(tmp_path, SETTINGS)
