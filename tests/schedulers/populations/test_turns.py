"""Whose turn it is, of trials that wait for a slot."""

from ray.tune.experiment import Trial

from automl_on_ray.schedulers.populations.turns import Turns


def made(**statuses):
    trials = {name: Trial("stub", stub=True, trial_id=name) for name in statuses}
    for name, status in statuses.items():
        trials[name].set_status(status)
    return trials


def waiting(turns, trials):
    return [trial.trial_id for trial in turns.waiting(trials)]


def test_the_least_far_comes_first_and_nobody_loses_the_place_by_being_looked_at():
    trials, turns = made(a="PAUSED", b="PENDING", c="PAUSED"), Turns()
    for name, place in (("a", (4, 0)), ("b", (0, 1)), ("c", (4, 2))):
        turns.wait(name, place)
    assert waiting(turns, trials) == ["b", "a", "c"]
    assert next(turns.waiting(trials)).trial_id == "b"
    assert waiting(turns, trials) == ["b", "a", "c"]
    turns.wait("b", (6, 1))
    assert waiting(turns, trials) == ["a", "c", "b"]
    turns.leave("a")
    turns.leave("never there")
    assert waiting(turns, trials) == ["c", "b"]


def test_a_trial_that_is_at_work_has_had_its_turn_unless_it_is_still_to_pause():
    trials, turns = made(a="RUNNING", b="RUNNING", c="RUNNING"), Turns()
    turns.wait("a", (1, 0))
    turns.wait("b", (1, 1), pausing=True)
    turns.wait("c", (1, 2), pausing=True)
    assert waiting(turns, trials) == []
    trials["c"].set_status("TERMINATED")
    assert waiting(turns, trials) == []
    for trial in trials.values():
        trial.set_status("PAUSED")
    assert waiting(turns, trials) == ["b"]


def test_who_has_paused_and_runs_again_waits_no_more():
    trials, turns = made(a="PAUSED"), Turns()
    turns.wait("a", (1, 0), pausing=True)
    assert waiting(turns, trials) == ["a"]
    trials["a"].set_status("RUNNING")
    assert waiting(turns, trials) == []
    trials["a"].set_status("PAUSED")
    assert waiting(turns, trials) == []


def test_who_leaves_while_asked_to_pause_does_not_wait_when_it_has():
    trials, turns = made(a="RUNNING"), Turns()
    turns.wait("a", (1, 0), pausing=True)
    turns.leave("a")
    turns.wait("a", (2, 0))
    assert waiting(turns, trials) == []
    trials["a"].set_status("PAUSED")
    assert waiting(turns, trials) == []
