"""What is told of trials that take long, by a clock of the test's own."""

import pytest
from ray.tune.experiment import Trial

from automl_on_ray.schedulers.tune_internals import Watch


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def trial():
    made = Trial("stub", stub=True)
    made.run_metadata.last_result = {}
    return made


def report(trial, epoch, seconds):
    trial.run_metadata.last_result = {"training_iteration": epoch, "time_total_s": seconds}


def look(watch, clock, seconds, *trials):
    clock.now = seconds
    return watch.look(trials)


def test_a_trial_that_has_not_reported_for_long_is_named_and_again_when_that_has_doubled(clock):
    watch, silent, others = Watch(clock=clock), trial(), trial()
    report(silent, 2, 120.0)
    look(watch, clock, 0, silent, others)
    for minute in range(1, 45):
        report(others, minute, 60.0 * minute)
        look(watch, clock, 60 * minute, silent, others)
        if minute < 10:  # ten times its usual epoch
            assert not watch.silences
    first, second, third = watch.silences
    assert f"Trial {silent.trial_id} has not reported for 10 minutes" in first
    assert "its epochs took 60 s each" in first
    assert "for 20 minutes" in second
    assert "for 40 minutes" in third


def test_a_trial_that_hangs_in_its_setup_is_named_too(clock):
    watch, silent = Watch(clock=clock), trial()
    look(watch, clock, 100, silent)
    look(watch, clock, 399, silent)
    assert not watch.silences
    look(watch, clock, 400, silent)
    assert "for 5 minutes (it has not reported yet)" in watch.silences[0]


def test_a_report_ends_the_silence(clock):
    watch, slow = Watch(clock=clock), trial()
    for epoch in range(1, 9):
        report(slow, epoch, 200.0 * epoch)
        look(watch, clock, 200 * epoch, slow)
    assert not watch.silences


def test_only_time_at_work_counts_against_a_trials_time(clock):
    watch, taking_turns = Watch(seconds=100, clock=clock), trial()
    look(watch, clock, 0, taking_turns)
    assert not look(watch, clock, 60, taking_turns)
    assert not look(watch, clock, 100, taking_turns)
    report(taking_turns, 1, 60.0)
    look(watch, clock, 500)  # it is paused
    assert not look(watch, clock, 1000, taking_turns)
    assert not look(watch, clock, 1040, taking_turns)
    assert look(watch, clock, 1041, taking_turns) == [taking_turns]


def test_the_time_before_a_study_went_on_counts(clock):
    watch, resumed = Watch(seconds=100, clock=clock), trial()
    report(resumed, 3, 90.0)
    assert not look(watch, clock, 0, resumed)
    assert look(watch, clock, 11, resumed) == [resumed]


def test_a_look_is_due_once_a_second(clock):
    watch = Watch(clock=clock)
    assert watch.is_due()
    look(watch, clock, 10.0)
    clock.now = 10.9
    assert not watch.is_due()
    clock.now = 11.0
    assert watch.is_due()
