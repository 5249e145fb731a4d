"""What matters is told from comparable trials, and only where it can be told."""

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.importance import analyse, analysis_of, first_two
from tests.helpers.recorded import SHARES, halved, recorded, stored

SCORE = Objective("score")
TOLERANCE = 0.08  # of a share, from 45 trials


def alone(configs, score):
    """Trials of one epoch."""
    return [
        recorded(f"t{i}", config, [(1, {"score": float(score(config))})])
        for i, config in enumerate(configs)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_those_of_the_variance_though_most_trials_were_stopped_early(seed):
    analysis = analyse(stored(halved(seed)))
    assert analysis.importance == pytest.approx(SHARES, abs=TOLERANCE)
    assert sum(analysis.importance.values()) == pytest.approx(1)
    assert "45 trials, all with their score after epoch 1 of 9" in analysis.told


def test_trials_that_all_ran_on_are_compared_at_their_last_epoch():
    curves = [[(epoch, {"score": i % 7 * epoch}) for epoch in range(1, 6)] for i in range(12)]
    trials = [recorded(f"t{i}", {"x": i % 7}, curve) for i, curve in enumerate(curves)]
    assert analysis_of(trials, SCORE, {}).data.epochs == 5


def test_failed_and_diverged_trials_are_no_part_of_it():
    trials = halved(0)
    broken = [
        recorded("f", {"x": 0.5, "y": 0.5, "z": 0.5}, [(1, {"score": 1e9})], outcome="failed"),
        recorded("nan", {"x": 0.5, "y": 0.5, "z": 0.5}, [(1, {"score": float("nan")})]),
        recorded("none", {"x": 0.5, "y": 0.5, "z": 0.5}, [], outcome="stopped"),
    ]
    assert analyse(stored([*trials, *broken])).importance == analyse(stored(trials)).importance


def test_where_a_model_foretells_nothing_there_are_no_shares():
    generator = np.random.default_rng(0)
    trials = alone([{"x": generator.uniform()} for _ in range(40)], lambda _: generator.normal())
    analysis = analysis_of(trials, SCORE, {})
    assert not analysis.importance
    assert "cannot be told: a model of 40 trials" in analysis.told


@pytest.mark.parametrize(("noise", "rough"), [(0.2, False), (0.3, True)])
def test_shares_are_called_rough_where_a_model_foretells_little(noise, rough):
    """Without noise x has a variance of 0.083; the two noises have 0.04 and 0.09."""
    generator = np.random.default_rng(0)
    configs = [{"x": float(generator.uniform())} for _ in range(60)]
    trials = alone(configs, lambda config: config["x"] + noise * generator.normal())
    analysis = analysis_of(trials, SCORE, {})
    assert analysis.importance == {"x": 1.0}
    assert analysis.told.endswith("So the shares are rough.") == rough


def test_of_equal_values_nothing_is_told():
    trials = alone([{"x": number / 20} for number in range(20)], lambda _: 0.5)
    assert "it takes 10 that differ" in analysis_of(trials, SCORE, {}).told


def test_the_two_that_matter_most_come_first():
    analysis = analyse(stored(halved(0)))
    assert [parameter.name for parameter in first_two(analysis)] == ["y", "x"]


def test_a_few_trials_and_populations_say_why_there_are_no_shares():
    assert "it takes 10 that differ" in analyse(stored(halved(0)[:9])).told
    population = stored(halved(0), lineage=[{"trial": "t_00001", "donor": "t_00002", "step": 1}])
    assert "change their configs as they run" in analyse(population).told


def test_words_and_numbers_have_their_shares():
    space = SearchSpace(
        "k",
        training={"rate": tune.loguniform(1e-4, 1), "kind": tune.choice(["a", "b", "c"])},
    )
    generator = np.random.default_rng(0)
    trials = alone(
        [space.sample(generator) for _ in range(40)],
        lambda config: "abc".index(config["kind"]) + 0.2 * np.log10(config["rate"]),
    )
    variances = {"kind": 2 / 3, "rate": 0.04 * 16 / 12}
    expected = {name: value / sum(variances.values()) for name, value in variances.items()}
    analysis = analysis_of(trials, SCORE, space.as_data())
    assert analysis.importance == pytest.approx(expected, abs=TOLERANCE)


def test_a_number_that_only_some_trials_have_is_told_from_these():
    generator = np.random.default_rng(0)
    configs = [
        {"kind": "a", "x": generator.uniform()}
        | ({"momentum": generator.uniform()} if number % 2 else {"kind": "b"})
        for number in range(60)
    ]
    trials = alone(configs, lambda config: config["x"] + 2 * config.get("momentum", 0.5))
    analysis = analysis_of(trials, SCORE, {})
    # Half of the configs have it, with a variance of 4/12; x has 1/12. What the kind changes is
    # the difference to the default, which counts as its share.
    expected = {"momentum": 0.5, "x": 0.25, "kind": 0.25}
    assert analysis.importance == pytest.approx(expected, abs=TOLERANCE)
