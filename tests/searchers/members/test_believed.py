"""Draws are from what is believed at first, and from the domains' own distributions in the end."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from ray import tune
from scipy import stats

from automl_on_ray.search_spaces import Condition, SearchSpace, contains
from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.searchers.members import BelievedDraws

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


def suggested(name, count, texts=TEXTS, seed=0):
    beliefs = read_beliefs(texts, SPACE.domains)
    told = SearcherSettings(SPACE, (Objective("score"),), seed=seed, beliefs=beliefs)
    searcher = create_searcher(name, told)
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
    logs = np.log(np.array(drawn("lr", 40, 20_000)) / 1e-3) / math.log(3)
    off, best = (np.mean(np.abs(np.abs(logs) - centre) < 0.25) for centre in (2.0, 0.0))
    assert off / 2 / best == pytest.approx(math.exp(-2 / 4), rel=0.1)


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


@pytest.mark.parametrize("name", ["random", "sobol", "evolution", "local"])
def test_a_searchers_first_configs_are_where_people_expect_the_best(name):
    configs = suggested(name, 10 if name == "local" else 20)
    within = [abs(math.log(c["lr"] / 1e-3)) < 2.5 * math.log(3) for c in configs]
    assert np.mean(within) > 0.7
    assert np.mean([c["optimizer"] == "sgd" for c in configs]) > 0.5
    for config in configs:
        assert ("momentum" in config) == (config["optimizer"] == "sgd")
        SPACE.check(config)


@pytest.mark.parametrize("name", ["random", "sobol"])
def test_a_wrong_belief_keeps_a_searcher_from_good_values_for_a_number_of_trials_only(name):
    configs = suggested(name, 200, ["lr ~ lognormal(1e-5, x1.5)"])
    good = [config["lr"] > 0.01 for config in configs]
    assert np.mean(good[:10]) < 0.2
    assert np.mean(good[100:]) > 0.2  # 0.4 where nothing is believed


@pytest.mark.parametrize("name", ["random", "sobol"])
def test_what_a_space_declares_is_believed_unless_its_user_says_other(name):
    declared = SearchSpace(
        "declared", training={"lr": SPACE.domains["lr"]}, beliefs={"lr": "lognormal(1e-3, x1.1)"}
    )
    other = read_beliefs(["lr ~ lognormal(0.1, x1.1)"], declared.domains)
    for beliefs, centre in (((), 1e-3), (other, 0.1)):
        told = SearcherSettings(declared, (Objective("score"),), beliefs=beliefs)
        config = create_searcher(name, told).suggest("t")
        assert centre / 1.5 < config["lr"] < centre * 1.5
