"""A population in numbers: who is weak, who may be gone on from, who lived through what."""

import math

from automl_on_ray.schedulers.populations.population_state import Members

CONFIG = {"rate": 0.1}


def population(*curves, interval=2, quantile=0.25):
    """Trials t0, t1, ... with these scores at the ends of their intervals."""
    members = Members(interval, quantile)
    for index, curve in enumerate(curves):
        members.join(f"t{index}", {**CONFIG, "born": index})
        for turn, score in enumerate(curve, 1):
            members.judge(f"t{index}", turn * interval, score)
    return members


def test_a_trial_does_not_look_better_for_being_ahead():
    members = population([1.0, 5.0], [2.0], [3.0], [4.0])  # the first had the least when at 2
    assert members.quantiles(4) == (["t0"], ["t3"])


def test_a_trial_that_diverged_is_weak_and_never_gone_on_from():
    members = population([math.nan], [1.0])
    assert members.quantiles(2) == (["t0"], ["t1"])
    assert population([math.nan], [math.nan]).quantiles(2)[1] == []


def test_one_trial_alone_is_neither_weak_nor_strong():
    assert population([1.0]).quantiles(2) == ([], [])


def test_who_has_been_replaced_counts_among_the_weak():
    members = population([1.0], [2.0], [3.0], [4.0])
    members.begin("t0", "t3")
    assert members.quantiles(2)[0] == []


def test_nobody_goes_on_from_one_that_is_more_than_an_interval_behind_or_goes_back():
    members = population([1.0, 1.0, 1.0], [9.0], [8.0, 8.0], [2.0, 2.0, 2.0], quantile=0.5)
    assert members.quantiles(6)[1] == ["t2", "t1"]
    assert members.donors("t0") == ["t2"]
    assert members.begin("t0", "t2").time == 6  # once it has come as far


def test_who_is_to_take_over_is_named_once_its_donor_is_as_far_or_has_ended():
    members = population([1.0, 1.0], [9.0], [8.0, 8.0], [2.0], quantile=0.5)
    members.begin("t0", "t1")
    assert members.ripe() == []
    members.passes("t1", 4)
    exploit = members.pending["t0"]
    assert members.ripe() == [exploit]
    members.cancel(exploit)
    assert members.ripe() == []
    members.begin("t0", "t1")
    members.end("t1")
    assert members.ripe() == [members.pending["t0"]]


def test_a_life_is_told_with_its_ancestors():
    members = population([1.0], [2.0])
    members.take_over(members.begin("t0", "t1"), {**CONFIG, "born": "anew"})
    members.reported("t0", 5)
    assert [(s.start, s.end, s.trial, s.config["born"]) for s in members.schedule("t0")] == [
        (0, 2, "t1", 1), (2, 5, "t0", "anew"),
    ]  # fmt: skip
