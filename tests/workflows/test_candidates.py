"""From supernets to candidates, and what comparing these says."""

import math

import numpy as np
import pytest

from search_spaces import darts
from search_spaces._cells import keys
from search_spaces._objective import Objective
from workflows._candidates import (
    Candidate,
    Searched,
    best_rows,
    candidates_of,
    judge,
    rank_correlation,
)
from workflows._rows import Row
from workflows._select import verdict

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
    found = candidates_of(searched, LOSS, SPACE, most=5, random=0, seed=0)
    assert [(c.cell, c.search_score, c.found_by) for c in found] == [
        (cell(2), 0.3, ("b",)),
        (cell(1), 0.4, ("c", "a")),
    ]
    assert len(candidates_of(searched, LOSS, SPACE, most=1, random=0, seed=0)) == 1


def test_supernets_that_did_not_come_to_their_end_count_only_where_none_did():
    pruned = supernet("a", 0.1, 1, "pruned")
    found = candidates_of([pruned, supernet("b", 0.5, 2)], LOSS, SPACE, most=3, random=0, seed=0)
    assert [c.found_by for c in found] == [("b",)]
    found = candidates_of([pruned], LOSS, SPACE, most=3, random=0, seed=0)
    assert [c.found_by for c in found] == [("a",)]


def test_random_cells_are_members_of_the_space_the_same_by_seed_and_none_of_the_search():
    searched = [supernet("a", 0.5, 1)]
    found, again = (
        candidates_of(searched, LOSS, SPACE, most=3, random=4, seed=7) for _ in range(2)
    )
    assert found == again
    assert [c.random for c in found] == [False, True, True, True, True]
    for candidate in found[1:]:
        SPACE.check({**SPACE.constants, **candidate.cell})
        assert candidate.cell != cell(1)


def test_candidates_are_ranked_by_their_mean_and_failed_seeds_left_out():
    a, b, c = (Candidate(cell(i), 0.1 * i) for i in (1, 2, 3))
    rows = [
        trained(a, 0, 0.90), trained(a, 1, 0.92), trained(b, 0, 0.95),
        trained(b, 1, 0.0, outcome="failed"), trained(c, 0, 0.0, outcome="failed"),
    ]  # fmt: skip
    judged = judge([a, b, c], rows, ACCURACY)
    assert [j.candidate for j in judged] == [b, a]
    assert judged[1].mean == pytest.approx(0.91)
    # Student's t for one degree of freedom: 12.706 standard errors of 0.01.
    assert judged[1].half_width == pytest.approx(0.12706, rel=1e-3)
    assert math.isnan(judged[0].half_width)
    best = best_rows(judged)[1]
    assert best.metrics["val_accuracy"] == pytest.approx(0.91)
    assert "seed" not in best.config


def test_rank_correlation_is_one_where_lower_losses_are_better_cells():
    found = [Candidate(cell(i), loss) for i, loss in enumerate((0.1, 0.2, 0.3))]
    rows = [trained(c, 0, accuracy) for c, accuracy in zip(found, (0.9, 0.8, 0.7), strict=True)]
    tau, _, count = rank_correlation(judge(found, rows, ACCURACY), LOSS)
    assert (tau, count) == (1.0, 3)
    tau, _, count = rank_correlation(judge(found[:2], rows, ACCURACY), LOSS)
    assert math.isnan(tau)


def test_the_verdict_says_when_the_search_was_not_worth_it():
    found, control = Candidate(cell(1), 0.1), Candidate(cell(2), None)
    rows = [trained(found, 0, 0.8), trained(control, 0, 0.9)]
    lines = verdict(judge([found, control], rows, ACCURACY), ACCURACY, LOSS)
    assert "not better than the best of 1 random cells (-0.1000" in lines[0]


def test_the_verdict_does_not_trust_a_difference_within_the_spread():
    found, control = Candidate(cell(1), 0.1), Candidate(cell(2), None)
    rows = [
        trained(found, 0, 0.80), trained(found, 1, 0.90),
        trained(control, 0, 0.79), trained(control, 1, 0.89),
    ]  # fmt: skip
    lines = verdict(judge([found, control], rows, ACCURACY), ACCURACY, LOSS)
    assert "is better" in lines[0]
    assert "too small to rely on" in lines[1]
