"""Files of configs and results, read: what is right, and what is refused with its entry's name."""

import json

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs import read_known, read_list, read_points

SPACE = SearchSpace(
    "given",
    training={
        "opt": {"lr": tune.uniform(0, 1), "betas": tune.choice([(0.9, 0.99), (0.5, 0.9)])},
        "kind": tune.choice([int, float]),
        "fixed": 3,
    },
)
MEMBER = {"opt": {"lr": 0.5, "betas": [0.9, 0.99]}, "kind": "builtins.int"}
FLAT = {"opt/lr": 0.5, "opt/betas": "(0.9, 0.99)", "kind": "builtins.int"}


def written(folder, entries):
    (folder / "given.json").write_text(json.dumps(entries))
    return folder / "given.json"


def known(folder, *entries, metrics=("val_accuracy",)):
    return read_known(written(folder, entries), SPACE, 4, metrics)


def test_a_config_may_be_nested_or_flat_and_have_lists_for_tuples(tmp_path):
    path = written(tmp_path, [MEMBER, FLAT, {**FLAT, "fixed": 3}])
    assert read_points(path, SPACE) == (FLAT, FLAT, {**FLAT, "fixed": 3})


@pytest.mark.parametrize("name", ["accuracy", "val_accuracy"])
def test_a_metric_is_named_as_in_an_objective_and_others_are_left_out(name, tmp_path):
    (one,) = known(tmp_path, {"config": MEMBER, "metrics": {name: 1, "note": "a good one"}})
    assert one.config == FLAT
    assert one.curve == {4: {"val_accuracy": 1.0}}


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({}, "has no metric 'val_accuracy', none"),
        ({"loss": 1.0}, "has no metric 'val_accuracy', only loss"),
        *[
            ({"val_accuracy": value}, "must be a finite number")
            for value in ("0.9", None, True, [0.9], {}, float("nan"), float("-inf"), 10**400)
        ],
    ],
)
def test_what_is_no_result_is_refused_with_its_entry(metrics, said, tmp_path):
    good = {"config": MEMBER, "metrics": {"accuracy": 0.9}}
    with pytest.raises(UserError, match=rf"given.json, entry 2.*{said}"):
        known(tmp_path, good, {"config": MEMBER, "metrics": metrics})


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"config": MEMBER}, "must be"),
        ({"config": MEMBER, "metrics": 3}, "must be"),
        ({"config": [1], "metrics": {"accuracy": 1}}, "must be a JSON object"),
        ({"config": {**FLAT, "kind": "str"}, "metrics": {"accuracy": 1}}, "outside"),
        ({"config": {**FLAT, "fixed": 4}, "metrics": {"accuracy": 1}}, "but the space has 3"),
    ],
)
def test_what_is_no_entry_or_no_member_is_refused(entry, said, tmp_path):
    with pytest.raises(UserError, match=rf"entry 1.*{said}"):
        known(tmp_path, entry)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "must hold a JSON list of objects"), ("[{}, 1]", "must hold a JSON list of objects"),
        ("[{}", "is not JSON"), ("[" * 100_000, "is not JSON"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_objects_is_refused(text, said, tmp_path):
    path = tmp_path / "given.json"
    path.write_text(text)
    with pytest.raises(UserError, match=f"given.json {said}"):
        read_list(path)


def test_without_a_file_nothing_is_given_and_one_that_is_not_there_is_told(tmp_path):
    assert read_list(None) == []
    with pytest.raises(UserError, match=r"given.json cannot be read: No such file"):
        read_list(tmp_path / "given.json")
