import random
from types import SimpleNamespace

import pytest
from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies import Progress


def trial(status, epoch):
    made = Trial("stub", stub=True)
    made.storage = SimpleNamespace(trial_driver_staging_path="")  # of a trial's error file
    made.set_status(status)
    made.run_metadata.last_result = {"training_iteration": epoch, "accuracy": 0.5}
    return made


def end(made, epoch, status="TERMINATED"):
    made.run_metadata.last_result = {"training_iteration": epoch, "accuracy": 0.5}
    made.set_status(status)


def progress(trials, *, total, seconds):
    """A view of a study of 10 epochs a trial that began `seconds` ago, with `trials` new in it."""
    now = iter([0.0])
    view = Progress(
        "study", objective=Objective("accuracy"), total=total, epochs=10,
        now=lambda: next(now, float(seconds)),
    )  # fmt: skip
    view.on_step_end(0, [])
    view.on_step_end(1, trials)
    return view


def test_the_time_left_counts_trials_at_work_by_their_epochs():
    view = progress([trial("TERMINATED", 10), trial("RUNNING", 5)], total=3, seconds=60)
    assert view.seconds_left() == pytest.approx(60)  # half of the work took as long


def test_the_time_left_is_unknown_before_the_first_epoch():
    view = progress([trial("RUNNING", 0)], total=3, seconds=60)
    assert view.seconds_left() is None
    assert "time left unknown" in view.line()


def test_a_study_that_goes_on_counts_its_own_pace_only():
    ended, half = trial("TERMINATED", 10), trial("PENDING", 5)
    now = iter([0.0])
    view = Progress(
        "study", objective=Objective("accuracy"), total=3, epochs=10, now=lambda: next(now, 30.0)
    )
    view.on_step_end(0, [ended, half])
    end(half, epoch=10)
    view.on_trial_complete(1, [ended, half], half)
    view.on_step_end(1, [ended, half])
    assert view.seconds_left() == pytest.approx(60)  # half a trial took 30 s


def test_a_trial_that_a_scheduler_stopped_counts_as_ended_early():
    view = progress([trial("TERMINATED", 3), trial("ERROR", 1)], total=3, seconds=1)
    assert "2/3 trials ended (1 early, 1 failed)" in view.line()


def test_trials_that_a_budget_ended_before_they_began_are_not_counted():
    trials = [trial("TERMINATED", 10), trial("TERMINATED", 3), *[trial("TERMINATED", 0)] * 200]
    assert "2/2 trials ended (1 early, 0 failed)" in progress(trials, total=1, seconds=9).line()


class UsedUp:
    reason, seconds_left = "the time budget is used up", 0.0


def test_trials_that_a_used_up_budget_ends_in_the_first_step_are_cut_until_they_go_on():
    cut = trial("PENDING", 5)
    view = Progress("study", objective=Objective("accuracy"), total=1, epochs=10, budget=UsedUp())
    view.on_step_begin(0, [cut])
    cut.set_status("TERMINATED")
    view.on_step_end(0, [cut])
    assert view.cut_by_budget == {cut.trial_id}
    again = Progress("study", objective=Objective("accuracy"), total=1, epochs=10)
    again.set_state(view.get_state())
    again.on_trial_result(0, [cut], cut, {"accuracy": 0.5})
    assert again.cut_by_budget == set()


def test_a_trial_that_has_not_reported_for_long_is_told_once(capsys):
    view = Progress("study", objective=Objective("accuracy"), total=1, epochs=10)
    view.watch.silences.append("Trial [a] has not reported for 5 minutes")
    view.on_step_end(0, [])
    view.on_step_end(1, [])
    assert capsys.readouterr().out == "Trial [a] has not reported for 5 minutes\n"


def test_what_is_counted_as_trials_come_and_end_is_what_a_look_at_all_would_count():
    draw, trials = random.Random(0), []
    view = Progress("study", objective=Objective("accuracy"), total=1000, epochs=10)
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
