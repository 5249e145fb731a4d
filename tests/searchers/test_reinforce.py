"""The searcher by a policy: proposals, what it learns of, and that it goes on exactly."""

from dataclasses import replace

import numpy as np
import pytest
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, SearcherSettings, Source
from automl_on_ray.searchers.members import key_of
from automl_on_ray.searchers.policies import TRAINERS
from automl_on_ray.searchers.reinforce import POLICIES, PolicySearch
from tests.searchers.driving import PLANE, SCORE, peak
from tests.searchers.learning import (
    BITS,
    LETTERS,
    check_goes_on_exactly,
    letters_right,
    play,
)

SETTINGS = SearcherSettings(BITS, SCORE, seed=1)
EVERY = pytest.mark.parametrize(
    "words", [{"policy": p, "training": t} for p in POLICIES for t in TRAINERS], ids=str
)


@EVERY
def test_every_policy_and_training_comes_closer_than_random_search(words):
    searcher = PolicySearch(SearcherSettings(LETTERS, SCORE, seed=0), **words)
    configs = play(searcher, 120, letters_right)
    late = sum(map(letters_right, configs[-50:])) / 50
    assert late > 4.2  # of 12; random search: 3
    assert len({key_of(config) for config in configs}) == 120


@pytest.mark.parametrize("seed", range(3))
def test_by_default_the_best_of_a_large_space_is_found(seed):
    searcher = PolicySearch(SearcherSettings(LETTERS, SCORE, seed=seed))
    assert max(map(letters_right, play(searcher, 300, letters_right))) >= 11


def test_numbers_come_close_to_their_best():
    searcher = PolicySearch(SearcherSettings(PLANE, SCORE, seed=0))
    assert max(map(peak, play(searcher, 150, peak))) > -0.002


@EVERY
def test_a_saved_search_goes_on_exactly_with_trials_pending(words, tmp_path):
    whole = PolicySearch(SETTINGS, **words)
    again = PolicySearch(SETTINGS)
    check_goes_on_exactly(whole, again, tmp_path / "state", trials=13, pending=4)


def test_a_small_space_ends_when_every_member_was_tried():
    small = SearchSpace("small", training={f"b{i}": tune.choice([0, 1]) for i in range(5)})
    searcher = PolicySearch(SearcherSettings(small, SCORE))
    tried = play(searcher, 32, letters_right)
    assert len({key_of(config) for config in tried}) == 32
    assert searcher.suggest("more") == Searcher.FINISHED


@pytest.mark.parametrize("training", TRAINERS)
def test_failed_and_stopped_trials_are_worth_less_than_all_that_completed(training):
    """Failures and stops, told first with the highest values, lead nowhere."""
    searcher = PolicySearch(replace(SETTINGS, max_t=4), training=training)
    for index in range(200):
        config = searcher.suggest(f"t{index}")
        kind = config["b0"] + 2 * config["b1"]
        step, value = (4, 1.0) if kind == 3 else (1, 9.0)
        result = {"score": value, "training_iteration": step}
        searcher.on_trial_complete(f"t{index}", result if kind else None, error=not kind)
    drawn = [config for config, _ in searcher._policy.draw(200, searcher._generator)]
    assert sum(config["b0"] and config["b1"] for config in drawn) > 80  # of 200; even: 50


def on_other_data(judge):
    """A source of 30 trials."""
    generator = np.random.default_rng(1)
    configs = [LETTERS.sample(generator) for _ in range(30)]
    return tuple(PriorTrial(config, {1: {"score": 100 * judge(config)}}) for config in configs)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_that_was_trained_on_other_data_begins_better(policy):
    cold = SearcherSettings(LETTERS, SCORE, seed=0)
    like = Source("like", on_other_data(letters_right))
    tried, before = (
        play(PolicySearch(replace(cold, sources=sources), policy=policy), 12, letters_right)
        for sources in ((like,), ())
    )
    assert sum(map(letters_right, tried)) > 1.2 * sum(map(letters_right, before))


def test_other_data_that_mislead_are_distrusted_and_do_no_harm():
    like = Source("like", on_other_data(letters_right))
    unlike = Source("unlike", on_other_data(lambda config: -letters_right(config)))
    both = SearcherSettings(LETTERS, SCORE, seed=0, sources=(like, unlike))
    searcher = PolicySearch(both)
    assert searcher.trust == {}
    play(searcher, 30, letters_right)
    assert searcher.trust["like"] > 0.4 > 0.1 > searcher.trust["unlike"]
    misled = PolicySearch(replace(both, sources=(unlike,)))
    assert max(map(letters_right, play(misled, 100, letters_right))) >= 8


def test_several_objectives_are_learned_by_rank():
    goals = (Objective("score"), Objective("cost", "min"))
    searcher = PolicySearch(replace(SETTINGS, objectives=goals, space=LETTERS))
    play(
        searcher, 150,
        lambda config: {"score": letters_right(config), "cost": float(config["l0"] == 4)},
    )  # fmt: skip
    drawn = [config for config, _ in searcher._policy.draw(200, searcher._generator)]
    assert sum(map(letters_right, drawn)) / 200 > 6
    assert sum(config["l0"] == 4 for config in drawn) < 30


def test_known_results_are_learned_from_before_the_first_trial():
    ones = PriorTrial(dict.fromkeys(LETTERS.domains, 1), {1: {"score": 1.0}})
    searcher = PolicySearch(replace(SETTINGS, space=LETTERS, known=(ones,) * 30))
    drawn = [config for config, _ in searcher._policy.draw(200, searcher._generator)]
    assert sum(map(letters_right, drawn)) / 200 > 7  # before: 3


@pytest.mark.parametrize("wrong", [{"policy": "lstn"}, {"training": "pp"}])
def test_unknown_words_are_refused(wrong):
    with pytest.raises(UserError, match=f"Unknown {next(iter(wrong))}"):
        PolicySearch(SETTINGS, **wrong)
