"""Scores are scikit-learn's, and intervals cover what they should."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, strategies as st

from automl_on_ray.trainables.tables import METRICS, USUAL, bootstrap, scores


def case(task, seed, n=60, classes=3):
    """Answers with all classes, and predictions with ties."""
    rng = np.random.default_rng(seed)
    if task == "regression":
        return rng.normal(5, 2, n), rng.normal(5, 2, n)
    k = 2 if task == "binary" else classes
    made = rng.integers(1, 6, (n, k)).astype(float)
    return np.append(rng.integers(0, k, n - k), np.arange(k)), made / made.sum(1, keepdims=True)


def expected(task, y, p):
    if task == "regression":
        return {
            "rmse": reference.root_mean_squared_error(y, p),
            "mae": reference.mean_absolute_error(y, p), "r2": reference.r2_score(y, p),
        }  # fmt: skip
    chosen = p.argmax(1)
    found = {
        "log_loss": reference.log_loss(y, p), "accuracy": reference.accuracy_score(y, chosen),
        "balanced_accuracy": reference.balanced_accuracy_score(y, chosen),
    }  # fmt: skip
    if task == "binary":
        found |= {"auc": reference.roc_auc_score(y, p[:, 1]), "f1": reference.f1_score(y, chosen)}
    else:
        found["auc"] = reference.roc_auc_score(y, p, multi_class="ovr")
    return found


@pytest.mark.parametrize("task", METRICS)
@given(seed=st.integers(0, 2**32))
def test_scores_are_those_of_scikit_learn(task, seed):
    y, p = case(task, seed)

    found = scores(task, y, p)

    assert list(found) == list(METRICS[task])
    assert found == pytest.approx(expected(task, y, p), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("task", METRICS)
def test_a_repeat_is_the_score_of_the_rows_that_were_drawn(task):
    y, p = case(task, 1)
    metric = USUAL[task].lstrip("-")

    interval = bootstrap(task, y, {"m": p}, metric, seed=5, repeats=1).scores["m"]

    rows = np.random.default_rng(5).integers(0, len(y), (1, len(y)))[0]
    assert interval.low == interval.high == pytest.approx(expected(task, y[rows], p[rows])[metric])
    assert interval.value == pytest.approx(expected(task, y, p)[metric])


def test_the_usual_objective_is_a_metric_of_its_task():
    for task, objective in USUAL.items():
        name = objective.lstrip("-")
        assert METRICS[task][name] == ("min" if objective[0] == "-" else "max")


def test_an_interval_covers_the_truth_nineteen_times_of_twenty():
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        y = rng.normal(size=80)
        found = bootstrap("regression", y, {"zero": np.zeros(80)}, "mae", seed, repeats=200)
        covered += found.scores["zero"].low <= np.sqrt(2 / np.pi) <= found.scores["zero"].high

    assert 180 <= covered <= 197


def test_of_rows_in_few_large_groups_only_whole_groups_drawn_cover_the_truth():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(12), 50)
    covered = {"rows": 0, "groups": 0}
    for seed in range(200):
        y = rng.normal(size=12)[groups] + 0.5 * rng.normal(size=600)
        models, truth = {"zero": np.zeros(600)}, np.sqrt(1.25 * 2 / np.pi)
        for drawn, codes in {"rows": None, "groups": groups}.items():
            found = bootstrap("regression", y, models, "mae", seed, repeats=200, groups=codes)
            covered[drawn] += found.scores["zero"].low <= truth <= found.scores["zero"].high

    assert covered["rows"] < 80
    assert covered["groups"] > 180


def test_groups_of_one_row_each_are_drawn_as_rows_are():
    y, p = case("binary", 3)

    found = bootstrap("binary", y, {"m": p}, "auc", seed=1, groups=np.arange(len(y))[::-1])
    by_rows = bootstrap("binary", y, {"m": p}, "auc", seed=1)

    assert found.scores["m"] == pytest.approx(by_rows.scores["m"], abs=0.02)


def test_of_one_group_nothing_can_be_drawn():
    y, p = case("binary", 3)

    found = bootstrap("binary", y, {"m": p}, "auc", seed=1, groups=np.zeros(len(y), int))

    assert found.scores["m"].value == scores("binary", y, p)["auc"]
    assert np.isnan(found.scores["m"][1:]).all()


def test_a_difference_on_the_same_rows_is_surer_than_two_scores():
    rng = np.random.default_rng(0)
    y = rng.normal(size=500)
    first = y + rng.normal(size=500)
    models = {"first": first, "second": first + 0.1 * rng.normal(size=500) + 0.05, "third": first}

    found = bootstrap("regression", y, models, "rmse", seed=0)

    low, high = found.scores["first"][1:]
    pair = found.differences["first", "second"]
    assert pair.high - pair.low < (high - low) / 3
    assert pair.value == pytest.approx(found.scores["first"].value - found.scores["second"].value)
    assert found.differences["first", "third"] == (0, 0, 0)
    assert list(found.differences) == [("first", "second"), ("first", "third"), ("second", "third")]


def test_the_seed_decides_and_blocks_do_not(monkeypatch):
    y, p = case("binary", 3)
    whole = bootstrap("binary", y, {"m": p}, "auc", seed=1, repeats=50)
    monkeypatch.setattr("automl_on_ray.trainables.tables.metrics.AT_ONCE", 7 * len(y))

    assert bootstrap("binary", y, {"m": p}, "auc", seed=1, repeats=50) == whole
    assert bootstrap("binary", y, {"m": p}, "auc", seed=2, repeats=50) != whole


def test_what_cannot_be_scored_is_no_number():
    p = np.full((4, 2), 0.5)

    assert np.isnan(scores("binary", np.zeros(4, int), p)["auc"])
    assert scores("binary", np.zeros(4, int), p)["f1"] == 0
    assert np.isnan(scores("regression", np.ones(4), np.ones(4))["r2"])
    found = bootstrap("binary", np.array([0, 0, 0, 1]), {"m": p}, "auc", seed=0, repeats=50)
    assert found.scores["m"] == (0.5, 0.5, 0.5)


def test_a_class_without_rows_counts_in_no_mean():
    y, p = case("multiclass", 0)
    rows = y != 2

    found = scores("multiclass", y[rows], p[rows])

    each = [reference.roc_auc_score(y[rows] == k, p[rows, k]) for k in (0, 1)]
    assert found["auc"] == pytest.approx(np.mean(each))


def test_certain_and_wrong_costs_much_but_not_everything():
    assert scores("binary", np.array([0, 1]), np.array([[0.0, 1], [0, 1]]))["log_loss"] == (
        pytest.approx(-np.log(1e-15) / 2)
    )
