"""Which trials of an earlier study are taken, and what of their configs."""

import pytest
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.studies.transfer.members import best_and_spread, shared, whole_first, worth_by
from automl_on_ray.tracking.store import EarlierTrial
from tests.studies.transfer.earlier import GOOD, SPACE

SCORE = Objective("score")


def trial(number, *, score=0.0, step=1, outcome="completed"):
    return EarlierTrial("s", f"t{number}", outcome, step, {"score": score}, {}, None, "run", "")


def numbers(trials):
    return [int(one.trial_id[1:]) for one in trials]


@pytest.mark.parametrize(("mode", "sign"), [("max", 1), ("min", -1)])
def test_of_many_trials_half_are_the_best_and_half_are_spread_over_the_others(mode, sign):
    many = [trial(number, score=sign * number) for number in range(100)]
    kept = numbers(best_and_spread(many, worth_by(Objective("score", mode)), 10))
    assert kept == [99, 98, 97, 96, 95, 94, 70, 47, 24, 0]


def test_few_trials_are_all_taken_in_their_order():
    few = [trial(number, score=number % 3) for number in range(10)]
    assert best_and_spread(few, worth_by(SCORE), 10) == few


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_no_more_are_taken_than_asked(most):
    assert (
        len(best_and_spread([trial(n, score=n) for n in range(9)], worth_by(SCORE), most)) == most
    )


def test_trials_that_ended_early_are_taken_where_there_are_too_few_others():
    early = [trial(n, step=n % 3, outcome="pruned") for n in range(10, 20)]
    whole = [trial(n, step=9) for n in range(6)]
    assert numbers(whole_first([*early, *whole], 9)) == [0, 1, 2, 3, 4, 5, 11, 14, 17]
    assert whole_first([*early, *whole], 5) == whole


def test_of_another_spaces_config_is_kept_what_todays_space_varies():
    kept = shared(SPACE, {**GOOD, "depth": 3, "optimizer": "sgd"})
    assert kept == {"w": 10, "d": 20, "q": 0.3, "betas": "(0.9, 0.99)"}
    assert shared(SPACE, {"w": 1}) == {"w": 1}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"w": 101}, "w=101, outside"), ({"w": 1, "betas": [1, 2]}, "betas=.*outside"),
        ({"w": 90, "d": 90}, "breaks a constraint"), ({"depth": 3}, "nothing that space 'today'"),
        ({}, "nothing that space"),
    ],
)  # fmt: skip
def test_what_todays_space_does_not_allow_is_refused(config, said):
    with pytest.raises(UserError, match=said):
        shared(SPACE, config)


def test_what_does_not_exist_today_is_not_looked_at():
    space = SearchSpace(
        "conditional",
        training={"kind": tune.choice(["a", "b"]), "x": tune.uniform(0, 1)},
        conditions={"x": Condition("kind", ("b",))},
    )
    assert shared(space, {"kind": "a", "x": 7.0}) == {"kind": "a"}
    assert shared(space, {"kind": "b", "x": 0.5}) == {"kind": "b", "x": 0.5}
