"""Evolution: its population, its children, several objectives, and trials that fail or stop."""

from dataclasses import replace

import numpy as np
import pytest
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, SearcherSettings
from automl_on_ray.searchers.evolution import Evolution
from automl_on_ray.searchers.members import key_of
from tests.searchers.driving import PLANE, SCORE, peak
from tests.searchers.learning import (
    BITS,
    LETTERS,
    check_goes_on_exactly,
    finish,
    letters_right,
    play,
)

SETTINGS = SearcherSettings(BITS, SCORE, seed=1, samples=50)


def test_the_population_follows_the_budget():
    quick = replace(SETTINGS, space=PLANE)
    sizes = {n: Evolution(replace(quick, samples=n)).population for n in (5, 100, 300, 9000)}
    assert sizes == {5: 10, 100: 30, 300: 90, 9000: 100}
    two = (Objective("score"), Objective("cost", "min"))
    several = [Evolution(replace(quick, objectives=two, samples=n)) for n in (100, 600, 9000)]
    assert [one.population for one in several] == [20, 40, 100]
    assert Evolution(replace(quick, samples=None)).population == 15
    assert Evolution(SETTINGS, population=7).population == 7


@pytest.mark.parametrize("wrong", [{"population": 1}, {"sample": 0}, {"crossover": 1.5}])
def test_a_population_that_cannot_be_is_refused(wrong):
    with pytest.raises(UserError, match=f"{next(iter(wrong))} must be from"):
        Evolution(SETTINGS, **wrong)


def test_children_are_one_decision_away_from_a_parent_among_the_last_results():
    searcher = Evolution(replace(SETTINGS, space=LETTERS), population=8, sample=4)
    told = []
    for index, config in enumerate(play(searcher, 60, letters_right)):
        if index >= 8:
            apart = [sum(config[k] != one[k] for k in config) for one in told[-8:]]
            assert min(apart) == 1
        told.append(config)


def test_the_best_of_the_whole_population_is_every_parent_where_the_sample_is_as_large():
    searcher = Evolution(replace(SETTINGS, space=LETTERS), population=10, sample=10)
    told = []
    for config in play(searcher, 40, letters_right):
        if len(told) >= 10:
            best = max(map(letters_right, told[-10:]))
            parents = [one for one in told[-10:] if letters_right(one) == best]
            assert any(sum(config[k] != one[k] for k in config) == 1 for one in parents)
        told.append(config)


def test_the_oldest_dies_even_if_it_is_the_best():
    searcher = Evolution(SETTINGS, population=4, sample=4)
    best = dict.fromkeys(BITS.domains, 1)
    searcher._points = [best]
    play(searcher, 5, lambda config: float(config == best))
    assert best not in [one.config for one in searcher._population]


def test_evolution_finds_the_best_of_a_space_that_random_search_does_not():
    found = []
    for seed in range(5):
        searcher = Evolution(SearcherSettings(LETTERS, SCORE, seed=seed, samples=300))
        found.append(max(map(letters_right, play(searcher, 300, letters_right))))
    assert min(found) >= 11  # of 12; random search: 7 or 8


def test_numbers_come_close_to_their_best():
    for seed in range(5):
        searcher = Evolution(SearcherSettings(PLANE, SCORE, seed=seed, samples=150))
        assert max(map(peak, play(searcher, 150, peak))) > -0.001


def test_failed_and_stopped_trials_are_the_parents_of_none():
    searcher = Evolution(replace(SETTINGS, max_t=4), population=6, sample=6)
    for index in range(6):
        searcher.suggest(f"t{index}")
    searcher.on_trial_complete("t0", error=True)
    searcher.on_trial_complete("t1", {"score": 9.0, "training_iteration": 1})
    searcher.on_trial_complete("t2", {"score": 8.0, "training_iteration": 2})
    searcher.on_trial_complete("t3", {"score": 1.0, "training_iteration": 4})
    assert searcher._parent() == searcher._population[3].config
    assert [one.standing for one in searcher._population] == [-1, 1, 2, float("inf")]
    searcher.on_trial_complete("t4")  # ended by a budget before it reported
    assert len(searcher._population) == 4
    only_bad = Evolution(SETTINGS, population=2)
    for index in range(4):
        assert isinstance(only_bad.suggest(f"t{index}"), dict)
        only_bad.on_trial_complete(f"t{index}", error=True)


def test_all_that_is_pending_counts_for_the_first_population():
    searcher = Evolution(SETTINGS, population=4, sample=4)
    first = [searcher.suggest(f"t{index}") for index in range(4)]
    finish(searcher, "t0", 1.0)
    finish(searcher, "t1", 0.0)
    child = searcher.suggest("t4")
    assert sum(child[k] != first[0][k] for k in child) == 1


def test_a_large_space_has_no_member_twice_and_a_small_one_ends():
    searcher = Evolution(SearcherSettings(LETTERS, SCORE, seed=0, samples=30), population=2)
    tried = [key_of(config) for config in play(searcher, 400, letters_right)]
    assert len(set(tried)) == 400
    small = SearchSpace("small", training={f"b{i}": tune.choice([0, 1]) for i in range(5)})
    searcher = Evolution(SearcherSettings(small, SCORE, samples=50))
    assert len({key_of(config) for config in play(searcher, 32, lambda config: 1.0)}) == 32
    assert searcher.suggest("more") == Searcher.FINISHED


@pytest.mark.parametrize("crossover", [0.0, 1.0])
def test_a_saved_population_goes_on_exactly_with_trials_pending(crossover, tmp_path):
    whole = Evolution(SETTINGS, population=6, crossover=crossover)
    again = Evolution(SETTINGS)
    check_goes_on_exactly(whole, again, tmp_path / "state", trials=20, pending=3)
    assert again.population == 6


def test_known_results_take_the_place_of_a_first_population():
    known = tuple(
        PriorTrial(dict.fromkeys(BITS.domains, bit), {step: {"score": float(bit)}})
        for bit, step in ((0, 1), (1, 1), (0, 9))
    )
    searcher = Evolution(replace(SETTINGS, known=known), population=2, sample=2)
    assert len(searcher._population) == 2  # the third is of a step after the last
    assert sum(searcher.suggest("t").values()) == len(BITS.domains) - 1


def test_with_crossover_children_have_decisions_of_two_parents():
    searcher = Evolution(SETTINGS, population=2, sample=1, crossover=1.0)
    zeros, ones = (dict.fromkeys(BITS.domains, bit) for bit in (0, 1))
    searcher._points = [zeros, ones]
    play(searcher, 2, letters_right)
    assert 2 <= sum(searcher.suggest("child").values()) <= len(BITS.domains) - 2


FRONT = SearchSpace("front", training={f"x{i}": tune.uniform(0, 1) for i in range(5)})


def zdt1(config):
    """Two to minimise; the front is cost = 1 - sqrt(price) where all but x0 are 0."""
    rest = 1 + 9 * np.mean([config[f"x{i}"] for i in range(1, 5)])
    return {"price": config["x0"], "cost": rest * (1 - np.sqrt(config["x0"] / rest))}


def test_several_objectives_come_to_their_pareto_front():
    goals = (Objective("price", "min"), Objective("cost", "min"))
    searcher = Evolution(SearcherSettings(FRONT, goals, seed=0, samples=400))
    play(searcher, 400, zdt1)
    assert len(searcher._population) == searcher.population == 26
    found = np.array([one.values for one in searcher._population])
    gaps = -found[:, 1] - (1 - np.sqrt(-found[:, 0]))
    assert np.median(gaps) < 0.3  # of random members: 3
    assert np.ptp(found[:, 0]) > 0.6  # spread along the front


def test_with_several_objectives_the_worst_dies_and_not_the_oldest():
    goals = (Objective("score"), Objective("cost", "min"))
    searcher = Evolution(SearcherSettings(BITS, goals, seed=0), population=2)
    for index, (score, cost) in enumerate([(5, 5), (1, 9), (2, 8), (9, 9), (6, 4)]):
        searcher.suggest(f"t{index}")
        report = {"score": score, "cost": cost, "training_iteration": 1}
        searcher.on_trial_complete(f"t{index}", report)
    assert {one.values for one in searcher._population} == {(9.0, -9.0), (6.0, -4.0)}
