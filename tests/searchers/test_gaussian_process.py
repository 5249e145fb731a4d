"""The searcher by a Gaussian process: what it finds, its choices, pending and failed trials."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import SearchSpace, darts, nas_bench_201
from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import (
    PriorTrial,
    SearcherSettings,
    Source,
    check_searcher,
    gaussian_process,
)
from automl_on_ray.searchers.gaussian_process import BEGINNING, GaussianProcess
from automl_on_ray.searchers.kernels import targets
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

CELLS = SearchSpace(
    "cells",
    architecture={k: v for k, v in nas_bench_201.SPACE.domains.items() if "edge" in k},
    graph=nas_bench_201.SPACE.graph,
)
SETTINGS = SearcherSettings(CELLS, SCORE, seed=1, samples=60)


def live_score(config):
    """Of live operations alone: 3x3 convolutions are good, others less so."""
    counts = Counter(CELLS.graph(config).live().labels)
    return counts["nor_conv_3x3"] + 0.3 * counts["nor_conv_1x1"] + 0.1 * counts["skip"]


@pytest.mark.parametrize(
    ("kernel", "acquisition"),
    [
        ("wl", "expected-improvement"),
        ("paths", "expected-improvement"),
        ("unit", "expected-improvement"),
        ("wl", "thompson"),
    ],
)
def test_each_kernel_finds_the_best_cell_of_a_toy_table(kernel, acquisition):
    searcher = GaussianProcess(SETTINGS, kernel=kernel, acquisition=acquisition)
    assert max(map(live_score, play(searcher, 60, live_score))) == 6  # random: about 4


def test_it_finds_the_best_of_a_space_without_graphs():
    searcher = GaussianProcess(replace(SETTINGS, space=LETTERS))
    assert max(map(letters_right, play(searcher, 70, letters_right))) == 12  # random: 6


def test_it_comes_near_the_peak_of_a_plane():
    searcher = GaussianProcess(replace(SETTINGS, space=PLANE))
    assert max(map(peak, play(searcher, 50, peak))) > -1e-3


def test_it_searches_cells_and_training_together_in_a_space_without_end():
    space = darts.SPACE

    def judge(config):
        separable = sum("sep_conv" in str(value) for value in config.values())
        return separable - abs(np.log10(config["learning_rate"] / 0.01))

    searcher = GaussianProcess(replace(SETTINGS, space=space))
    found = play(searcher, 40, judge)
    assert max(map(judge, found)) > max(map(judge, found[:BEGINNING])) + 3
    for config in found:
        space.check({**space.constants, **config})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"kernel": "wk"}, "There are: wl, paths, unit"),
        ({"acquisition": "ucb"}, "thompson"),
        ({"kernel": "paths"}, "space 'bits' has none; take 'unit'"),
    ],
)
def test_choices_that_cannot_be_are_refused(words, message):
    with pytest.raises(UserError, match=message):
        GaussianProcess(replace(SETTINGS, space=BITS), **words)


@pytest.mark.parametrize("acquisition", ["expected-improvement", "thompson"])
def test_one_that_is_saved_with_pending_trials_goes_on_exactly(acquisition, tmp_path):
    settings = replace(SETTINGS, space=LETTERS)
    whole, again = (GaussianProcess(settings, acquisition=acquisition) for _ in range(2))
    check_goes_on_exactly(whole, again, tmp_path / "state", trials=17, pending=3)


def test_one_on_graphs_that_is_saved_goes_on_exactly(tmp_path):
    whole, again = GaussianProcess(SETTINGS), GaussianProcess(SETTINGS)
    play(whole, 20, live_score)
    pending = [whole.suggest(f"p{index}") for index in range(3)]
    whole.save(str(tmp_path / "state"))
    again.restore(str(tmp_path / "state"))
    for searcher in (whole, again):
        for index, config in enumerate(pending):
            finish(searcher, f"p{index}", live_score(config))
    assert play(whole, 8, live_score, "l") == play(again, 8, live_score, "l")


def test_a_pending_member_is_believed_to_come_to_what_is_expected_and_leaves_less_to_find():
    searcher = GaussianProcess(replace(SETTINGS, space=PLANE))
    play(searcher, 20, peak)
    values = targets(searcher._told, np.ones(1))
    configs = [one.config for one in searcher._told]
    before, known = searcher._posterior(configs, values)
    there = searcher._features.rows([searcher.suggest("pending")])
    after, known_too = searcher._posterior(configs, values)
    expected = before.mean(known.distances(there))
    assert after.mean(known_too.distances(there)) == pytest.approx(expected, abs=1e-6)
    left = after.deviation(known_too.distances(there)) / before.deviation(known.distances(there))
    assert left[0] < 0.99


def test_pending_trials_are_not_proposed_again():
    searcher = GaussianProcess(SETTINGS)
    play(searcher, 20, live_score)
    batch = [searcher.suggest(f"p{index}") for index in range(8)]
    assert len({searcher.identity(config) for config in batch}) == 8


def test_trials_that_fail_are_avoided_and_do_not_end_the_search():
    searcher = GaussianProcess(replace(SETTINGS, space=LETTERS))
    failed = 0
    for index in range(60):
        config = searcher.suggest(f"t{index}")
        if config["l0"] == 4:
            failed += index >= 30
            searcher.on_trial_complete(f"t{index}", error=True)
        else:
            finish(searcher, f"t{index}", letters_right(config))
    assert failed <= 3  # of 30; a quarter of all members fail


def test_where_all_have_failed_it_still_proposes_what_is_new():
    searcher = GaussianProcess(replace(SETTINGS, space=BITS))
    tried = []
    for index in range(20):
        tried.append(key_of(searcher.suggest(f"t{index}")))
        searcher.on_trial_complete(f"t{index}", error=True)
    assert len(set(tried)) == 20


def test_several_objectives_are_weighted_so_that_the_whole_front_is_found():
    goals = (Objective("ones"), Objective("cost", "min"))
    searcher = GaussianProcess(replace(SETTINGS, space=BITS, objectives=goals))

    def judge(config):
        ones = sum(config.values())
        waste = sum(config[f"b{i}"] != config[f"b{i + 1}"] for i in range(9))
        return {"ones": float(ones), "cost": float(ones + 2 * waste)}

    found = [judge(config) for config in play(searcher, 100, judge)]
    front = {one["ones"] for one in found if one["cost"] <= one["ones"] + 2}
    assert len(front) >= 9  # of 11 numbers of ones, each with the least waste there is


def test_a_space_is_used_up_member_by_member():
    space = SearchSpace("few", training={"a": tune.choice(list("abcd")), "b": tune.randint(0, 5)})
    searcher = GaussianProcess(replace(SETTINGS, space=space))
    tried = play(searcher, 20, lambda config: float(config["b"]))
    assert len({key_of(config) for config in tried}) == 20
    assert searcher.suggest("more") == Searcher.FINISHED


def test_of_many_results_the_best_and_the_latest_are_kept(monkeypatch):
    monkeypatch.setattr(gaussian_process, "KNOWN", 10)
    searcher = GaussianProcess(replace(SETTINGS, space=LETTERS))
    play(searcher, 30, letters_right)
    values = np.array([one.values[0] for one in searcher._told])
    configs, kept = searcher._kept(values)
    order = np.argsort(-values, kind="stable")
    expected = sorted([*order[:5], *sorted(order[5:])[-5:]])
    assert configs == [searcher._told[index].config for index in expected]
    assert (kept == values[expected]).all()


def test_a_prior_that_is_right_leads_to_the_best_sooner_and_is_asked_seldom():
    asked = []

    def prior(config):
        asked.append(key_of(config))
        return letters_right(config)

    settings = replace(SETTINGS, space=LETTERS)
    guided = play(GaussianProcess(replace(settings, prior=prior)), 30, letters_right)
    usual = play(GaussianProcess(settings), 30, letters_right)
    first, second = (sum(map(letters_right, tried[BEGINNING:20])) for tried in (guided, usual))
    assert first > second
    assert len(asked) <= 16 * 30


def test_a_prior_that_is_wrong_or_says_nothing_does_no_harm():
    """Its slope is not below 0. Minus infinity is the worst rank."""
    settings = replace(SETTINGS, space=LETTERS)
    for prior in (lambda config: -letters_right(config), lambda config: -np.inf):
        found = play(GaussianProcess(replace(settings, prior=prior)), 70, letters_right)
        assert max(map(letters_right, found)) >= 11


@pytest.mark.parametrize("acquisition", ["expected-improvement", "thompson"])
def test_a_belief_that_is_right_leads_to_the_peak_sooner_and_a_wrong_one_not_astray(acquisition):
    def played(*texts):
        beliefs = read_beliefs(texts, PLANE.domains)
        settings = replace(SETTINGS, space=PLANE, beliefs=beliefs)
        return play(GaussianProcess(settings, acquisition=acquisition), 50, peak)

    right, cold = played("x ~ normal(0.7, 0.05)", "y ~ normal(0.2, 0.05)"), played()
    assert np.mean([*map(peak, right[:10])]) > max(-0.02, np.mean([*map(peak, cold[:10])]))
    wrong = played("x ~ normal(0.1, 0.05)", "y ~ normal(0.9, 0.05)")
    assert max(map(peak, wrong[:5])) < -0.3
    assert max(map(peak, wrong)) > -0.02


def test_the_model_is_hardly_asked_twice_for_what_is_within_a_limit():
    """The best candidates lie beyond it. They are passed over, without a new model for each."""

    def small(config):
        return letters_right(config) <= 6

    class Counted(GaussianProcess):
        proposals = 0

        def propose(self):
            self.proposals += self.asked >= BEGINNING
            return super().propose()

    searcher = Counted(replace(SETTINGS, space=LETTERS, meets=small))
    tried = play(searcher, 60, letters_right)
    assert max(map(letters_right, tried)) == 6
    assert searcher.proposals <= 1.2 * (60 - BEGINNING)


def letters_of(judge, seed):
    """Trials of another task."""
    generator = np.random.default_rng(seed)
    configs = [LETTERS.sample(generator) for _ in range(30)]
    return tuple(PriorTrial(config, {1: {"score": 100 * judge(config)}}) for config in configs)


def test_the_first_proposal_is_what_sources_expect_most_of():
    like = Source("like", letters_of(letters_right, 1))
    settings = replace(SETTINGS, space=LETTERS, sources=(like,))
    found = play(GaussianProcess(settings), 10, letters_right)
    known = max(trial.curve[1]["score"] / 100 for trial in like.trials)
    assert letters_right(found[0]) > known
    assert max(map(letters_right, found)) == 12  # by itself it takes some 50 trials


def wrong(config):
    return -letters_right(config)


@pytest.mark.parametrize("acquisition", ["expected-improvement", "thompson"])
def test_a_source_that_ranks_results_wrongly_loses_its_trust(acquisition):
    sources = (Source("like", letters_of(letters_right, 1)), Source("not", letters_of(wrong, 2)))
    searcher = GaussianProcess(
        replace(SETTINGS, space=LETTERS, sources=sources), acquisition=acquisition
    )
    play(searcher, 14, letters_right)
    assert searcher.trust["like"] > 0.5 > searcher.trust["not"]


def test_a_source_that_ranks_results_wrongly_does_no_harm():
    sources = (Source("not", letters_of(wrong, 2)),)
    misled = GaussianProcess(replace(SETTINGS, space=LETTERS, sources=sources))
    assert max(map(letters_right, play(misled, 70, letters_right))) >= 11


def test_beside_sources_it_goes_on_exactly_with_pending_trials(tmp_path):
    sources = (Source("like", letters_of(letters_right, 1)),)
    settings = replace(SETTINGS, space=LETTERS, sources=sources)
    whole, again = GaussianProcess(settings), GaussianProcess(settings)
    check_goes_on_exactly(whole, again, tmp_path / "state", trials=0, pending=3)


def test_sources_and_a_prior_together_are_refused():
    sources = (Source("like", letters_of(letters_right, 1)),)
    both = replace(SETTINGS, space=LETTERS, sources=sources, prior=letters_right)
    with pytest.raises(UserError, match="not both"):
        check_searcher("gaussian-process", both)
