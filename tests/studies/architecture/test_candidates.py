"""From supernets to candidates, and what comparing these says."""

import json
import math

import numpy as np
import pytest

from automl_on_ray.search_spaces import darts
from automl_on_ray.search_spaces.cells import keys
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies import Row
from automl_on_ray.studies.architecture.candidates import (
    Candidate,
    Searched,
    best_rows,
    candidates_of,
    judge,
    random_candidates,
    rank_correlation,
)
from automl_on_ray.studies.architecture.report import verdict

SPACE = darts.space(learning_rate=0.05, weight_decay=1e-4)
LOSS, ACCURACY = Objective("val_loss", "min"), Objective("val_accuracy")


def cell(seed):
    drawn = SPACE.sample(np.random.default_rng(seed))
    return {key: drawn[key] for key, _ in keys()}


def supernet(name, loss, seed, outcome="completed"):
    return Searched(Row(name, {}, {"val_loss": loss}, outcome, 3), cell(seed))


def trained(candidate, seed, accuracy, outcome="completed"):
    config = {**candidate.cell, **SPACE.constants, "seed": seed}
    return Row(f"t{seed}", config, {"val_accuracy": accuracy}, outcome, 3)


def test_the_best_cells_are_taken_equal_ones_once_with_the_better_score():
    searched = [supernet("a", 0.5, 1), supernet("b", 0.3, 2), supernet("c", 0.4, 1)]
    found = candidates_of(searched, LOSS, most=5)
    assert [(c.cell, c.search_score, c.origin) for c in found] == [
        (cell(2), 0.3, "b"),
        (cell(1), 0.4, "c and 1 more"),
    ]
    assert len(candidates_of(searched, LOSS, most=1)) == 1


def test_supernets_that_did_not_come_to_their_end_count_only_where_none_did():
    pruned = supernet("a", 0.1, 1, "pruned")
    found = candidates_of([pruned, supernet("b", 0.5, 2)], LOSS, most=3)
    assert [c.origin for c in found] == ["b"]
    assert [c.origin for c in candidates_of([pruned], LOSS, most=3)] == ["a"]


def test_random_cells_are_members_of_the_space_the_same_by_seed_and_none_of_the_search():
    found = candidates_of([supernet("a", 0.5, 1)], LOSS, most=3)
    drawn = random_candidates(SPACE, count=4, without=found, seed=7)
    assert [c.control for c in [*found, *drawn]] == [False, True, True, True, True]
    for candidate in drawn:
        SPACE.check({**SPACE.constants, **candidate.cell})
        assert candidate.cell != cell(1)
    assert len({json.dumps(c.cell) for c in drawn}) == 4
    # A study that goes on with more time begins with the same ones.
    assert random_candidates(SPACE, count=9, without=found, seed=7)[:4] == drawn
    # The one that was drawn first is left out if the search has it already.
    known = [Candidate(drawn[0].cell, "a", 0.5)]
    assert random_candidates(SPACE, count=3, without=known, seed=7) == drawn[1:]


def test_candidates_are_ranked_by_their_mean_and_failed_seeds_left_out():
    a, b, c = (Candidate(cell(i), f"t{i}", 0.1 * i) for i in (1, 2, 3))
    rows = [
        trained(a, 0, 0.90), trained(a, 1, 0.92), trained(b, 0, 0.95),
        trained(b, 1, 0.0, outcome="failed"), trained(c, 0, 0.0, outcome="failed"),
    ]  # fmt: skip
    judged = judge([a, b, c], rows, ACCURACY, seeds=2)
    assert [j.candidate for j in judged] == [b, a]
    assert judged[1].mean == pytest.approx(0.91)
    # Student's t for one degree of freedom: 12.706 standard errors of 0.01.
    assert judged[1].half_width == pytest.approx(0.12706, rel=1e-3)
    assert math.isnan(judged[0].half_width)
    best = best_rows(judged)[1]
    assert best.metrics["val_accuracy"] == pytest.approx(0.91)
    assert "seed" not in best.config


def test_rank_correlation_is_one_where_lower_losses_are_better_cells():
    found = [Candidate(cell(i), "t", loss) for i, loss in enumerate((0.1, 0.2, 0.3))]
    rows = [trained(c, 0, accuracy) for c, accuracy in zip(found, (0.9, 0.8, 0.7), strict=True)]
    tau, _, count = rank_correlation(judge(found, rows, ACCURACY, seeds=1), LOSS)
    assert (tau, count) == (1.0, 3)
    tau, _, count = rank_correlation(judge(found[:2], rows, ACCURACY, seeds=1), LOSS)
    assert math.isnan(tau)


def pair():
    return Candidate(cell(1), "t", 0.1), Candidate(cell(2), "random", control=True)


def test_random_cells_that_the_time_cut_off_are_left_out():
    found, control = pair()
    rows = [trained(found, 0, 0.8), trained(control, 0, 0.9)]
    cut = [*rows, trained(control, 1, 0.1, outcome="stopped")]
    for left in (rows, cut):  # the second seed did not begin, or did not end
        assert [j.candidate for j in judge([found, control], left, ACCURACY, seeds=2)] == [found]
    ended = [*rows, trained(control, 1, 0.9)]
    assert judge([found, control], ended, ACCURACY, seeds=2)[0].candidate == control


def test_the_verdict_says_when_the_search_was_not_worth_it():
    found, control = pair()
    rows = [trained(found, 0, 0.8), trained(control, 0, 0.9)]
    lines = verdict(judge([found, control], rows, ACCURACY, seeds=1), LOSS)
    assert "not better than the best of 1 random cells (-0.1000" in lines[0]


def test_the_verdict_does_not_trust_a_difference_within_the_spread():
    found, control = pair()
    rows = [
        trained(found, 0, 0.80), trained(found, 1, 0.90),
        trained(control, 0, 0.79), trained(control, 1, 0.89),
    ]  # fmt: skip
    lines = verdict(judge([found, control], rows, ACCURACY, seeds=1), LOSS)
    assert "is better" in lines[0]
    assert "too small to rely on" in lines[1]
