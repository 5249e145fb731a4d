"""From supernets to candidates, and what comparing these says."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from automl_on_ray.search_spaces import darts
from automl_on_ray.search_spaces.cells import keys
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import identity_of
from automl_on_ray.studies import Row
from automl_on_ray.studies.architecture.candidate_training import untrained
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
SIZE = Objective("parameters", "min")


def cell(seed):
    drawn = SPACE.sample(np.random.default_rng(seed))
    return {key: drawn[key] for key, _ in keys()}


def supernet(name, loss, seed, outcome="completed"):
    return Searched(name, {}, {"val_loss": loss}, outcome, 3, candidate=cell(seed))


def trained(candidate, seed, accuracy, outcome="completed"):
    config = {**candidate.config, **SPACE.constants, "seed": seed}
    return Row(f"t{seed}", config, {"val_accuracy": accuracy}, outcome, 3)


def test_the_best_cells_are_taken_equal_ones_once_with_the_better_score():
    searched = [supernet("a", 0.5, 1), supernet("b", 0.3, 2), supernet("c", 0.4, 1)]
    found = candidates_of(searched, [LOSS], space=SPACE, most=5)
    assert [(c.config, c.search_score, c.origin) for c in found] == [
        (cell(2), 0.3, "b"),
        (cell(1), 0.4, "c and 1 more"),
    ]
    assert len(candidates_of(searched, [LOSS], space=SPACE, most=1)) == 1


def tried(name, accuracy, size, seed):
    metrics = {"val_accuracy": accuracy, "parameters": size}
    return Searched(name, {}, metrics, "completed", 3, candidate=cell(seed))


def test_of_several_objectives_cells_that_none_beats_in_all_come_first():
    searched = [tried("a", 0.9, 100, 1), tried("b", 0.8, 120, 2), tried("c", 0.7, 10, 3)]
    found = candidates_of(searched, [ACCURACY, SIZE], space=SPACE, most=2)
    assert [c.origin for c in found] == ["a", "c"]
    assert [c.origin for c in candidates_of(searched, [ACCURACY], space=SPACE, most=2)] == [
        "a",
        "b",
    ]


def test_others_are_taken_evenly_from_the_ranking_below_the_best():
    searched = [tried(f"t{n}", 1 - n / 20, 100, n) for n in range(10)]
    found = candidates_of(searched, [ACCURACY], space=SPACE, most=2, spread=4)
    assert [c.origin for c in found] == [
        "t0", "t1", "t3 (rank 4 of 10)", "t5 (rank 6 of 10)",
        "t7 (rank 8 of 10)", "t9 (rank 10 of 10)",
    ]  # fmt: skip
    assert [c.spread for c in found] == 2 * [False] + 4 * [True]
    every = candidates_of(searched, [ACCURACY], space=SPACE, most=8, spread=4)
    assert len({identity_of(SPACE, c.config) for c in every}) == len(every) == 10
    assert candidates_of(searched[:2], [ACCURACY], space=SPACE, most=3, spread=4) == found[:2]


def test_supernets_that_did_not_come_to_their_end_count_only_where_none_did():
    pruned = supernet("a", 0.1, 1, "pruned")
    found = candidates_of([pruned, supernet("b", 0.5, 2)], [LOSS], space=SPACE, most=3)
    assert [c.origin for c in found] == ["b"]
    assert [c.origin for c in candidates_of([pruned], [LOSS], space=SPACE, most=3)] == ["a"]


def test_random_cells_are_members_of_the_space_the_same_by_seed_and_none_of_the_search():
    found = candidates_of([supernet("a", 0.5, 1)], [LOSS], space=SPACE, most=3)
    cells = [candidate.config for candidate in found]
    drawn = random_candidates(SPACE, count=4, without=cells, seed=7)
    assert [c.control for c in [*found, *drawn]] == [False, True, True, True, True]
    for candidate in drawn:
        SPACE.check({**SPACE.constants, **candidate.config})
        assert candidate.config != cell(1)
    assert len({json.dumps(c.config) for c in drawn}) == 4
    # A study that goes on with more time begins with the same ones.
    assert random_candidates(SPACE, count=9, without=cells, seed=7)[:4] == drawn
    # The one that was drawn first is left out if the search has it already.
    assert random_candidates(SPACE, count=3, without=[drawn[0].config], seed=7) == drawn[1:]


def test_random_cells_are_within_the_limits_before_any_is_trained():
    def narrow(config):
        return config["normal_node2_op1"] == "skip_connect"

    drawn = random_candidates(SPACE, count=4, without=[], seed=7, meets=narrow)
    assert [narrow(each.config) for each in drawn] == [True] * 4
    whole = random_candidates(SPACE, count=100, without=[], seed=7)
    assert drawn == [each for each in whole if narrow(each.config)][:4]


def test_candidates_are_ranked_by_their_mean_and_failed_seeds_left_out():
    a, b, c = (Candidate(cell(i), f"t{i}", 0.1 * i) for i in (1, 2, 3))
    rows = [
        trained(a, 0, 0.90), trained(a, 1, 0.92), trained(b, 0, 0.95),
        trained(b, 1, 0.0, outcome="failed"), trained(c, 0, 0.0, outcome="failed"),
    ]  # fmt: skip
    judged = judge([a, b, c], rows, [ACCURACY], space=SPACE, seeds=2)
    assert [j.candidate for j in judged] == [b, a]
    assert judged[1].mean == pytest.approx(0.91)
    # Student's t for one degree of freedom: 12.706 standard errors of 0.01.
    assert judged[1].half_width == pytest.approx(0.12706, rel=1e-3)
    assert math.isnan(judged[0].half_width)
    best = best_rows(judged)[1]
    assert best.metrics["val_accuracy"] == pytest.approx(0.91)
    assert "seed" not in best.config


def test_a_cell_stands_by_its_means_of_every_objective_and_is_left_out_if_it_lacks_one():
    a, b = (Candidate(cell(i), f"t{i}", 0.1 * i) for i in (1, 2))
    rows = [trained(a, 0, 0.90), trained(a, 1, 0.92), trained(b, 0, 0.95)]
    for row, seconds in zip(rows, (3.0, 5.0), strict=False):
        row.metrics["epoch_seconds"] = seconds
    quick = Objective("epoch_seconds", "min")
    judged = judge([a, b], rows, [ACCURACY, quick], space=SPACE, seeds=2)
    assert [j.candidate for j in judged] == [a]
    metrics = best_rows(judged)[0].metrics
    assert metrics == {"val_accuracy": pytest.approx(0.91), "epoch_seconds": 4.0}


def test_cells_that_a_search_finds_later_are_the_only_ones_still_to_be_trained():
    a, b, c = (Candidate(cell(i), f"t{i}", 0.1 * i) for i in (1, 2, 3))
    assert untrained([a, b], [], SPACE) == [a.config, b.config]
    assert untrained([c, a], [[a.config, b.config]], SPACE) == [c.config]
    assert untrained([b], [[a.config], [b.config]], SPACE) == []


def test_rank_correlation_is_one_where_lower_losses_are_better_cells():
    found = [Candidate(cell(i), "t", loss) for i, loss in enumerate((0.1, 0.2, 0.3))]
    rows = [trained(c, 0, accuracy) for c, accuracy in zip(found, (0.9, 0.8, 0.7), strict=True)]
    tau, _, count = rank_correlation(
        judge(found, rows, [ACCURACY], space=SPACE, seeds=1), LOSS, ACCURACY
    )
    assert (tau, count) == (1.0, 3)
    tau, _, count = rank_correlation(
        judge(found[:2], rows, [ACCURACY], space=SPACE, seeds=1), LOSS, ACCURACY
    )
    assert math.isnan(tau)


def pair():
    return Candidate(cell(1), "t", 0.1), Candidate(cell(2), "random", control=True)


def test_random_cells_that_the_time_cut_off_are_left_out():
    found, control = pair()
    rows = [trained(found, 0, 0.8), trained(control, 0, 0.9)]
    cut = [*rows, trained(control, 1, 0.1, outcome="stopped")]
    for left in (rows, cut):  # the second seed did not begin, or did not end
        assert [
            j.candidate for j in judge([found, control], left, [ACCURACY], space=SPACE, seeds=2)
        ] == [found]
    ended = [*rows, trained(control, 1, 0.9)]
    assert judge([found, control], ended, [ACCURACY], space=SPACE, seeds=2)[0].candidate == control


def test_the_verdict_says_when_the_search_was_not_worth_it():
    found, control = pair()
    rows = [trained(found, 0, 0.8), trained(control, 0, 0.9)]
    lines = verdict(
        judge([found, control], rows, [ACCURACY], space=SPACE, seeds=1), LOSS, ACCURACY, "cell"
    )
    assert "not better than the best of 1 random cells (-0.1000" in lines[0]


def test_the_verdict_does_not_trust_a_difference_within_the_spread():
    found, control = pair()
    rows = [
        trained(found, 0, 0.80), trained(found, 1, 0.90),
        trained(control, 0, 0.79), trained(control, 1, 0.89),
    ]  # fmt: skip
    lines = verdict(
        judge([found, control], rows, [ACCURACY], space=SPACE, seeds=1), LOSS, ACCURACY, "cell"
    )
    assert "is better" in lines[0]
    assert "too small to rely on" in lines[1]


def judged_by(accuracies, *, most):
    searched = [tried(f"t{n}", 1 - n / 20, 100, n) for n in range(len(accuracies))]
    found = candidates_of(
        searched, [ACCURACY], space=SPACE, most=most, spread=len(accuracies) - most
    )
    rows = [trained(c, 0, accuracy) for c, accuracy in zip(found, accuracies, strict=True)]
    return judge(found, rows, [ACCURACY], space=SPACE, seeds=1)


def test_the_verdict_tells_whether_inherited_weights_rank_and_by_how_many_cells():
    told = verdict(judged_by([0.9, 0.8, 0.7, 0.75], most=2), ACCURACY, ACCURACY, "cell")
    # One of six pairs is the other way round; scipy's exact p-value of four.
    assert "+0.67 over 4 cells, 2 of them from other ranks than the best (p = 0.33)" in told[-1]


def test_two_cells_rank_nothing_and_the_verdict_says_so():
    told = verdict(judged_by([0.9, 0.8], most=2), ACCURACY, ACCURACY, "cell")
    assert "cannot be told" in told[-1]
    assert "there are 2" in told[-1]


def test_a_cell_that_was_trained_to_check_ranks_does_not_stand_for_the_search():
    """It is better than the random one, and the one that the search found best is not."""
    found, control = pair()
    checked = replace(found, config=cell(9), spread=True)
    rows = [trained(found, 0, 0.8), trained(checked, 0, 0.95), trained(control, 0, 0.9)]
    judged = judge([found, checked, control], rows, [ACCURACY], space=SPACE, seeds=1)
    assert (
        "is not better than the best of 1 random cells (-0.1000"
        in verdict(judged, LOSS, ACCURACY, "cell")[0]
    )
