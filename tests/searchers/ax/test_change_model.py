"""Exploration by Ax: suggestions follow an optimum that moves, and are members of the space."""

import math
import os
import pickle
import signal

import numpy as np
import pytest
from ax.core.parameter import ChoiceParameter, ParameterType, RangeParameter
from ray import tune

from automl_on_ray.search_spaces import Exploit, Interval, SearchSpace
from automl_on_ray.searchers.ax import AxExplorer, ExplorationConfig
from automl_on_ray.searchers.ax.change_model import MAX_LENGTH, MAX_SPREADS, MIN_LENGTH, ChangeModel
from automl_on_ray.searchers.ax.trust_region import around, drawn
from tests.schedulers.populations.growing import SPACE, gain

EPOCHS, INTERVAL = 12, 2
COURSE = ExplorationConfig(SPACE, EPOCHS, INTERVAL, seed=0)
BEST = {"width": 8, "rate": 0.05, "batch": 32, "kind": "b", "optimizer": "sgd", "momentum": 0.9}


def exploit(number=1, trial="t1", donor="t0", time=4, score=0.3, config=BEST):
    return Exploit(number, trial, donor, time, score, dict(config))


def tell_rounds(model, rounds, size=8):
    """Intervals of a random population, each trial with one config; the exploits' number so far."""
    generator = np.random.default_rng(3)
    trials = {f"t{i}": (SPACE.sample(generator), 0.0) for i in range(size)}
    for turn in range(rounds):
        start = turn * INTERVAL
        for name, (config, score) in trials.items():
            after = score + sum(gain(config, start + step) for step in range(INTERVAL))
            before = score if turn else None
            model.tell(Interval(name, config, start, start + INTERVAL, before, after))
            trials[name] = (config, after)
    return trials


@pytest.mark.parametrize("rounds", [0, 1, 2])
def test_suggestions_are_members_that_keep_what_a_live_trial_must_keep(rounds):
    model = ChangeModel(COURSE)
    tell_rounds(model, rounds)
    for number in range(6 if rounds < 2 else 1):
        config = model.suggest(exploit(number, trial=f"t{number}"))
        SPACE.check(config)
        assert set(config) == set(BEST)
        assert (config["width"], config["optimizer"]) == (8, "sgd")
        assert config != BEST
    without = {**BEST, "optimizer": "adam"}
    del without["momentum"]
    assert "momentum" not in model.suggest(exploit(9, config=without))
    assert model.fallbacks == 0


@pytest.mark.parametrize("width", [1e-4, 1e-9])
def test_a_short_range_is_explored_as_any_other(width):
    space = SearchSpace("short", training={"x": tune.uniform(0, width), "y": tune.uniform(0, 1)})
    model = ChangeModel(ExplorationConfig(space, EPOCHS, INTERVAL, seed=0))
    config = {"x": width / 2, "y": 0.5}
    for trial in range(8):
        own = {"x": width * trial / 8, "y": trial / 8}
        model.tell(Interval(f"t{trial}", own, 2, 4, 0.1, 0.1 + trial / 10))
    found = model.suggest(exploit(config=config))
    space.check(found)
    assert found["x"] != config["x"]
    assert model.fallbacks == 0


@pytest.mark.slow
def test_suggestions_follow_an_optimum_that_moves():
    model = ChangeModel(COURSE)
    tell_rounds(model, 4)
    for number, time in enumerate((4, 8)):
        best = -1 - 2 * time / EPOCHS
        config = model.suggest(
            exploit(number, time=time, config={**BEST, "rate": 10 ** (best + 0.4)})
        )
        assert abs(math.log10(config["rate"]) - best) < 0.3
        assert config["kind"] != "a"
    assert model.fallbacks == 0


def test_a_trial_that_diverged_has_the_worst_change_of_all():
    model = ChangeModel(COURSE)
    tell_rounds(model, 2)
    model.tell(Interval("t1", BEST, 4, 6, 0.3, -math.inf))
    model.tell(Interval("t2", BEST, 4, 6, -math.inf, -math.inf))
    assert model._rows()[-1] == (model._intervals[-2], -MAX_SPREADS)
    SPACE.check(model.suggest(exploit()))
    assert model.fallbacks == 0


def test_the_trust_region_grows_with_successes_and_shrinks_without():
    for gained, bound in ((1.0, MAX_LENGTH), (-1.0, MIN_LENGTH)):
        model = ChangeModel(COURSE)
        tell_rounds(model, 2)
        lengths = [model.length]
        for number in range(8):
            model._open[f"s{number}"] = "a suggestion"
            model.tell(Interval(f"s{number}", BEST, 2, 4, 0.3, 0.3 + gained * (number + 1)))
            lengths.append(model.length)
        assert lengths == sorted(lengths, reverse=gained < 0)
        assert lengths[-1] == bound


def test_from_a_pickle_it_goes_on_as_if_nothing_had_been_and_gives_two_trials_not_the_same():
    model = ChangeModel(COURSE)
    tell_rounds(model, 2)
    again = pickle.loads(pickle.dumps(model))
    suggested = model.suggest(exploit())
    assert again.suggest(exploit()) == suggested
    assert again.suggest(exploit(2, trial="t2")) != suggested  # of the same donor


@pytest.mark.whole
def test_the_models_process_and_the_explorer_may_die_without_changing_a_suggestion():
    """It suggests as a model does in this process, which never died."""
    explorer, model = AxExplorer(COURSE), ChangeModel(COURSE)
    for one in (explorer, model):
        tell_rounds(one, 2)
    for number in range(2):
        asked = exploit(number, trial=f"t{number}")
        assert explorer.explore(asked, wait=False) is None  # it cannot be there at once
        if number == 0:
            explorer = pickle.loads(pickle.dumps(explorer))
        if number == 1:
            os.kill(explorer.model.pid(), signal.SIGKILL)
        assert explorer.explore(asked, wait=True) == model.suggest(asked)
    explorer.close()


def ranged(lower, upper, *, whole=False, log=False):
    kind = ParameterType.INT if whole else ParameterType.FLOAT
    return RangeParameter("p0", kind, lower, upper, log_scale=log)


@pytest.mark.parametrize(
    ("parameter", "code", "length", "found"),
    [
        (ranged(0.0, 1.0), 0.5, 0.2, (0.4, 0.6)), (ranged(0.0, 1.0), 0.95, 0.2, (0.85, 1.0)),
        (ranged(0.0, 1.0), 0.05, 0.2, (0.0, 0.15)), (ranged(2.0, 6.0), 4.0, 0.5, (3.0, 5.0)),
        (ranged(1.0, 1e4, log=True), 100.0, 0.5, (10.0, 1000.0)),
        (ranged(0, 100, whole=True), 50, 0.21, (39, 61)),
        (ranged(0, 9, whole=True), 4, 0.01, (3, 5)), (ranged(0, 9, whole=True), 9, 0.01, (8, 9)),
        (ranged(0, 9, whole=True), 0, 0.01, (0, 1)),
        (ranged(1, 1000, whole=True, log=True), 10, 0.5, (1, 57)),
    ],
)  # fmt: skip
def test_a_part_is_of_that_length_on_the_ranges_own_scale_and_within_it(
    parameter, code, length, found
):
    part = around(parameter, code, length)
    assert (part.lower, part.upper) == pytest.approx(found)
    assert (part.name, part.parameter_type) == ("p0", parameter.parameter_type)
    assert part.log_scale == parameter.log_scale


def test_all_of_it_is_drawn_from():
    generator = np.random.default_rng(0)
    choice = ChoiceParameter("p0", ParameterType.INT, [0, 1, 2], is_ordered=False, sort_values=True)
    assert {drawn(choice, generator) for _ in range(60)} == {0, 1, 2}
    found = {drawn(ranged(3, 5, whole=True), generator) for _ in range(60)}
    assert found == {3, 4, 5}
    assert {type(value) for value in found} == {int}
    real = [drawn(ranged(2.0, 3.0), generator) for _ in range(60)]
    assert 2.0 <= min(real) < 2.1
    assert 2.9 < max(real) <= 3.0
