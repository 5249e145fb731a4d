"""Data that are alike are near."""

import math

import pytest

from automl_on_ray.studies.transfer.nearness import distance
from automl_on_ray.tracking.store import EarlierData

TABLE = {
    "train": 1000, "test": 250, "task": "classification", "target": "churn",
    "classes": {"yes": 300, "no": 700}, "columns": {"category": 4, "number": 10},
    "missing": {"age": 0.1}, "digest": "abc",
}  # fmt: skip
IMAGES = {
    "train": 50_000, "validation": 10_000, "test": 10_000, "image shape": [1, 28, 28],
    "classes": [str(digit) for digit in range(10)],
}  # fmt: skip


def order(today, *others):
    """Names, the nearest first."""
    named = [EarlierData(name, "", facts) for name, facts in others]
    return [one.name for one in sorted(named, key=lambda one: distance(today, one))]


def test_a_new_version_of_the_same_data_is_the_nearest():
    today = EarlierData("sales", "new", TABLE)
    assert order(today, ("twin", TABLE), ("sales", {**TABLE, "train": 10})) == ["sales", "twin"]


def test_of_one_kind_the_sizes_decide():
    today = EarlierData("today", "", TABLE)
    near = {**TABLE, "train": 1500, "classes": {"yes": 500, "no": 1000}}
    far = {**TABLE, "train": 100_000, "classes": {"yes": 50_000, "no": 50_000}}
    assert order(today, ("far", far), ("near", near)) == ["near", "far"]


def test_another_task_or_kind_is_farther_than_any_size():
    today = EarlierData("today", "", TABLE)
    large = {**TABLE, "train": 10**6}
    others = [("images", IMAGES), ("regression", {**TABLE, "task": "regression"}), ("large", large)]
    assert order(today, *others) == ["large", "regression", "images"]


def test_a_distance_is_the_share_of_kinds_that_differ_and_the_ratio_of_sizes():
    one = EarlierData("a", "", {"train": 10, "task": "x", "split": "random"})
    other = EarlierData("a", "", {"train": 1000, "task": "y", "note": True})
    assert distance(one, other) == (0.0, 0.5, pytest.approx(math.log(100)))
    images = EarlierData("a", "", {"image shape": [1, 28, 28]})
    assert distance(one, images) == (0.0, 1.0, math.inf)


def test_what_a_target_is_called_tells_nothing():
    today = EarlierData("today", "", TABLE)
    renamed = EarlierData("other", "", {**TABLE, "target": "left", "missing": {}, "digest": "x"})
    assert distance(today, renamed) == (1.0, 0.0, 0.0)


def test_images_of_one_size_are_nearer_than_larger_ones():
    today = EarlierData("today", "", IMAGES)
    large = {**IMAGES, "image shape": [3, 224, 224]}
    assert order(today, ("large", large), ("small", IMAGES)) == ["small", "large"]


@pytest.mark.parametrize("facts", [{}, {"train": True}, {"train": 0}, {"train": None}])
def test_data_of_which_nothing_is_known_are_far(facts):
    today, nothing = EarlierData("today", "", IMAGES), EarlierData("other", "", facts)
    assert distance(today, nothing) > distance(today, EarlierData("other", "", IMAGES))
