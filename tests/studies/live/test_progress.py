"""What the view counts, and when it says how long a stage will take. The seconds are the test's."""

import random
import signal
from types import SimpleNamespace

import pytest
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import ENDED_BY_ITSELF, Objective
from automl_on_ray.studies import Progress, Shown
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.live.tally import MAX_BESTS, Tally

EPOCHS = 10


def trial(status, epoch, **config):
    made = Trial("stub", stub=True, config=config)
    made.storage = SimpleNamespace(trial_driver_staging_path="")  # of a trial's error file
    made.set_status(status)
    made.run_metadata.last_result = {"training_iteration": epoch, "accuracy": 0.5}
    return made


def end(made, epoch, status="TERMINATED"):
    made.run_metadata.last_result = {"training_iteration": epoch, "accuracy": 0.5}
    made.set_status(status)


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watching(clock):
    """A view of a study of 10 epochs a trial."""

    def make(total, **options):
        shown = Shown("study", [Objective("accuracy")], total, EPOCHS)
        return Progress(shown, now=clock, **options)

    return make


def run(view, clock, trials, made, epochs, seconds=6.0):
    """A trial does epochs, each in so many seconds."""
    if made.status == "PENDING":
        made.set_status("RUNNING")
        view.on_trial_start(0, trials, made)
    for _ in range(epochs):
        clock.seconds += seconds
        result = {"training_iteration": made.last_result["training_iteration"] + 1, "accuracy": 0.5}
        view.on_trial_result(0, trials, made, result)
        made.run_metadata.last_result = result
        view.on_step_end(0, trials)


def test_the_time_left_is_that_of_the_epochs_to_do_at_the_pace_of_late(watching, clock):
    view, made = watching(total=3), trial("PENDING", 0)
    clock.seconds = 1000.0  # Ray starts: that is no work
    view.on_step_end(0, [made])
    run(view, clock, [made], made, epochs=5)
    assert view.seconds_left() == pytest.approx(25 * 6)
    assert "about 2 min left" in view.line()


def test_the_time_left_is_not_told_before_it_means_anything(watching, clock):
    view, made = watching(total=3), trial("PENDING", 0)
    view.on_step_end(0, [made])
    assert "the first trial is starting" in view.line()
    run(view, clock, [made], made, epochs=2)
    assert view.seconds_left() is None
    assert "time left unknown" in view.line()


def test_trials_that_are_to_come_get_as_many_epochs_as_others_got(watching, clock):
    trials = [trial("TERMINATED", 2) for _ in range(98)] + [trial("PENDING", 0)]
    view = watching(total=100)
    view.on_step_end(0, trials)
    run(view, clock, trials, trials[-1], epochs=5)
    expected = 2 + 8 * (1 - 98 / 100)  # of all 100 that got there, and one more: 98 ended
    assert view.seconds_left() == pytest.approx(6 * (5 + expected), rel=1e-3)


def test_a_function_that_ends_by_itself_is_not_expected_to_do_what_it_may(watching, clock):
    ended = trial("TERMINATED", 4)
    ended.run_metadata.last_result[ENDED_BY_ITSELF] = True
    view, trials = watching(total=3), [ended, trial("PENDING", 0)]
    view.on_step_end(0, trials)
    run(view, clock, trials, trials[1], epochs=3)
    assert view.seconds_left() == pytest.approx(5 * 6)


def test_a_budget_that_ends_sooner_is_the_time_left(watching, clock, tmp_path):
    budget = Budget(tmp_path / "spent", minutes=1, cost=None, price_per_hour=None, now=clock)
    view, made = watching(total=30, budget=budget), trial("PENDING", 0)
    view.on_step_end(0, [made])
    run(view, clock, [made], made, epochs=3)
    assert view.seconds_left() == pytest.approx(60 - 18)
    assert "50 s of the budget left" in view.line()


def test_the_clock_of_a_budget_starts_with_the_first_trial_at_work(watching, clock, tmp_path):
    budget = Budget(tmp_path / "spent", minutes=1, cost=None, price_per_hour=None, now=clock)
    view, trials = watching(total=30, budget=budget), [trial("PENDING", 0), trial("PENDING", 0)]
    view.on_step_end(0, trials)
    clock.seconds = 500.0
    assert not budget.stop_all()
    assert budget.seconds_left == 60
    run(view, clock, trials, trials[0], epochs=3)
    run(view, clock, trials, trials[1], epochs=3)  # it begins later, and the clock goes on
    assert budget.clock_seconds == 36


def test_a_study_that_goes_on_counts_its_own_pace_only(watching, clock):
    ended, half = trial("TERMINATED", EPOCHS), trial("PENDING", 5)
    view = watching(total=3)
    view.on_step_end(0, [ended, half])
    run(view, clock, [ended, half], half, epochs=4)
    assert view.seconds_left() == pytest.approx(11 * 6)


def test_a_trial_that_a_scheduler_stopped_counts_as_ended_early(watching):
    view = watching(total=3)
    view.on_step_end(0, [trial("TERMINATED", 3), trial("ERROR", 1)])
    assert "2/3 trials ended (1 early, 1 failed)" in view.line()


def test_a_trial_that_ended_by_itself_was_not_stopped_early(watching):
    view, made = watching(total=3), trial("TERMINATED", 3)
    made.run_metadata.last_result[ENDED_BY_ITSELF] = True
    view.on_step_end(0, [made])
    assert "1/3 trials ended (0 early, 0 failed)" in view.line()


def test_trials_that_a_budget_ended_before_they_began_are_not_counted(watching):
    trials = [trial("TERMINATED", 10), trial("TERMINATED", 3), *[trial("TERMINATED", 0)] * 200]
    view = watching(total=1)
    view.on_step_end(0, trials)
    assert "2/2 trials ended (1 early, 0 failed)" in view.line()


def test_the_best_is_that_of_the_last_report_and_a_failed_trial_has_no_place(watching):
    view, trials = watching(total=3), [trial("RUNNING", 0), trial("RUNNING", 0)]
    one, other = trials
    for made, value in ((one, 0.9), (other, 0.95), (one, 0.7), (other, float("nan"))):
        view.on_trial_result(0, trials, made, {"accuracy": value})
    assert f"best accuracy 0.7 ({one.trial_id})" in view.line()
    end(one, 2, "ERROR")
    view.on_trial_error(0, trials, one)
    assert "best accuracy none yet" in view.line()


def test_repeats_of_one_config_are_not_compared_but_averaged(clock):
    shown = Shown("study", [Objective("accuracy")], 2, EPOCHS, stage="final", repeats=True)
    view, trials = Progress(shown, now=clock), [trial("RUNNING", 0), trial("RUNNING", 0)]
    for made, value in zip(trials, (0.5, 1.0), strict=True):
        view.on_trial_result(0, trials, made, {"accuracy": value})
    assert "mean accuracy 0.75" in view.line()
    assert "best" not in view.line()


class UsedUp:
    reason, seconds_left = "the time budget is used up", 0.0


def test_trials_that_a_used_up_budget_ends_in_the_first_step_are_cut_until_they_go_on(watching):
    cut = trial("PENDING", 5)
    view = watching(total=1, budget=UsedUp())
    view.on_step_begin(0, [cut])
    cut.set_status("TERMINATED")
    view.on_step_end(0, [cut])
    assert view.cut_by_budget == {cut.trial_id}
    again = watching(total=1)
    again.set_state(view.get_state())
    again.on_trial_result(0, [cut], cut, {"accuracy": 0.5})
    assert again.cut_by_budget == set()


def test_a_trial_that_has_not_reported_for_long_is_told_once(watching, capsys):
    view = watching(total=1)
    view.watch.silences.append("Trial [a] has not reported for 5 minutes")
    view.on_step_end(0, [])
    view.on_step_end(1, [])
    assert capsys.readouterr().out == "Trial [a] has not reported for 5 minutes\n"


def test_what_is_counted_as_trials_come_and_end_is_what_a_look_at_all_would_count(watching):
    draw, trials = random.Random(0), []
    view = watching(total=1000)
    for _ in range(200):
        view.on_step_begin(0, trials)
        if draw.random() < 0.4:
            trials.append(trial("PENDING", 0))
        alive = [made for made in trials if not made.is_finished()]
        if alive and draw.random() < 0.3:
            made = draw.choice(alive)
            if draw.random() < 0.3:  # it is tried again, and Tune puts it at the end
                trials.remove(made)
                trials.append(made)
            elif draw.random() < 0.3:
                made.set_status("RUNNING")
            else:
                end(made, draw.choice([0, 3, 10]), draw.choice(["TERMINATED", "ERROR"]))
                failed = made.status == "ERROR"
                told = view.on_trial_error if failed else view.on_trial_complete
                told(0, trials, made)
        view.on_step_end(0, trials)
        epochs = {made: made.last_result["training_iteration"] for made in trials}
        ended = [made for made in trials if made.status == "TERMINATED" and epochs[made]]
        early = sum(epochs[made] < 10 for made in ended)
        failed = sum(made.status == "ERROR" for made in trials)
        running = sum(made.status == "RUNNING" for made in trials)
        counted = f"ended ({early} early, {failed} failed), {running} running"
        assert f"{len(ended) + failed}/1000 trials {counted}" in view.line()
        assert view.unfinished == {made.trial_id for made in trials if not made.is_finished()}


def test_what_differs_most_from_trial_to_trial_comes_first(watching):
    view = watching(total=3)
    configs = [
        {"seed": 1, "kind": kind, "width": width, "rate": rate, "depth": 1.0}
        for kind, width, rate in [("a", 1, 0.1), ("b", 2, 0.2), ("a", 3, 0.3)]
    ]
    view.on_step_end(0, [trial("RUNNING", 1, **config) for config in configs])
    assert view.moment().keys == ["rate", "width", "kind"]


def test_no_more_trials_are_to_come_than_were_asked_for(watching, clock):
    view, made = watching(total=1), trial("PENDING", 0)
    view.on_step_end(0, [made])
    run(view, clock, [made], made, epochs=5)
    assert view.seconds_left() == pytest.approx(5 * 6)
    assert view.moment().done == pytest.approx(0.5)


def test_a_trial_of_a_former_session_counts_by_what_it_reported_last(watching):
    made, failed = trial("TERMINATED", 10), trial("ERROR", 3)
    made.update_last_result({"accuracy": 0.75, "training_iteration": 10})
    failed.update_last_result({"accuracy": 0.95, "training_iteration": 3})
    view = watching(total=3)
    view.on_step_end(0, [made, failed])
    assert f"best accuracy 0.75 ({made.trial_id})" in view.line()
    view.on_trial_result(0, [made], made, {"accuracy": 0.25})
    view.on_trial_complete(0, [made], made)
    view.on_step_end(0, [made, failed])  # Tune's own record may be of the report before
    assert f"best accuracy 0.25 ({made.trial_id})" in view.line()


def test_a_first_report_without_the_objective_is_told_once_if_it_is_awaited(clock, capsys):
    for awaited in (True, False):
        shown = Shown("study", [Objective("accuracy")], 2, EPOCHS, awaited=awaited)
        view, trials = Progress(shown, now=clock), [trial("RUNNING", 0), trial("RUNNING", 0)]
        for made in trials:
            view.on_trial_result(0, trials, made, {"acuracy": 0.5})
        said = capsys.readouterr().out
        assert said.count("has not reported 'accuracy'") == awaited
        assert ("A trial that never does fails." in said) == awaited


def test_who_reports_the_objective_seldom_is_not_warned_of(clock, capsys):
    shown = Shown("study", [Objective("accuracy")], 2, EPOCHS, awaited=True)
    view, made = Progress(shown, now=clock), trial("RUNNING", 1)
    made.update_last_result({"accuracy": 0.75, "training_iteration": 1})
    view.on_trial_result(0, [made], made, {"loss": 0.5})
    assert capsys.readouterr().out == ""


def test_ctrl_c_is_answered_at_once_and_goes_to_tune(watching, capsys):
    heard, before = [], signal.getsignal(signal.SIGINT)
    try:
        signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
        watching(total=1).setup()
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
    assert capsys.readouterr().out.startswith("Stopping: trials at work have 5 seconds to end")


def test_at_its_end_a_stage_is_told_in_a_line(watching, capsys):
    view = watching(total=2)
    with view:
        view.on_step_end(0, [trial("TERMINATED", 10), trial("RUNNING", 5)])
        capsys.readouterr()
    said = capsys.readouterr().out
    assert "1/2 trials ended (0 early, 0 failed)" in said
    assert "left" not in said


def test_a_trial_that_is_tried_again_counts_once():
    tally, made = Tally([Objective("accuracy")], EPOCHS), trial("TERMINATED", 10)
    tally.look_at(made)
    made.set_status("PENDING")
    tally.look_at(made)
    assert (tally.ended, set(tally.open)) == (0, {made.trial_id})
    made.set_status("TERMINATED")
    tally.look_at(made)
    assert (tally.ended, tally.open, +tally.lengths) == (1, {}, {10: 1})


def test_configs_of_trials_that_failed_at_once_count_among_what_varies():
    tally = Tally([Objective("accuracy")], EPOCHS)
    for kind in "ab":
        tally.look_at(trial("ERROR", 0, kind=kind, same=1))
    assert tally.varied() == ["kind"]


def test_the_course_of_the_best_value_is_thinned_as_it_grows_long():
    tally, made = Tally([Objective("accuracy")], EPOCHS), trial("RUNNING", 1)
    tally.reported(made, {"loss": 1.0})
    assert tally.bests == []
    for value in range(2, MAX_BESTS + 2):
        tally.reported(made, {"accuracy": value})
    assert tally.bests == [*range(2, MAX_BESTS + 2)]
    for value in range(MAX_BESTS + 2, MAX_BESTS + 6):
        tally.reported(made, {"accuracy": value})
    assert tally.bests == [*range(3, MAX_BESTS + 2, 2), MAX_BESTS + 4]
