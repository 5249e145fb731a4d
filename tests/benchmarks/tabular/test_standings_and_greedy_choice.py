"""How runs become a table, and how a portfolio is chosen from losses."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays

from benchmarks.tabular._greedy import choose, normalised
from benchmarks.tabular._standings import (
    differences,
    interval,
    losses,
    ranks,
    scores,
    standings,
)

MATRICES = arrays.arrays(
    float,
    st.tuples(st.integers(1, 7), st.integers(1, 5)),
    elements=st.floats(0, 1, width=16) | st.just(float("nan")),
)


def line(way, value, data_set="a", seed=0, metric="rmse"):
    found = {"error": "out of memory"} if value is None else {"value": value}
    return {"way": way, "set": data_set, "seed": seed, "metric": metric, **found}


THREE = [line("constant", 10.0), line("good", 2.0), line("fair", 6.0)]


def test_a_score_is_zero_for_the_constant_and_one_for_the_best():
    found = scores(losses(THREE, ["constant", "good", "fair"]))
    assert found.iloc[0].to_dict() == {"constant": 0, "good": 1, "fair": 0.5}


def test_what_failed_or_is_worse_than_the_constant_counts_as_the_constant():
    table = losses([*THREE, line("bad", 99.0), line("none", None)],
                   ["constant", "good", "bad", "none"])  # fmt: skip
    assert scores(table).iloc[0].to_dict() == {"constant": 0, "good": 1, "bad": 0, "none": 0}
    assert ranks(table).iloc[0].to_dict() == {"good": 1, "constant": 2.5, "none": 2.5, "bad": 4}


def test_a_larger_auc_is_better():
    lines = [line("constant", 0.5, metric="auc"), line("good", 0.9, metric="auc")]
    assert scores(losses(lines, ["constant", "good"])).good.item() == 1


def test_a_data_set_counts_once_all_ways_have_run_on_it():
    lines = [*THREE, line("constant", 1.0, "b"), line("good", 0.5, "b")]
    assert list(losses(lines, ["good", "fair"]).index) == [("a", 0)]
    assert list(losses(lines, ["good", "constant"]).index) == [("a", 0), ("b", 0)]


def test_where_nobody_beats_the_constant_nobody_scores():
    table = losses([line("constant", 1.0), line("other", 1.0)], ["constant", "other"])
    assert (scores(table).to_numpy() == 0).all()


def test_the_tables_count_failures_and_pairs():
    lines = [*THREE, line("none", None)]
    ways = ["constant", "good", "none"]
    text = standings(lines, ways)
    assert text[0] == "1 data sets, 1 runs a way"
    assert text[2].startswith("good")
    assert next(row for row in text if row.startswith("none")).split()[-2] == "1"
    (pair,) = differences(lines, ways, ["good"], ["none"])
    assert pair.startswith("good - none: +1.000")
    assert pair.endswith("better in 1 of 1")


def test_an_interval_holds_data_sets_together():
    """Ten seeds that agree on a data set tell no more than one."""
    few, many = (
        pd.Series({(name, seed): float(name == "a") for name in "ab" for seed in range(seeds)})
        .rename_axis(["set", "seed"])
        for seeds in (1, 10)
    )  # fmt: skip
    assert interval(few) == interval(many) == (0.5, 0.0, 1.0)


@given(MATRICES)
def test_errors_are_zero_for_the_best_and_at_most_one(matrix):
    found = normalised(matrix)
    assert ((found >= 0) & (found <= 1)).all()
    for column, before in zip(found.T, matrix.T, strict=True):
        if not np.isnan(before).all():
            assert column[np.nanargmin(before)] == 0


@given(MATRICES, st.integers(1, 7))
def test_each_config_that_joins_lowers_the_mean_of_the_best_so_far_the_most(matrix, count):
    errors = normalised(matrix)
    chosen = choose(errors, count)
    assert len(chosen) == len(set(chosen)) == min(count, len(errors))
    for size, joined in enumerate(chosen):
        before = chosen[:size]
        others = (place for place in range(len(errors)) if place not in before)
        means = [errors[[*before, other]].min(axis=0).mean() for other in others]
        assert errors[[*before, joined]].min(axis=0).mean() == pytest.approx(min(means))


def test_a_specialist_joins_before_a_twin_of_the_first():
    errors = np.array([[0.1, 0.1, 1.0], [0.1, 0.1, 0.9], [1.0, 1.0, 0.0]])
    assert choose(errors, 2) == [1, 2]


def test_the_best_pair_is_found_where_greedy_finds_it():
    errors = np.array([[0.0, 1.0], [1.0, 0.0], [0.6, 0.6]])
    pairs = {
        pair: errors[list(pair)].min(axis=0).mean() for pair in itertools.combinations(range(3), 2)
    }
    assert tuple(sorted(choose(errors, 2))) == min(pairs, key=pairs.__getitem__)
