"""Which options make a study another one: each says so where it is declared."""

import dataclasses
import json
from typing import get_args, get_type_hints

import pytest

from automl_on_ray.command_line import Change
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.architecture import NasSettings
from automl_on_ray.studies.hpo import HpoSettings, prepare
from automl_on_ray.studies.identity import grown, identity, options_of, refuse_changes

OWN = {"space": "tests.helpers.crashing:SPACE", "trainable": "tests.helpers.crashing:Steady",
       "objective": "score", "scheduler": "fifo", "epochs": 2}  # fmt: skip


@pytest.mark.parametrize("settings", [HpoSettings, NasSettings])
def test_every_option_says_what_a_change_of_it_means_to_a_study_that_goes_on(settings):
    declared = get_type_hints(settings, include_extras=True)
    for field in dataclasses.fields(settings):
        said = [one for one in get_args(declared[field.name]) if isinstance(one, Change)]
        assert len(said) == 1, f"{field.name} says {said}"


@pytest.mark.parametrize("settings", [HpoSettings, NasSettings])
def test_what_makes_another_study_is_told_of_it_and_what_may_change_is_not(settings):
    told = identity(settings(), {})
    other = options_of(settings, Change.ANOTHER_STUDY, Change.GROWS)
    assert set(told) == {"workflow", *other}
    assert {"dataset", "seed", "known", "try-first", "replay", "warm-start"} <= set(told)
    assert not {"slots", "minutes", "name", "storage", "final-seeds", "final-epochs"} & set(told)


def test_only_what_counts_may_stand_for_something():
    with pytest.raises(ValueError, match="slots"):
        identity(HpoSettings(), {"slots": 3})


def known(path, score):
    path.write_text(json.dumps([{"config": {"x": 0.5}, "metrics": {"score": score}}]))
    return [str(path)]


def begun(folder, **asked):
    """The id of the study that such settings begin, or go on with."""
    with prepare(HpoSettings(**OWN, name="mine", storage=str(folder), **asked)).study as study:
        return study.study_id


def test_a_file_is_what_is_in_it(tmp_path):
    """Known results in another file, or in none, would else be accepted and ignored."""
    first = begun(tmp_path, known=known(tmp_path / "a.json", 1.0))
    assert begun(tmp_path, known=known(tmp_path / "copy.json", 1.0)) == first
    with pytest.raises(UserError, match=r"begun with known, entry 1 'curve' '2' 'score' = 1\.0"):
        begun(tmp_path, known=known(tmp_path / "a.json", 2.0))
    with pytest.raises(UserError, match=r"begun with known, entry 1 = \{'config'.*with None"):
        begun(tmp_path)


def test_more_trials_go_on_with_the_study_but_not_where_all_must_be_known_at_once(tmp_path):
    first = begun(tmp_path, trials=3)
    assert begun(tmp_path, trials=5) == first
    with pytest.raises(UserError, match="begun with trials = 5"):
        begun(tmp_path, trials=4)


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"a": 1}, {"a": 2}, "begun with a = 1, but is now asked with 2"),
        ({"a": 1}, {}, "begun with a = 1, but is now asked with None"),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, r"begun with a 'b' = \[1, 2\], .* \[1, 3\]"),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "begun with a, entry 1 'b' = 1"),
        ({"a": []}, {"a": [{"b": 2}]}, "begun with a, entry 1 = None"),
        ({"a": 9}, {"a": 8}, "begun with a = 9"),
        ({"a": "x" * 99}, {"a": "y"}, r"begun with a = 'x{59}\.\.\., "),
    ],
)
def test_what_was_changed_is_named_where_it_differs(before, now, said):
    with pytest.raises(UserError, match=said):
        refuse_changes("mine", before, now, may_grow=["a"] if before == {"a": 9} else [])


def test_an_option_of_which_nothing_was_known_then_is_as_good_as_none():
    refuse_changes("mine", {"a": 1}, {"a": 1, "new": None})


def test_a_number_may_grow_where_it_may_and_nothing_else():
    refuse_changes("mine", {"a": 1, "b": 2}, {"a": 3, "b": 2}, may_grow=["a"])
    with pytest.raises(UserError, match="begun with a = 1"):
        refuse_changes("mine", {"a": 1}, {"a": 3})
    for was, is_ in ((None, 3), (3, None)):
        with pytest.raises(UserError, match=f"begun with a = {was}, but is now asked with {is_}"):
            refuse_changes("mine", {"a": was}, {"a": is_}, may_grow=["a"])


def test_what_a_refusal_says_in_full():
    with pytest.raises(UserError) as refused:
        refuse_changes("mine", {"a": [1, {"b": 2}]}, {"a": [1]}, hint=" (or that)")
    assert str(refused.value) == (
        "Study 'mine' was begun with a, entry 2 = {'b': 2}, but is now asked with None. Give the "
        "same options to go on, another --name for another study, or --fresh to begin anew (the "
        "old one is kept under another name) (or that)."
    )


@pytest.mark.parametrize(
    ("was", "is_", "said"),
    [
        ([1, 2], [1], r"a = \[1, 2\], but is now asked with \[1\]"),
        ([[1], [2]], [[1], [3]], r"a, entry 2 = \[2\], but is now asked with \[3\]"),
        ([], [1], r"a, entry 1 = None, but is now asked with 1"),
        ([1], {"b": 1}, r"a = \[1\], but is now asked with \{'b': 1\}"),
        ({"b": 1}, [1], r"a = \{'b': 1\}, but is now asked with \[1\]"),
        ({"b": 1, "c": 1}, {"b": 1}, "a 'c' = 1, but is now asked with None"),
        ("x" * 58, "y", f"a = '{'x' * 58}', but"), ("x" * 59, "y", rf"a = '{'x' * 59}\.\.\., but"),
    ],
)  # fmt: skip
def test_the_first_difference_is_told(was, is_, said):
    with pytest.raises(UserError, match=f"begun with {said}"):
        refuse_changes("mine", {"a": was}, {"a": is_})


def test_what_an_option_stands_for_takes_its_place():
    told = identity(HpoSettings(seed=3), {"outcome_constraint": ["a <= 1"], "known": [1]})
    assert (told["outcome-constraint"], told["known"]) == (["a <= 1"], [1])
    assert (told["seed"], told["workflow"]) == (3, "hpo")


def test_only_a_higher_number_has_grown():
    pairs = ((1, 2), (2, 2), (3, 2), (None, 2), (2, None))
    assert [grown(*pair) for pair in pairs] == [True, False, False, False, False]
