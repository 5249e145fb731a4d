"""Searchers in a Tuner of Ray's own, which tells them metric, mode and space."""

import pytest
from ray import tune
from ray.tune.search import ConcurrencyLimiter, Repeater
from ray.tune.utils.util import flatten_dict

from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers.bayesian import Bayesian
from automl_on_ray.searchers.random_search import RandomSearch

ODD = {
    "x": tune.uniform(0, 1), "constant": 3,
    "opt": {"kind": tune.choice([int, (1, 2)]), "layers": [tune.randint(0, 3), 7]},
}  # fmt: skip


def plain_tuners(**words):
    searcher = RandomSearch(**words)
    searcher.told = []
    searcher.tell = lambda config, outcome: searcher.told.append((config, outcome))
    return searcher


def test_a_plain_tuner_with_a_nested_space_needs_no_settings(ray_cluster, tmp_path):
    searcher, verdicts = Bayesian(seed=1), []
    searcher.tell = lambda config, outcome: verdicts.append(outcome.verdict)
    results = tune.Tuner(
        lambda config: {"score": -abs(config["opt"]["rate"] - 0.5)},
        param_space={"opt": {"rate": tune.uniform(0, 1), "kind": tune.choice([int])}, "seed": None},
        tune_config=tune.TuneConfig(
            metric="score", mode="max", num_samples=4, max_concurrent_trials=2,
            search_alg=searcher, reuse_actors=True,
        ),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    ).fit()  # fmt: skip
    assert {result.config["opt"]["kind"] for result in results} == {int}
    assert verdicts == ["completed"] * 4
    assert len({result.config["opt"]["rate"] for result in results}) == 4


def test_a_plain_tuner_is_given_values_and_forms_as_it_declared_them():
    searcher = plain_tuners()
    assert searcher.set_search_properties("score", "max", ODD)
    config = searcher.suggest("t")
    assert set(config) == {"x", "opt"}
    assert config["opt"]["kind"] in (int, (1, 2))
    assert config["opt"]["layers"][1] == 7
    result = flatten_dict({"score": 1.0, "training_iteration": 1, "config": {**ODD, **config}})
    searcher.on_trial_complete("t", result)
    ((told, outcome),) = searcher.told
    assert outcome.last == {"score": 1.0}
    assert told["opt/layers/0"] == config["opt"]["layers"][0]


@pytest.mark.parametrize(
    "words",
    [
        {}, {"metric": "score"}, {"metric": "score", "mode": "maximum"},
        {"metric": ["a", "b"], "mode": ["max"]}, {"mode": "min"},
    ],
)  # fmt: skip
def test_a_plain_tuner_without_metric_and_mode_is_refused(words):
    with pytest.raises(UserError, match="needs metric and mode"):
        Bayesian(**words).set_search_properties(None, None, ODD)


def test_a_plain_tuner_may_have_several_metrics_but_not_nothing_to_choose():
    searcher = Bayesian(metric=["a", "b"], mode=["max", "min"])
    searcher.set_search_properties(None, None, ODD)
    assert searcher.settings.objectives == (Objective("a"), Objective("b", "min"))
    with pytest.raises(UserError, match="leaves nothing to choose"):
        Bayesian().set_search_properties("score", "max", {"constant": 1})


def test_a_limiter_of_batches_tells_results_when_a_batch_is_done():
    searcher = plain_tuners()
    limiter = ConcurrencyLimiter(searcher, 2, batch=True)
    limiter.set_search_properties("score", "max", ODD)
    assert limiter.suggest("a")
    assert limiter.suggest("b")
    limiter.on_trial_complete("a", {"score": 1.0, "training_iteration": 1})
    assert limiter.suggest("c") is None
    assert not searcher.told
    limiter.on_trial_complete("b", {"score": 2.0, "training_iteration": 1})
    assert len(searcher.told) == 2
    assert isinstance(limiter.suggest("c"), dict)


def test_the_mean_of_repeated_trials_is_that_of_whole_ones():
    searcher = plain_tuners(metric="score", mode="max", max_t=9)
    repeater = Repeater(searcher, 2)
    repeater.set_search_properties("score", "max", ODD)
    for name in "ab":
        repeater.suggest(name)
    for name, score in (("a", 1.0), ("b", 3.0)):
        repeater.on_trial_complete(name, {"score": score})
    ((_, outcome),) = searcher.told
    assert outcome.verdict == "completed"
    assert outcome.last == {"score": 2.0}


def test_a_grid_search_in_a_plain_tuners_space_is_refused():
    space = {"opt": {"rate": tune.grid_search([0.1, 0.2])}}
    with pytest.raises(UserError, match="grid_search of 'opt/rate'"):
        Bayesian().set_search_properties("score", "max", space)
