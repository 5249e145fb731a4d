"""A schedule gone through again: which config a trial has at which time."""

from pyarrow.fs import LocalFileSystem
from ray.tune import Checkpoint
from ray.tune.experiment import Trial

from automl_on_ray.schedulers.populations import Replay, Segment, stretched
from automl_on_ray.schedulers.tune_internals import register_checkpoint

FIRST, SECOND, THIRD = ({"rate": rate, "kind": "b"} for rate in (0.1, 0.01, 0.001))
LIFE = [Segment(0, 2, "a", FIRST), Segment(2, 3, "b", SECOND), Segment(3, 6, "b", THIRD)]


def told(replay, trial, time, **more):
    return replay.on_trial_result(None, trial, {"training_iteration": time, **more})


def test_a_trial_is_paused_at_each_segments_end_and_gets_the_next_ones_config():
    replay, trial = Replay(LIFE), Trial("stub", stub=True, config={**FIRST, "seed": 7})
    replay.on_trial_add(None, trial)
    happened = []
    for time in range(1, 9):
        happened.append((told(replay, trial, time), trial.config["rate"]))
        assert (trial.config["seed"], trial.config["kind"]) == (7, "b")
    assert happened == [
        ("CONTINUE", 0.1), ("PAUSE", 0.01), ("PAUSE", 0.001), *[("CONTINUE", 0.001)] * 5,
    ]  # fmt: skip


def test_a_trial_that_begins_has_the_first_segments_config():
    trial = Trial("stub", stub=True, config={**THIRD, "seed": 7})
    Replay(LIFE).on_trial_add(None, trial)
    assert trial.config == {**FIRST, "seed": 7}


def test_time_may_be_counted_in_something_else():
    replay, trial = Replay(LIFE, "epoch"), Trial("stub", stub=True, config=dict(FIRST))
    assert told(replay, trial, 5, epoch=1) == "CONTINUE"
    assert told(replay, trial, 5, epoch=2) == "PAUSE"
    assert trial.config == SECOND


def test_a_schedule_is_stretched_to_another_length_and_shed_of_what_gets_too_short():
    assert [(s.start, s.end, s.config) for s in stretched(LIFE, 12)] == [
        (0, 4, FIRST), (4, 6, SECOND), (6, 12, THIRD),
    ]  # fmt: skip
    assert [(s.start, s.end, s.config) for s in stretched(LIFE, 2)] == [
        (0, 1, FIRST), (1, 2, THIRD),
    ]  # fmt: skip
    assert stretched(LIFE, 6) == LIFE


def test_a_first_segment_of_one_epoch_is_lived_too():
    trial = Trial("stub", stub=True, config=dict(THIRD))
    replay = Replay([Segment(0, 1, "a", FIRST), Segment(1, 3, "b", SECOND)])
    replay.on_trial_add(None, trial)
    assert trial.config == FIRST
    assert told(replay, trial, 1) == "PAUSE"


def test_a_trial_that_goes_on_from_a_checkpoint_has_the_config_of_its_time():
    trial = Trial("stub", stub=True, config=dict(FIRST))
    register_checkpoint(trial, Checkpoint("nowhere", filesystem=LocalFileSystem()), {"epoch": 2})
    Replay(LIFE, "epoch").on_trial_add(None, trial)
    assert trial.config == SECOND


def test_a_report_without_a_time_changes_nothing():
    short = [Segment(0, 1, "a", FIRST), Segment(1, 3, "b", SECOND)]
    replay, trial = Replay(short, "epoch"), Trial("stub", stub=True, config=dict(FIRST))
    register_checkpoint(trial, Checkpoint("nowhere", filesystem=LocalFileSystem()), {})
    replay.on_trial_add(None, trial)
    assert told(replay, trial, 5) == "CONTINUE"
    assert trial.config == FIRST
