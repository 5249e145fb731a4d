"""Rankings of all items are judged as the literature defines it."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse
from sklearn.metrics import ndcg_score

from automl_on_ray.trainables.recommendation import METRICS, per_user, scores, top


def matrix(rows):
    return sparse.csr_matrix(np.array(rows, np.float32))


def test_what_a_user_has_seen_is_not_in_the_ranking_and_equals_go_by_code():
    ranked = top(np.array([[3, 9, 5, 5.0]]), matrix([[0, 1, 0, 0]]), 3)
    assert ranked.tolist() == [[2, 3, 0]]


def test_where_no_items_are_left_there_is_none():
    ranked = top(np.array([[3, 9, 5.0], [1, 2, np.nan]]), matrix([[1, 1, 0], [0, 0, 0]]), 4)
    assert ranked.tolist() == [[2, -1, -1, -1], [1, 0, -1, -1]]


def test_hits_count_by_their_place():
    ranked = np.full((2, 20), -1)
    ranked[:, :3] = [[4, 1, 2], [0, 3, 5]]
    held = matrix([[0, 1, 0, 0, 0, 0], [1, 0, 0, 1, 1, 0]])
    found = per_user(ranked, held)
    ideal = 1 + 1 / np.log2(3) + 1 / np.log2(4)
    assert found["ndcg"] == pytest.approx([1 / np.log2(3), (1 + 1 / np.log2(3)) / ideal])
    assert found["recall"] == pytest.approx([1, 2 / 3])
    means = scores(ranked, held)
    assert list(means) == list(METRICS)
    assert means["recall"] == pytest.approx(5 / 6)
    assert means["coverage"] == 1


def test_recall_is_of_as_many_as_could_be_there():
    ranked = np.arange(20)[None]
    assert per_user(ranked, matrix([[1] * 40]))["recall"] == [1]


def test_coverage_is_the_share_of_items_in_any_first_ten():
    ranked = np.array([np.arange(20), np.arange(20)])
    assert scores(ranked, matrix(np.eye(40)[[0, 1]]))["coverage"] == 0.25


@given(st.integers(0, 10_000))
@settings(max_examples=30)
def test_ndcg_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    told, held = rng.permutation(40)[None] / 40, (rng.random((1, 40)) < 0.3).astype(np.float32)
    held[0, 0] = 1
    ranked = top(told, matrix(np.zeros((1, 40))))
    assert per_user(ranked, matrix(held))["ndcg"][0] == pytest.approx(ndcg_score(held, told, k=10))
