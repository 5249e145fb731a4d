"""The schedule of what a trial has tuned by gradients, from its reports."""

import pytest
from ray import tune

from automl_on_ray.schedulers.populations import Segment
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.studies.finish.tuned_values import by_epoch, to_begin_with
from automl_on_ray.tracking import RecordedStudy
from tests.helpers.recorded import recorded

SPACE = SearchSpace(
    "tuned", training={"rate": tune.loguniform(1e-4, 1e-1), "smoothing": 0.1, "depth": 3}
)
CONFIG = {"rate": 1e-3, "smoothing": 0.1, "depth": 3}


def told(**values):
    return {f"hyper/{key}": value for key, value in values.items()}


def schedule(curve, part=None, lineage=(), config=CONFIG, space=SPACE):
    trials = [recorded("t", config, curve), recorded("other", CONFIG, [(1, told(rate=0.05))])]
    study = RecordedStudy({}, "", tuple(trials), tuple(lineage))
    return by_epoch(part or Segment(0, len(curve), "t", config), study, space)


def test_an_epoch_has_the_values_that_were_reported_at_its_end():
    curve = [(1, told(rate=2e-3)), (2, told(rate=4e-3, smoothing=0.2))]
    assert schedule(curve) == [
        Segment(0, 1, "t", {**CONFIG, "rate": 2e-3}),
        Segment(1, 2, "t", {**CONFIG, "rate": 4e-3, "smoothing": 0.2}),
    ]


def test_what_is_no_key_of_the_config_or_not_reported_changes_nothing():
    curve = [(1, told(rate=2e-3)), (2, {"hyper/rate/mean": 5e-3, "hyper/other": 1.0, "depth": 9})]
    assert [one.config for one in schedule(curve)] == [{**CONFIG, "rate": 2e-3}] * 2


@pytest.mark.parametrize(("reported", "kept"), [(0.1 + 1e-9, 0.1), (9.99e-5, 1e-4), (0.05, 0.05)])
def test_values_that_were_rounded_beyond_the_spaces_bounds_are_at_them(reported, kept):
    (one,) = schedule([(1, told(rate=reported))])
    assert one.config["rate"] == kept
    SPACE.check(one.config)


def test_a_trial_that_took_over_another_has_its_reports_under_later_steps():
    """It was at its second epoch when it took over a state of the fourth: steps go on from 2."""
    curve = [(step, told(rate=step / 100)) for step in range(1, 5)]
    taken = {"trial": "t", "donor": "other", "step": 2, "donor_iteration": 4, "offset": -2}
    found = schedule(curve, Segment(4, 6, "t", CONFIG), [taken])
    assert [(one.start, one.end, one.config["rate"]) for one in found] == [
        (4, 5, 0.03),
        (5, 6, 0.04),
    ]


@pytest.mark.parametrize(
    ("restarts", "expected"),
    [
        ([0, 1, 2, 2], [0.02, 0.01, 0.02, 0.03]),
        ([0, 1, 1, 1], [0.01, 0.01, 0.02, 0.03]),
        ([3, 3, 3, 3], [0.5, 0.08, 0.02, 0.03]),
    ],
)
def test_a_rate_that_broke_training_is_as_the_last_restart_cut_it(restarts, expected):
    rates = [0.5, 0.01 if restarts[0] == 0 else 0.08, 0.02, 0.03]
    space = SearchSpace("cut", training={"learning_rate": tune.loguniform(1e-4, 1.0), "depth": 3})
    curve = [
        (step, {**told(learning_rate=rate), "restarts": count})
        for step, (rate, count) in enumerate(zip(rates, restarts, strict=True), start=1)
    ]
    found = schedule(curve, config={"learning_rate": 1.0, "depth": 3}, space=space)
    assert [one.config["learning_rate"] for one in found] == pytest.approx(expected)


def test_a_training_begins_again_with_the_last_values_and_the_largest_rate_that_did_not_break_it():
    epochs = [
        {"learning_rate": 0.01, "weight_decay": 0.1},
        {"learning_rate": 0.03, "weight_decay": 0.01},
        {"learning_rate": 0.02, "weight_decay": 0.001},
    ]
    along = [Segment(e, e + 1, "t", config) for e, config in enumerate(epochs)]
    found = to_begin_with(along, ["learning_rate", "weight_decay"])
    assert found == {"learning_rate": 0.03, "weight_decay": 0.001}


def test_a_rate_that_was_not_tuned_is_the_last_one():
    """A population may have lowered it."""
    rates = (0.1, 0.01)
    along = [Segment(e, e + 1, "t", {"learning_rate": rate}) for e, rate in enumerate(rates)]
    assert to_begin_with(along, ["weight_decay"]) == {"learning_rate": 0.01}
