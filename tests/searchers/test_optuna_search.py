"""What Optuna is asked for and told, by trials of its own."""

import math

import optuna
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.searchers.optuna_search import ByRun

SPACE = SearchSpace(
    "asked",
    training={
        "kind": tune.choice(["a", "b"]), "real": tune.uniform(0, 2),
        "log": tune.loguniform(1e-3, 1.0), "stepped": tune.quniform(0.0, 1.0, 0.25),
        "whole": tune.randint(3, 9), "whole log": tune.lograndint(1, 65),
        "whole stepped": tune.qrandint(8, 32, 8), "log stepped": tune.qloguniform(0.5, 8.0, 0.5),
        "child": tune.uniform(0, 1), "grandchild": tune.uniform(0, 1),
    },
    conditions={
        "child": Condition("kind", ("a",)), "grandchild": Condition("child", (0.25,)),
    },
)  # fmt: skip
DISTRIBUTIONS = {
    "kind": CategoricalDistribution(["a", "b"]), "real": FloatDistribution(0.0, 2.0),
    "log": FloatDistribution(1e-3, 1.0, log=True),
    "stepped": FloatDistribution(0.0, 1.0, step=0.25), "whole": IntDistribution(3, 8),
    "whole log": IntDistribution(1, 64, log=True), "whole stepped": IntDistribution(8, 32, step=8),
    "log stepped": FloatDistribution(0.5, 8.0, log=True),
}  # fmt: skip
CHILD = {"child": FloatDistribution(0.0, 1.0)}


@pytest.mark.parametrize(
    ("fixed", "more"),
    [
        ({"kind": "b"}, {}), ({"kind": "a", "child": 0.5}, CHILD),
        ({"kind": "a", "child": 0.25}, {**CHILD, "grandchild": FloatDistribution(0.0, 1.0)}),
    ],
)  # fmt: skip
def test_only_what_exists_is_asked_for_as_its_domain_is(fixed, more):
    study = optuna.create_study()
    study.enqueue_trial(fixed)
    trial = study.ask()
    ByRun(SPACE)(trial)
    assert trial.distributions == {**DISTRIBUTIONS, **more}


def test_a_child_may_be_declared_before_its_parent():
    space = SearchSpace(
        "turned", training={"child": tune.uniform(0, 1), "kind": tune.choice(["a", "b"])},
        conditions={"child": Condition("kind", ("a",))},
    )  # fmt: skip
    study = optuna.create_study()
    study.enqueue_trial({"kind": "a"})
    trial = study.ask()
    ByRun(space)(trial)
    assert list(trial.params) == ["kind", "child"]


def searcher(*objectives, **more):
    space = SearchSpace("two", training={"x": tune.qloguniform(0.5, 8.0, 0.5), "fixed": 3})
    return create_searcher("optuna", SearcherSettings(space, objectives, **more))


def told(made):
    """Values and state of the first trial, as Optuna has them."""
    (trial, *_) = made._ot_study.trials
    return trial.values, trial.state.name


@pytest.mark.parametrize(
    ("reports", "values", "state"),
    [
        ([{"score": 0.5}], [0.5], "COMPLETE"),
        ([{"score": 0.5}, {"loss": 1.0}], [0.5], "COMPLETE"),
        ([{"loss": 1.0}], None, "FAIL"), ([{"score": math.nan}], None, "FAIL"),
        ([{"score": 0.5}, {"score": math.inf}], None, "FAIL"),
        ([{"score": "0.9"}], None, "FAIL"), ([], None, "FAIL"),
    ],
)  # fmt: skip
def test_it_is_told_what_a_trial_reported_last(reports, values, state):
    made = searcher(Objective("score"), points=({"x": 4.0},))
    assert made.suggest("t") == {"x": 4.0}
    results = [{**one, "training_iteration": n} for n, one in enumerate(reports, start=1)]
    for result in results:
        made.on_trial_result("t", result)
    made.on_trial_complete("t", results[-1] if results else None, error=not results)
    assert told(made) == (values, state)


def test_a_trial_that_failed_tells_nothing_whatever_it_has_reported():
    made = searcher(Objective("score"))
    made.suggest("t")
    made.on_trial_result("t", {"score": 0.5, "training_iteration": 1})
    made.on_trial_complete("t", {"score": 0.5, "training_iteration": 1}, error=True)
    assert told(made) == (None, "FAIL")


def test_several_objectives_are_told_together_each_with_its_direction():
    made = searcher(Objective("score"), Objective("cost", "min"), seed=3)
    made.suggest("t")
    made.on_trial_complete("t", {"score": 0.5, "cost": 2.0, "training_iteration": 1})
    assert told(made) == ([0.5, 2.0], "COMPLETE")
    assert [one.name for one in made._ot_study.directions] == ["MAXIMIZE", "MINIMIZE"]
    made.suggest("half")
    made.on_trial_complete("half", {"score": 0.5, "training_iteration": 1})
    assert made._ot_study.trials[1].state.name == "FAIL"


@pytest.mark.parametrize("names", ["a", "ab"])
def test_a_seed_gives_the_same_configs(names):
    goals = [Objective(name) for name in names]
    first, same, other = (searcher(*goals, seed=seed).suggest("t") for seed in (3, 3, 5))
    assert first == same != other


def test_values_are_multiples_also_on_a_log_scale():
    made = searcher(Objective("score"))
    assert all(made.suggest(str(number))["x"] % 0.5 == 0 for number in range(20))


def test_reports_between_are_told_if_they_are_numbers():
    made = searcher(Objective("score"))
    made.suggest("t")
    for step, score in enumerate((0.5, None, "0.9", math.nan, 0.75), start=1):
        made.on_trial_result("t", {"score": score, "training_iteration": step})
    assert made._ot_study.trials[0].intermediate_values == {1: 0.5, 5: 0.75}


def test_a_config_is_not_tried_again_where_the_best_has_nothing_left_to_vary():
    space = SearchSpace(
        "models", training={"model": tune.choice(["fixed", "network"]), "rate": tune.uniform(0, 1)},
        conditions={"rate": Condition("model", ("network",))},
    )  # fmt: skip
    searcher = create_searcher("optuna", SearcherSettings(space, (Objective("loss", "min"),)))
    found = []
    for number in range(40):
        config = searcher.suggest(f"t{number}")
        found.append(tuple(sorted(config.items())))
        loss = 0.0 if config["model"] == "fixed" else 1.0 + config["rate"]
        searcher.on_trial_complete(f"t{number}", {"loss": loss, "training_iteration": 1})
    assert found.count((("model", "fixed"),)) == 1
    assert len(set(found)) == 40


def test_a_small_space_is_gone_through_and_then_again():
    space = SearchSpace("two", training={"x": tune.choice([1, 2])})
    searcher = create_searcher("optuna", SearcherSettings(space, (Objective("loss", "min"),)))
    found = []
    for number in range(4):
        found.append(searcher.suggest(f"t{number}")["x"])
        result = {"loss": float(found[-1]), "training_iteration": 1}
        searcher.on_trial_complete(f"t{number}", result)
    assert set(found[:2]) == {1, 2}
    assert set(found[2:]) <= {1, 2}
    states = [trial.state.name for trial in searcher._ot_study.trials]
    assert states.count("COMPLETE") == 4
    assert set(states) == {"COMPLETE", "FAIL"}  # what was not handed out
