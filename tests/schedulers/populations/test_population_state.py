"""A population in numbers: who is weak, who may be gone on from, who lived through what."""

import math

import cloudpickle

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
    assert list(members.donors("t0")) == ["t2"]
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


def test_a_trial_that_comes_anew_stands_at_the_beginning_and_keeps_its_place():
    members = population([], [])
    assert [members.place(name) for name in ("t0", "t1")] == [(0, 0), (0, 1)]
    members.reported("t0", 1)
    members.end("t0")
    members.join("t0", {"rate": 9.0})  # after a failure
    assert members.place("t0") == (1, 0)
    assert members.alive() == ["t0", "t1"]
    assert members.births["t0"]["rate"] == CONFIG["rate"]


def test_a_perturbation_is_due_after_each_interval():
    members = population([], interval=3)
    assert [members.reported("t0", time) for time in (1, 2, 3)] == [False, False, True]
    members.judge("t0", 3, 1.0)
    assert [members.reported("t0", time) for time in (4, 5, 6)] == [False, False, True]
    assert members.judge("t0", 7, 2.0).start == 3  # it reports its score seldom
    assert [members.reported("t0", time) for time in (8, 9)] == [False, True]


def test_an_interval_is_told_with_its_scores_and_config():
    members = population([1.0])
    told = members.judge("t0", 4, 5.0)
    assert (told.trial, told.start, told.end, told.before, told.after) == ("t0", 2, 4, 1.0, 5.0)
    assert told.config == {**CONFIG, "born": 0}


def test_below_the_median_at_its_first_intervals_end_a_trial_is_hopeless_and_later_is_not():
    members = population([1.0], [2.0], [3.0], [4.0])
    assert [members.is_hopeless(f"t{i}") for i in range(4)] == [True, True, False, False]
    members.judge("t0", 4, 1.0)
    assert not members.is_hopeless("t0")
    assert [population([1.0], [2.0], [3.0]).is_hopeless(f"t{i}") for i in range(3)] == [
        True, False, False,
    ]  # fmt: skip
    assert not population([], [2.0], [3.0]).is_hopeless("t0")


def test_a_trial_that_took_over_another_is_not_hopeless():
    members = population([1.0], [2.0], [3.0], [4.0])
    members.take_over(members.begin("t0", "t3"), CONFIG)
    assert not members.is_hopeless("t0")


def test_an_exploit_takes_the_time_and_the_score_of_the_checkpoint():
    members = population([1.0], [2.0])
    exploit = members.begin("t0", "t1")
    assert (exploit.time, exploit.score, exploit.config["born"]) == (2, 2.0, 1)
    members.takes(exploit, 4, 9.0)
    taken = members.pending["t0"]
    assert (taken.time, taken.score) == (4, 9.0)
    members.take_over(taken, CONFIG)
    assert not members.pending
    assert (members.members["t0"].time, members.members["t0"].before) == (4, 9.0)


def test_trials_that_have_ended_are_neither_weak_nor_strong():
    members = population([1.0], [2.0], [3.0], [4.0])
    members.end("t3")
    members.end("t0")
    assert members.quantiles(2) == (["t1"], ["t2"])


def test_a_donor_may_be_weak_itself_once_its_exploit_is_done_or_given_up():
    for end in ("take_over", "cancel"):
        members = population([1.0], [2.0], [3.0], [4.0])
        exploit = members.begin("t0", "t3")
        for trial, score in (("t1", 5.0), ("t2", 6.0), ("t3", 0.5)):
            members.judge(trial, 4, score)
        assert members.quantiles(4)[0] == []
        assert list(members.donors("t3")) == []
        if end == "cancel":
            members.cancel(exploit)
            members.judge("t0", 4, 5.5)
        else:
            members.take_over(exploit, CONFIG)
        assert members.quantiles(4)[0] == ["t3"]
        assert list(members.donors("t3")) == ["t2"]


def test_only_a_weak_trial_has_donors():
    members = population([1.0], [2.0], [3.0], [4.0])
    assert [list(members.donors(f"t{i}")) for i in range(4)] == [["t3"], [], [], []]
    assert members.donors("t0")[:1] == ["t3"]


def test_of_a_quarter_those_replaced_are_left_out_once_each():
    members = population(*([float(score)] for score in range(8)))
    assert members.quantiles(2) == (["t0", "t1"], ["t6", "t7"])
    exploit = members.begin("t0", "t7")
    assert members.quantiles(2)[0] == ["t1"]
    members.cancel(exploit)
    assert members.quantiles(2)[0] == ["t0", "t1"]
    members.take_over(members.begin("t0", "t7"), CONFIG)
    assert members.quantiles(2)[0] == ["t1"]
    assert members.quantiles(4)[0] == ["t1", "t2"]  # in another interval


def test_only_scores_at_the_first_intervals_end_say_who_is_hopeless():
    members = population([1.0, 9.0], [2.0], [3.0])
    members.join("late", {})
    members.judge("late", 4, 0.0)
    assert members.firsts == {"t0": 1.0, "t1": 2.0, "t2": 3.0}
    assert not members.is_hopeless("late")


def test_a_trial_that_has_diverged_at_once_is_hopeless():
    assert population([math.nan], [1.0], [2.0]).is_hopeless("t0")


def test_a_trial_is_at_work_but_where_it_was_judged():
    members = population([], [1.0])
    assert [members.at_work(name) for name in ("t0", "t1")] == [True, False]
    members.reported("t1", 3)
    assert members.at_work("t1")
    members.judge("t1", 4, 1.0)
    assert members.place("t1") == (4, 1)
    assert not members.at_work("t1")
    members.take_over(members.begin("t0", "t1"), CONFIG)
    assert members.at_work("t0")  # what it took over is not what it achieved


def test_exploits_are_numbered():
    members = population([1.0], [2.0], [3.0], [4.0], quantile=0.5)
    assert [members.begin(name, "t3").number for name in ("t0", "t1")] == [1, 2]
    assert [exploit.trial for exploit in members.ripe()] == ["t0", "t1"]


def test_a_checkpoint_of_a_later_interval_is_counted_there():
    members = population(*([float(score)] for score in range(8)))
    exploit = members.begin("t0", "t7")
    members.takes(exploit, 4, 7.5)
    assert members.quantiles(2)[0] == ["t1", "t2"]
    assert members.quantiles(4)[0] == ["t1"]
    members.take_over(members.pending["t0"], CONFIG)
    assert members.quantiles(2)[0] == ["t1", "t2"]
    assert members.quantiles(4)[0] == ["t1"]


def test_who_takes_over_has_its_donors_scores_up_to_then():
    members = population([1.0], [5.0, 6.0, 7.0])
    exploit = members.begin("t0", "t1")
    members.takes(exploit, 5, 6.5)
    members.take_over(members.pending["t0"], CONFIG)
    taken = members.members["t0"]
    assert (taken.since, taken.scores) == (4, {2: 5.0, 4: 6.0})
    assert [members.reported("t0", time) for time in (5, 6)] == [False, True]


def test_a_config_that_was_given_up_before_an_epoch_is_no_part_of_a_life():
    members = population([1.0], [2.0])
    for born in ("first", "second"):
        members.take_over(members.begin("t0", "t1"), {"born": born})
    assert [(s.start, s.end, s.config["born"]) for s in members.schedule("t0")] == [
        (0, 2, 1), (2, 2, "second"),
    ]  # fmt: skip
    members.reported("t0", 3)
    assert [(s.start, s.end, s.config["born"]) for s in members.schedule("t0")] == [
        (0, 2, 1), (2, 3, "second"),
    ]  # fmt: skip


def test_what_follows_is_found_again_in_a_saved_population():
    members = population(*([float(score)] for score in range(8)))
    members.take_over(members.begin("t0", "t7"), CONFIG)
    members.begin("t1", "t6")
    again = cloudpickle.loads(cloudpickle.dumps(members))
    for one in (members, again):
        assert one.quantiles(2) == ([], ["t6", "t7"])
        assert one.quantiles(4)[0] == ["t2", "t3"]
        assert [exploit.trial for exploit in one.ripe()] == ["t1"]
        assert one.alive_count == 8
        assert not one.is_hopeless("t0")
        assert one.is_hopeless("t2")
        one.judge("t2", 4, 0.5)
        assert one.donors("t6") == []


def test_a_quantile_is_one_of_those_alive_and_judged():
    members = population([1.0], [2.0], [3.0], [4.0], [], [], [], [])
    assert members.quantiles(2) == (["t0"], ["t3"])
    members = population(*([float(score)] for score in range(8)))
    for index in range(4):
        members.end(f"t{index}")
    assert members.quantiles(2) == (["t4"], ["t7"])


def test_a_trial_that_is_added_again_while_it_lives_counts_once():
    members = population([1.0], [2.0], [3.0], [4.0])
    members.join("t0", CONFIG)
    members.end("t0")
    assert members.quantiles(2) == (["t1"], ["t3"])
