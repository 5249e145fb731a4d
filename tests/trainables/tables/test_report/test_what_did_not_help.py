"""Models and steps that were tried, and how far they were behind."""

from automl_on_ray.trainables.tables.test_report import Behind, Tried
from automl_on_ray.trainables.tables.test_report.what_did_not_help import what_did_not_help

TRIED = [
    Tried("a", {"model": "linear", "encoding": "one_hot", "linear_c": 1.0}, 0.80),
    Tried("b", {"model": "lightgbm", "encoding": "native", "missing": True}, 0.85),
    Tried("c", {"model": "neighbours", "encoding": "one_hot", "missing": False}, 0.60),
    Tried("d", {"model": "neighbours", "encoding": "one_hot", "missing": False}, None),
    Tried("e", {"model": "network", "encoding": "one_hot"}, None),
]


def test_models_come_first_then_steps_each_with_what_its_best_trial_lacks():
    found = what_did_not_help(TRIED, "max")
    assert [one.choice for one in found] == [
        "model = neighbours", "model = linear", "model = network",
        "missing = False", "encoding = one_hot",
    ]  # fmt: skip
    assert round(found[0].behind, 9) == 0.25
    assert (found[0].trials, found[0].cut) == (1, 1)
    assert found[2] == Behind("model = network", None, None, 0, 1)


def test_where_less_is_better_the_worse_is_what_is_more():
    tried = [Tried("a", {"model": "x"}, 2.0), Tried("b", {"model": "y"}, 3.0)]
    (found,) = what_did_not_help(tried, "min")
    assert (found.choice, found.best, found.behind) == ("model = y", 3.0, 1.0)


def test_numbers_are_no_choices_and_without_a_whole_trial_there_is_nothing_to_say():
    assert not any("linear_c" in one.choice for one in what_did_not_help(TRIED, "max"))
    assert what_did_not_help([Tried("a", {"model": "x"}, None)], "max") == ()
