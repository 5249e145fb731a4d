"""Draws are from what is believed at first, and from the domains' own distributions in the end."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from ray import tune
from scipy import stats

from automl_on_ray.search_spaces import Condition, SearchSpace, contains
from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.searchers.members import BelievedDraws
from automl_on_ray.searchers.policies import Decisions, policy

SPACE = SearchSpace(
    "believed",
    training={
        "lr": tune.loguniform(1e-5, 1.0),
        "layers": tune.randint(1, 9),
        "optimizer": tune.choice(["adam", "sgd"]),
        "momentum": tune.uniform(0.0, 1.0),
        "free": tune.uniform(0.0, 1.0),
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)
TEXTS = (
    "lr ~ lognormal(1e-3, x3)",
    "layers ~ normal(3, 1)",
    "optimizer ~ choice(adam: 1, sgd: 3)",
    "momentum ~ normal(0.9, 0.05)",
)
BELIEFS = read_beliefs(TEXTS, SPACE.domains)
DRAWS = BelievedDraws(SPACE, BELIEFS)
FOREVER = 10**9  # draws


def told(texts):
    beliefs = read_beliefs(texts, SPACE.domains)
    return SearcherSettings(SPACE, (Objective("score"),), beliefs=beliefs)


def suggested(name, count, texts=TEXTS):
    searcher = create_searcher(name, told(texts))
    return [searcher.suggest(f"t{number}") for number in range(count)]


def drawn(key, drawn_before, count=2000):
    """Values of one parameter."""
    generator = np.random.default_rng(0)
    return [DRAWS.draw(generator, drawn_before)[key] for _ in range(count)]


def test_a_number_is_drawn_from_its_density_at_first():
    logs = np.log(np.array(drawn("lr", 0)) / 1e-3) / math.log(3)
    assert stats.kstest(logs[np.abs(logs) < 2], stats.truncnorm(-2, 2).cdf).pvalue > 0.01
    assert np.mean(np.abs(logs) < 2) == pytest.approx(0.95, abs=0.02)


def test_options_are_drawn_by_their_weights_at_first():
    assert np.mean([one == "sgd" for one in drawn("optimizer", 0)]) == pytest.approx(0.75, abs=0.03)


def test_after_ten_draws_a_density_fades_by_its_power():
    """The density of what is two deviations off, over that of the best: to the power 1 / 4."""
    logs = np.log(np.array(drawn("lr", 40, 8_000)) / 1e-3) / math.log(3)
    off, best = (np.mean(np.abs(np.abs(logs) - centre) < 0.25) for centre in (2.0, 0.0))
    assert off / 2 / best == pytest.approx(math.exp(-2 / 4), rel=0.15)


@pytest.mark.parametrize("key", ["lr", "layers", "optimizer", "momentum"])
def test_in_the_end_the_domains_own_distribution_is_drawn_from(key):
    for unit in np.linspace(0, 0.999, 50):
        assert DRAWS.unit(key, float(unit), FOREVER) == pytest.approx(unit, abs=1e-5)


def test_of_what_nothing_is_believed_nothing_is_changed():
    assert DRAWS.unit("free", 0.3, 0) == 0.3
    assert "free" not in DRAWS.draw(np.random.default_rng(0), 0)


@settings(max_examples=100, deadline=None)
@given(
    units=st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True)),
    key=st.sampled_from(["lr", "layers", "optimizer", "momentum"]),
    before=st.integers(0, 1000),
)
def test_quantiles_are_in_order_and_of_the_domain(units, key, before):
    low, high = (DRAWS.unit(key, unit, before) for unit in sorted(units))
    assert 0 <= low <= high < 1


@given(seed=st.integers(0, 2**32 - 1), before=st.integers(0, 100))
def test_what_is_drawn_is_a_value_of_the_domain(seed, before):
    for key, value in DRAWS.draw(np.random.default_rng(seed), before).items():
        assert contains(SPACE.domains[key], value)


@pytest.mark.parametrize("name", ["random", "sobol", "evolution", "local", "reinforce"])
def test_a_searchers_first_configs_are_where_people_expect_the_best(name):
    configs = suggested(name, 10 if name == "local" else 20)
    within = [abs(math.log(c["lr"] / 1e-3)) < 2.5 * math.log(3) for c in configs]
    assert np.mean(within) > 0.7
    assert np.mean([c["optimizer"] == "sgd" for c in configs]) > 0.5
    for config in configs:
        assert ("momentum" in config) == (config["optimizer"] == "sgd")
        SPACE.check(config)


def test_optuna_s_first_ten_configs_are_where_people_expect_the_best_and_given_ones_before():
    given = {"lr": 0.5, "layers": 1, "optimizer": "adam", "free": 0.25}
    searcher = create_searcher("optuna", replace(told(TEXTS), points=(given,)))
    first, *others = [searcher.suggest(f"t{number}") for number in range(11)]
    assert first == given
    within = [abs(math.log(config["lr"] / 1e-3)) < 2.5 * math.log(3) for config in others]
    assert np.mean(within) > 0.7


def test_a_policy_heeds_beliefs_of_each_option_and_less_with_each_draw():
    """Of options in the proportion of what is believed, to a power that falls."""
    decisions = Decisions(SPACE)
    made = policy("independent", decisions, 0)
    made.believed = torch.from_numpy(decisions.believed(BELIEFS))
    generator = np.random.default_rng(0)
    for heed, share in ((made.heed, 0.75), (0.0, 0.5)):
        made.heed = heed
        drawn_ = [config["optimizer"] == "sgd" for config, _ in made.draw(4000, generator)]
        assert np.mean(drawn_) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("name", ["random", "sobol"])
def test_a_wrong_belief_keeps_a_searcher_from_good_values_for_a_number_of_trials_only(name):
    configs = suggested(name, 200, ["lr ~ lognormal(1e-5, x1.5)"])
    good = [config["lr"] > 0.01 for config in configs]
    assert np.mean(good[:10]) < 0.2
    assert np.mean(good[100:]) > 0.2  # 0.4 where nothing is believed


def test_what_learns_draws_hardly_from_beliefs_after_many_results():
    searcher = create_searcher("local", told(["lr ~ lognormal(1e-5, x1.5)"]))
    for number in range(300):
        trial = f"t{number}"
        searcher.suggest(trial)
        searcher.on_trial_complete(trial, {"score": 0.0, "training_iteration": 1})
    assert np.mean([searcher.sampled()["lr"] > 0.01 for _ in range(200)]) > 0.25


@pytest.mark.parametrize(
    "name",
    ["random", "sobol", "evolution", "local", "gaussian-process", "optuna", "reinforce"],
)
def test_a_saved_searcher_draws_on_exactly(name, tmp_path):
    whole, restored = (create_searcher(name, told(TEXTS)) for _ in range(2))
    for number in range(7):
        whole.suggest(f"t{number}")
    whole.save(str(tmp_path / "state"))
    restored.restore(str(tmp_path / "state"))
    for number in range(5):
        assert whole.suggest(f"later{number}") == restored.suggest(f"later{number}")


@pytest.mark.parametrize("name", ["random", "sobol"])
def test_what_a_space_declares_is_believed_unless_its_user_says_other(name):
    declared = SearchSpace(
        "declared", training={"lr": SPACE.domains["lr"]}, beliefs={"lr": "lognormal(1e-3, x1.1)"}
    )
    other = read_beliefs(["lr ~ lognormal(0.1, x1.1)"], declared.domains)
    for beliefs, centre in (((), 1e-3), (other, 0.1)):
        settings_of = SearcherSettings(declared, (Objective("score"),), beliefs=beliefs)
        config = create_searcher(name, settings_of).suggest("t")
        assert centre / 1.5 < config["lr"] < centre * 1.5
