"""What a result is worth beside others: how a trial ended, values, ranks and crowding."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import Graph, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import PriorTrial, SearcherSettings, TrialOutcome
from automl_on_ray.searchers.evolution import Evolution
from automl_on_ray.searchers.local_search import LocalSearch
from automl_on_ray.searchers.members import Judged, best_first
from automl_on_ray.searchers.members.learner import _ranks, _ranks_of_two
from automl_on_ray.searchers.random_search import RandomSearch
from automl_on_ray.searchers.reinforce import PolicySearch
from tests.searchers.learning import BITS, finish, play

WHOLE = math.inf
SCORE = (Objective("score"),)
FEW = SearchSpace("few", training={f"b{i}": tune.choice([0, 1]) for i in range(5)})


def judged(*values, standing=WHOLE):
    return Judged({}, standing, tuple(map(float, values)))


def test_the_completed_come_before_the_stopped_and_those_before_the_failed():
    failed, early, late = judged(standing=-1), judged(9, standing=1), judged(5, standing=3)
    low, high = judged(1), judged(2)
    expected = [high, low, late, early, failed]
    for order in permutations(expected):
        assert best_first(order) == expected
    for index, one in enumerate(expected):
        assert [one.beats(other) for other in expected] == [i > index for i in range(5)]


def test_a_minimised_metric_counts_downwards_and_an_ended_trial_by_its_last_report():
    goals = (Objective("score"), Objective("cost", "min"))
    searcher = Evolution(SearcherSettings(BITS, goals, max_t=4))
    curve = {1: {"score": 3.0, "cost": 5.0}, 2: {"score": 4.0, "cost": 6.0}}
    stopped = searcher.judged({}, TrialOutcome("early_stopped", curve))
    assert (stopped.standing, stopped.values) == (2, (4.0, -6.0))
    assert searcher.judged({}, TrialOutcome("completed", curve)).standing == WHOLE
    assert searcher.judged({}, TrialOutcome("failed", curve)) == Judged({}, -1.0)


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1)
POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1)


@given(POINTS)
def test_no_one_stands_before_another_that_dominates(points):
    order = best_first([judged(*point) for point in points])
    assert sorted(one.values for one in order) == sorted(tuple(map(float, p)) for p in points)
    for index, one in enumerate(order):
        assert not any(later.beats(one) for later in order[index + 1 :])


@given(PAIRS)
def test_two_objectives_have_the_fronts_that_comparing_all_with_all_gives(points):
    values = np.array(points, dtype=float)
    assert _ranks_of_two(values).tolist() == _ranks(values).tolist()


@given(POINTS)
def test_fronts_follow_each_other(points):
    """Each front is what nobody dominates among all that are left."""
    left = best_first([judged(*point) for point in points])
    while left:
        front = [one for one in left if not any(other.beats(one) for other in left)]
        assert {one.values for one in left[: len(front)]} == {one.values for one in front}
        left = left[len(front) :]


def test_in_a_front_the_ends_come_first_and_then_the_least_crowded():
    line = [judged(x, 10 - x) for x in (0, 1, 2, 6, 10)]
    order = [one.values[0] for one in best_first(line)]
    assert set(order[:2]) == {0, 10}
    assert order[2:] == [6, 2, 1]  # crowding distances 1.6, 1 and 0.4


def test_both_objectives_crowd_alike_wherever_their_values_begin():
    bent = [(0, 10), (1, 9.9), (2, 3), (6, 2), (10, 0)]
    for shift in (0, 100):
        order = best_first([judged(x + shift, y) for x, y in bent])
        # crowding distances 1.29, 1.1 and 0.9
        assert [one.values[0] - shift for one in order[2:]] == [2, 6, 1]


@pytest.mark.parametrize("values", [(1.0, 1.0), (2.0, 2.0)])
def test_equal_results_do_not_beat_each_other(values):
    assert not judged(*values).beats(judged(*values))
    assert len(best_first([judged(*values)] * 4)) == 4


@pytest.mark.parametrize("kind", [Evolution, LocalSearch, PolicySearch])
def test_what_is_known_to_the_end_is_not_tried_again(kind):
    space = SearchSpace("few", training={"x": tune.choice(["a", "b", "c"])})
    known = [PriorTrial({"x": "b"}, {4: {"score": 9.0}})]
    searcher = kind(SearcherSettings(space, (Objective("score"),), max_t=4, known=known))
    tried = [searcher.suggest(f"t{index}") for index in range(3)]
    assert sorted(config["x"] for config in tried[:2]) == ["a", "c"]
    assert tried[2] == Searcher.FINISHED


def beside(config):
    """Two operations beside each other: in either order they are one."""
    labels = ("in", config["first"], config["second"], "out")
    return Graph(labels, ((0, 1), (0, 2), (1, 3), (2, 3)))


TWINS = SearchSpace(
    "twins",
    architecture={"first": tune.choice(list("abc")), "second": tune.choice(list("abc"))},
    training={"rate": tune.choice([1, 2]), "kept": 3},
    graph=beside,
)
LEARNERS = pytest.mark.parametrize("kind", [Evolution, LocalSearch, PolicySearch])


def identity(config):
    return *sorted((config["first"], config["second"])), config["rate"]


@LEARNERS
def test_of_members_that_are_one_only_one_is_tried_until_none_is_left(kind):
    searcher = kind(SearcherSettings(TWINS, SCORE, seed=1, samples=30))
    tried = []
    while (config := searcher.suggest(f"t{len(tried)}")) != Searcher.FINISHED:
        tried.append(identity(config))
        finish(searcher, f"t{len(tried) - 1}", float(config["rate"]))
    assert len(tried) == len(set(tried)) == 6 * 2


@LEARNERS
def test_a_study_that_goes_on_knows_which_members_are_one(kind, tmp_path):
    settings = SearcherSettings(TWINS, SCORE, seed=1, samples=12)
    first, second = kind(settings), kind(settings)
    tried = play(first, 7, lambda config: 1.0 * config["rate"])
    first.save(str(tmp_path / "state"))
    second.restore(str(tmp_path / "state"))
    tried += play(second, 5, lambda config: 1.0 * config["rate"], "later")
    assert len({identity(config) for config in tried}) == 12
    assert second.suggest("more") == Searcher.FINISHED


@LEARNERS
def test_the_twin_of_what_is_known_to_the_end_is_not_tried(kind):
    known = [PriorTrial({"first": "a", "second": "b", "rate": 1}, {4: {"score": 9.0}})]
    searcher = kind(SearcherSettings(TWINS, SCORE, max_t=4, known=known))
    tried = {identity(searcher.suggest(f"t{index}")) for index in range(11)}
    assert ("a", "b", 1) not in tried
    assert searcher.suggest("more") == Searcher.FINISHED


def right(config):
    """A prior that is right."""
    return sum(config.values())


@pytest.mark.parametrize("kind", [Evolution, LocalSearch, PolicySearch])
def test_with_a_prior_the_members_at_random_are_the_better_half_of_those_drawn(kind):
    usual = kind(SearcherSettings(BITS, SCORE, seed=1))
    guided = kind(SearcherSettings(BITS, SCORE, seed=1, prior=right))
    means = [sum(right(one.at_random()) for _ in range(100)) / 100 for one in (usual, guided)]
    # Of ten fair coins: the upper half lies 0.8 standard deviations, of 1.6, above the mean.
    assert 4.6 < means[0] < 5.3
    assert 5.8 < means[1] < 6.6


def test_what_a_prior_has_dropped_may_be_tried_yet():
    searcher = Evolution(SearcherSettings(FEW, SCORE, prior=right, samples=500))
    found = []
    while (config := searcher.suggest(str(len(found)))) != Searcher.FINISHED:
        found.append(tuple(config.values()))
    assert len(found) == len(set(found)) == 2**5


def test_random_search_with_a_prior_tries_the_best_that_it_has_drawn_first():
    searcher = RandomSearch(SearcherSettings(FEW, SCORE, seed=1, prior=right))
    found = []
    while (config := searcher.suggest(str(len(found)))) != Searcher.FINISHED:
        found.append(right(config))
    assert len(found) == 2**5
    assert found[0] >= 4  # of 8 drawn
    assert found[4:] == sorted(found[4:], reverse=True)  # of all 32
