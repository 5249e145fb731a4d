import numpy as np
import pytest

from automl_on_ray.studies.live.pace import MIN_REPORTS, WINDOW_SECONDS, Lengths, Pace


def test_the_pace_is_that_of_late_when_slots_come_or_go():
    pace = Pace()
    for second in range(1000):  # ten slots, an epoch a second
        pace.report(float(second), 10)
    for second in range(1000, 1000 + 2 * int(WINDOW_SECONDS), 10):  # one slot is left
        pace.report(float(second), 1)
    now = 1000 + 2 * WINDOW_SECONDS - 10
    assert pace.seconds_for(now, 20.0, 5.0) == pytest.approx(200, rel=0.02)


def test_a_silence_makes_the_time_left_longer():
    pace = Pace()
    for second in range(10):
        pace.report(float(second), 1)
    quick, slow = pace.seconds_for(9.0, 10.0, 10.0), pace.seconds_for(90.0, 10.0, 10.0)
    assert slow == pytest.approx(10 * quick)


def test_the_last_trial_has_one_slot_however_many_there_are():
    pace = Pace()
    for number in range(41):  # four slots, each an epoch in four seconds
        pace.report(float(number), 4)
    assert pace.seconds_for(40.0, 10.0, 10.0) == pytest.approx(40, rel=0.03)
    assert pace.seconds_for(40.0, 80.0, 10.0) == pytest.approx(80, rel=0.03)


def test_few_reports_say_nothing():
    pace = Pace()
    pace.begin(0.0)
    for number in range(MIN_REPORTS - 1):
        pace.report(1.0 + number, 1)
    assert pace.seconds_for(9.0, 1.0, 1.0) is None
    pace.report(9.0, 1)
    assert pace.seconds_for(9.0, 1.0, 1.0) == pytest.approx(3)


def test_without_any_that_ended_a_trial_is_expected_to_do_all_its_epochs():
    lengths = Lengths({}, [3, 5], epochs=10)
    assert [lengths.after(epoch) for epoch in (0, 4, 10, 12)] == [10, 6, 0, 0]


def test_what_is_expected_nears_what_trials_do():
    """Half of them end after 1 epoch, a quarter after 3, the others after all 9."""
    draw = np.random.default_rng(0)
    did = draw.choice([1, 3, 9], p=[0.5, 0.25, 0.25], size=4000)
    ended = {length: int((did == length).sum()) for length in (1, 3, 9)}
    lengths = Lengths(ended, [], epochs=9)
    assert lengths.after(0) == pytest.approx(did.mean(), rel=0.01)
    assert lengths.after(1) == pytest.approx(did[did > 1].mean() - 1, rel=0.01)
    assert lengths.after(3) == pytest.approx(6)


def test_trials_at_work_count_as_such_that_have_got_so_far():
    alone = Lengths({1: 5}, [], epochs=10)
    beside = Lengths({1: 5}, [7] * 45, epochs=10)
    assert beside.after(0) > 9 > 3 > alone.after(0)


def told(*spans, at_work=1):
    """A pace that was told of a report after each span of seconds, and the time of the last."""
    pace, now = Pace(), 0.0
    pace.begin(now)
    for span in spans:
        now += span
        pace.report(now, at_work)
    return pace, now


def test_twenty_reports_count_however_long_ago_and_more_if_they_are_of_late():
    pace, now = told(*[100.0] * 24, 50.0)
    assert pace.seconds_for(now, 1.0, 1.0) == pytest.approx((19 * 100 + 50) / 20)
    pace, now = told(100.0, *[10.0] * 21)
    assert pace.seconds_for(now, 1.0, 1.0) == pytest.approx(10.0)
    pace, now = told(90.0, *[10.0] * 21)
    assert pace.seconds_for(now, 1.0, 1.0) == pytest.approx(300 / 22)


def test_two_reports_of_each_slot_are_enough():
    for reports, known in ((3, False), (4, True)):
        pace, now = told(*[10.0] * reports, at_work=2)
        assert (pace.seconds_for(now, 1.0, 1.0) is not None) == known


def test_without_any_time_that_has_passed_there_is_no_pace():
    pace, now = told(0.0, 0.0, 0.0)
    assert pace.seconds_for(now, 1.0, 1.0) is None
    pace, now = told(6.0, 0.0, 0.0)
    assert pace.seconds_for(now, 1.0, 1.0) == pytest.approx(2.0)


def test_where_nothing_remains_no_time_is_left():
    pace, now = told(10.0, 10.0, 10.0)
    assert pace.seconds_for(now, 0.0, 0.0) == 0.0


def test_only_trials_that_have_got_so_far_might_have_ended_there():
    lengths = Lengths({2: 1}, [5, 1], 10)
    assert lengths.after(0) == pytest.approx(2 + 2 / 3 * 8)
    assert lengths.after(2) == 8
    assert lengths.after(12) == 0
