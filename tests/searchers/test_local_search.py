"""Local search: the way up, the restart, and what is done while neighbours are on trial."""

from dataclasses import replace

import pytest
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.local_search import LocalSearch
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

SETTINGS = SearcherSettings(BITS, SCORE, seed=1)


def apart(one, other):
    return sum(one[key] != other[key] for key in one)


def test_each_config_is_a_neighbour_of_the_best_before_until_that_has_no_more():
    configs = play(LocalSearch(replace(SETTINGS, space=LETTERS)), 40, letters_right)
    best = configs[0]
    for config in configs[1:]:
        if letters_right(best) == len(LETTERS.domains):
            break
        assert apart(config, best) == 1
        best = max(best, config, key=letters_right)
    assert letters_right(best) > letters_right(configs[0]) + 2


@pytest.mark.parametrize("seed", range(5))
def test_the_way_up_ends_at_the_top_of_a_hill(seed):
    configs = play(LocalSearch(SearcherSettings(LETTERS, SCORE, seed=seed)), 200, letters_right)
    assert max(map(letters_right, configs)) == len(LETTERS.domains)


def test_at_the_top_it_begins_again_elsewhere_and_climbs_from_there():
    """Two tops: all ones, and, less high, all zeros."""

    def hills(config):
        ones = sum(config.values())
        return float(max(ones, 9.5 - ones))

    searcher = LocalSearch(SETTINGS)
    searcher._points = [{**dict.fromkeys(BITS.domains, 0), "b0": 1, "b1": 1}]
    configs = play(searcher, 500, hills)
    zero = next(i for i, config in enumerate(configs) if not any(config.values()))
    one = next(i for i, config in enumerate(configs) if all(config.values()))
    assert zero < 30 < one
    jumps = [apart(a, b) > 2 for a, b in zip(configs[zero:], configs[zero + 1 : one], strict=False)]
    assert any(jumps)


def test_while_neighbours_are_on_trial_it_begins_elsewhere_and_still_climbs_here():
    searcher = LocalSearch(SETTINGS)
    first = searcher.suggest("first")
    finish(searcher, "first", 1.0)
    around = [searcher.suggest(f"n{index}") for index in range(10)]
    assert all(apart(config, first) == 1 for config in around)
    searcher.suggest("elsewhere")
    finish(searcher, "n3", 2.0)
    finish(searcher, "elsewhere", 0.5)
    assert apart(searcher.suggest("next"), around[3]) == 1


def test_a_beginning_that_is_told_after_the_last_neighbour_is_the_next_centre():
    searcher = LocalSearch(SETTINGS)
    searcher.suggest("first")
    finish(searcher, "first", 1.0)
    for index in range(10):
        last = searcher.suggest(f"n{index}")
        finish(searcher, f"n{index}", 0.0)
    elsewhere = searcher.suggest("elsewhere")
    assert apart(elsewhere, last) > 1  # which was worse than the centre
    finish(searcher, "elsewhere", 0.5)
    assert apart(searcher.suggest("next"), elsewhere) == 1


def test_failed_trials_are_left_and_stopped_ones_only_better_than_those():
    searcher = LocalSearch(replace(SETTINGS, max_t=4))
    searcher.suggest("failed")
    searcher.on_trial_complete("failed", error=True)
    stopped = searcher.suggest("stopped")
    searcher.on_trial_complete("stopped", {"score": 9.0, "training_iteration": 2})
    completed = searcher.suggest("completed")
    assert apart(completed, stopped) == 1
    searcher.on_trial_complete("completed", {"score": 1.0, "training_iteration": 4})
    assert apart(searcher.suggest("next"), completed) == 1


def test_with_several_objectives_a_better_neighbour_dominates():
    goals = (Objective("score"), Objective("cost", "min"))
    searcher = LocalSearch(replace(SETTINGS, objectives=goals))
    centre = searcher.suggest("first")
    finish(searcher, "first", {"score": 1.0, "cost": 1.0})
    for index, told in enumerate([(2.0, 2.0), (0.0, 0.0), (1.0, 1.0), (1.0, 0.5)]):
        found = searcher.suggest(f"t{index}")
        assert apart(found, centre) == 1
        finish(searcher, f"t{index}", {"score": told[0], "cost": told[1]})
    assert apart(searcher.suggest("next"), found) == 1


def test_numbers_come_close_to_their_best():
    for seed in range(5):
        found = play(LocalSearch(SearcherSettings(PLANE, SCORE, seed=seed)), 200, peak)
        assert max(map(peak, found)) > -0.01


def test_no_member_comes_twice_and_a_small_space_ends():
    small = SearchSpace("small", training={f"b{i}": tune.choice([0, 1]) for i in range(5)})
    searcher = LocalSearch(SearcherSettings(small, SCORE))
    tried = play(searcher, 32, lambda config: float(sum(config.values()) % 3))
    assert len({key_of(config) for config in tried}) == 32
    assert searcher.suggest("more") == Searcher.FINISHED


def test_a_saved_search_goes_on_exactly_with_trials_pending(tmp_path):
    whole = LocalSearch(SETTINGS)
    again = LocalSearch(SETTINGS)
    check_goes_on_exactly(whole, again, tmp_path / "state", trials=20, pending=12)
