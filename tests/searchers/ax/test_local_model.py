"""Large studies: what is near the best trial is modelled alone, whatever there is to know."""

import math
import pickle

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import parse_objectives
from automl_on_ray.searchers import PriorTrial, SearcherSettings, TrialOutcome, meets_constraints
from automl_on_ray.searchers._unvisited_members import Exhausted
from automl_on_ray.searchers.ax import AxModel, model as module
from automl_on_ray.searchers.ax.local_model import (
    LENGTH,
    MIN_FAILURES,
    MIN_LENGTH,
    SUCCESSES,
    LocalModel,
)
from automl_on_ray.searchers.members import key_of, varying
from tests.searchers.driving import PLANE, SCORE, peak

MIXED = SearchSpace(
    "mixed",
    training={
        "rate": tune.loguniform(1e-5, 1e-1),
        "layers": tune.randint(1, 9),
        "kind": tune.choice(["relu", "tanh", "gelu"]),
        "optimizer": tune.choice(["sgd", "adam"]),
        "momentum": tune.uniform(0, 1),
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)


def good(config):
    """Highest, 0, at a rate of 1e-3, 4 layers, gelu, and sgd with a momentum of 0.9."""
    value = -((np.log10(config["rate"]) + 3) ** 2) - 0.1 * (config["layers"] - 4) ** 2
    return float(value - (config["kind"] != "gelu") - (config.get("momentum", 0) - 0.9) ** 2)


def completed(value, step=4):
    return TrialOutcome("completed", {step: {"score": value}})


def known(space, score, count, seed=0):
    generator = np.random.default_rng(seed)
    configs = [varying(space, space.sample(generator)) for _ in range(count)]
    return tuple(PriorTrial(config, {4: {"score": score(config)}}) for config in configs)


def large(space, score, **asked):
    """A model that has begun with as many results as make a study large."""
    trials = known(space, score, module.LARGE)
    return AxModel(SearcherSettings(space, SCORE, max_t=4, known=trials, **asked))


def led(model, score, trials, until=math.inf):
    """Its next configs, to the first that is better than `until`."""
    found = []
    for _ in range(trials):
        config = model.suggest()
        found.append(config)
        model.tell(config, completed(score(config)))
        if score(config) > until:
            break
    assert not model.fallbacks
    return found


def trials_of_ax(model):
    return len(model._client._experiment.trials)


def test_ax_is_told_no_more_than_makes_a_study_large(monkeypatch, quick):
    monkeypatch.setattr(module, "LARGE", 12)
    model = large(PLANE, peak)
    led(model, peak, 3)
    assert trials_of_ax(model) == 0
    growing = AxModel(
        SearcherSettings(PLANE, SCORE, max_t=4, known=known(PLANE, peak, module.LARGE - 1))
    )
    led(growing, peak, 4)
    assert trials_of_ax(growing) == module.LARGE


@pytest.mark.parametrize(("space", "score"), [(PLANE, peak), (MIXED, good)], ids=["plane", "mixed"])
def test_it_finds_better_than_all_that_was_known_and_than_chance(space, score):
    chance = max(score(trial.config) for trial in known(space, score, 1000, seed=1))
    configs = led(large(space, score), score, 40, until=chance)
    assert all(space.check(config) is None for config in configs)
    assert score(configs[-1]) > chance


def test_many_at_once_are_all_different():
    model = large(MIXED, good)
    assert len({key_of(model.suggest()) for _ in range(32)}) == 32


def test_the_same_events_give_the_same_before_and_after_a_pickle():
    model = large(MIXED, good)
    led(model, good, 3)
    other = pickle.loads(pickle.dumps(model))
    assert led(other, good, 4) == led(model, good, 4)


def test_a_finite_space_is_tried_to_its_end_and_nothing_twice(monkeypatch):
    monkeypatch.setattr(module, "LARGE", 60)
    space = SearchSpace("few", training={"x": tune.randint(0, 100)})
    trials = [PriorTrial({"x": n}, {4: {"score": -abs(n - 80.0)}}) for n in range(module.LARGE)]
    model = AxModel(SearcherSettings(space, SCORE, max_t=4, known=tuple(trials)))
    found = []
    for _ in range(40):
        config = model.suggest()
        found.append(config["x"])
        model.tell(config, completed(-abs(config["x"] - 80.0)))
    assert sorted(found) == list(range(60, 100))
    assert 80 in found[:16]
    with pytest.raises(Exhausted):
        model.suggest()


def test_constraints_of_the_space_hold():
    space = SearchSpace(
        "part",
        training={"a": tune.uniform(0, 1), "b": tune.uniform(0, 1)},
        constraints=("a + b <= 1",),
    )
    trials = [one for one in known(space, lambda c: c["a"] + c["b"], 500)
              if meets_constraints(space, one.config)][: module.LARGE]  # fmt: skip
    model = AxModel(SearcherSettings(space, SCORE, max_t=4, known=tuple(trials)))
    found = led(model, lambda config: config["a"] + config["b"], 10)
    assert all(meets_constraints(space, config) for config in found)
    assert max(config["a"] + config["b"] for config in found) > 0.99


def test_where_trials_fail_it_goes_no_more():
    """The best of the plane is in a corner where all fail."""

    def score(config):
        return config["x"] + config["y"]

    def fails(config):
        return score(config) > 1.5

    trials = tuple(one for one in known(PLANE, score, 600) if not fails(one.config))
    model = AxModel(SearcherSettings(PLANE, SCORE, max_t=4, known=trials))
    failures = []
    for _ in range(40):
        config = model.suggest()
        failures.append(fails(config))
        told = TrialOutcome("failed") if failures[-1] else completed(score(config))
        model.tell(config, told)
    assert not model.fallbacks
    assert sum(failures[20:]) < sum(failures[:20])


def test_a_trial_that_was_stopped_early_counts_as_at_its_end():
    """Each gains 10 from the first step to the last."""
    model = LocalModel(SearcherSettings(PLANE, SCORE, max_t=4))
    for n in range(20):
        curve = {1: {"score": float(n)}, 4: {"score": n + 10.0}}
        model.tell({"x": n / 20, "y": 0.5}, TrialOutcome("completed", curve), 1)
    model.tell({"x": 0.99, "y": 0.5}, TrialOutcome("early_stopped", {1: {"score": 19.5}}), 1)
    assert model._value(20) == pytest.approx(29.5)
    assert model._centre == 20


@pytest.mark.parametrize(
    "asked",
    [
        {"objectives": parse_objectives("score,-cost")},
        {"outcome_constraints": ("cost <= 1",)},
        {"acquisition": "qlogei"},
    ],
    ids=["several objectives", "an outcome constraint", "an acquisition function"],
)
def test_what_it_cannot_do_stays_with_ax(asked):
    model = AxModel(SearcherSettings(**{"space": PLANE, "objectives": SCORE, "max_t": 4, **asked}))
    model._many_known = True
    assert not model._is_large


def told(model, values, pending=1):
    for n, value in enumerate(values):
        model.tell({"x": (n % 97) / 97, "y": (n % 89) / 89}, completed(value), pending)


def test_the_region_grows_with_successes_and_shrinks_without():
    model = LocalModel(SearcherSettings(PLANE, SCORE, max_t=4))
    told(model, [float(n) for n in range(1, SUCCESSES + 1)])
    assert model._length == 2 * LENGTH
    told(model, [0.0] * MIN_FAILURES)
    assert model._length == LENGTH
    told(model, [0.0] * 10, pending=16)
    assert model._length == LENGTH, "those on trial were suggested before"


def test_the_region_is_around_the_best_also_where_that_is_hardly_better():
    model = LocalModel(SearcherSettings(PLANE, SCORE, max_t=4))
    told(model, [0.99, 0.9901, 0.9])
    assert (model._centre, model._successes) == (1, 0)


def test_known_trials_that_say_nothing_of_todays_steps_make_no_study_large():
    trials = tuple(PriorTrial(t.config, {9: {"score": 1.0}}) for t in known(PLANE, peak, 200))
    model = AxModel(SearcherSettings(PLANE, SCORE, max_t=4, known=trials))
    assert not model._is_large
    led(model, peak, 3)


def test_a_region_that_became_too_small_begins_again_elsewhere():
    model = LocalModel(SearcherSettings(PLANE, SCORE, max_t=4))
    told(model, [100.0])
    halvings = math.ceil(math.log2(LENGTH / MIN_LENGTH))
    told(model, [0.0] * (halvings * MIN_FAILURES - 1))
    assert (model._length, model._centre) == (LENGTH / 2 ** (halvings - 1), 0)
    told(model, [0.0])
    assert model._length == LENGTH
    assert model._centre != 0


def test_a_first_trial_that_fails_is_left_for_any_that_does_not():
    model = LocalModel(SearcherSettings(PLANE, SCORE, max_t=4))
    failed, *others = [one.config for one in known(PLANE, peak, 3)]
    model.tell(failed, TrialOutcome("failed", {}), 0)
    model.tell(failed, TrialOutcome("failed", {}), 0)
    for place, config in enumerate(others, 2):
        model.tell(config, completed(float(place)), 0)
        assert model._centre == place
