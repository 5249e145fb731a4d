"""Files of configs, read: what is right, and what is refused with its entry's name."""

import json

import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.inputs import read_list, read_points

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


def test_a_config_may_be_nested_or_flat_and_have_lists_for_tuples(tmp_path):
    path = written(tmp_path, [MEMBER, FLAT, {**FLAT, "fixed": 3}])
    assert read_points(path, SPACE) == (FLAT, FLAT, {**FLAT, "fixed": 3})


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
