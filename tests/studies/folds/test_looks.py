"""A test part is looked at once for each model that is found, and the looks are counted."""

import json

import pytest

from automl_on_ray.studies.folds import looked, weighted_configs

A, B = {"model": "a", "rate": 0.1}, {"model": "b"}


def of(score):
    return lambda: {"score": score}


def never():
    raise AssertionError("The test part was looked at again.")


def test_the_same_model_is_shown_as_it_was_tested(tmp_path):
    file = tmp_path / "report.json"
    first = looked(file, weighted_configs({"t_1": 0.75, "t_2": 0.25}, {"t_1": A, "t_2": B}), of(1))
    again = looked(file, weighted_configs({"t_3": 0.25, "t_9": 0.75}, {"t_3": B, "t_9": A}), never)
    assert first == again
    assert (again.report, again.number, again.words()) == ({"score": 1}, 1, [])


def test_another_model_is_a_second_look_and_that_is_said(tmp_path):
    file = tmp_path / "report.json"
    looked(file, weighted_configs({"t_1": 1.0}, {"t_1": A}), of(1))
    second = looked(file, weighted_configs({"t_1": 0.5, "t_2": 0.5}, {"t_1": A, "t_2": B}), of(2))
    (line,) = second.words()
    assert "This is the second look at the test part" in line
    third = looked(file, weighted_configs({"t_2": 1.0}, {"t_2": B}), of(3))
    assert "look number 3" in third.words()[0]
    assert json.loads(file.read_text())["looks"] == 3


def test_a_report_of_an_older_version_counts_as_a_look(tmp_path):
    file = tmp_path / "report.json"
    file.write_text(json.dumps({"name": "best of 3 trials: t_1", "report": {"score": 0}}))
    assert looked(file, [["{}", 1.0]], of(1)).number == 2


def test_what_could_not_be_tested_is_no_look(tmp_path):
    file = tmp_path / "report.json"
    with pytest.raises(AssertionError):
        looked(file, A, never)
    assert looked(file, A, of(1)).number == 1
