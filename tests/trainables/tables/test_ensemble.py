"""Greedy selection: never worse than the best member, and the same whatever the order."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.tables import METRICS, blended, loss_of, select

CLASSES = {"auc": 2, "f1": 2, "log_loss": 3, "accuracy": 3, "balanced_accuracy": 3}


def drawn(seed, loss, members=6, rows=60):
    """Members of unlike skill, and the answers."""
    generator = np.random.default_rng(seed)
    classes = CLASSES.get(loss)
    if classes is None:
        answers = generator.normal(size=rows)
        spread = generator.uniform(0.2, 2, members)
        return {f"t{i}": answers + generator.normal(0, s, rows) for i, s in enumerate(spread)}, (
            answers
        )
    answers = np.concatenate([np.arange(classes), generator.integers(0, classes, rows - classes)])
    found = {}
    for i, skill in enumerate(generator.uniform(0, 2, members)):
        logits = generator.normal(size=(rows, classes)) + skill * np.eye(classes)[answers]
        found[f"t{i}"] = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return found, answers


def measured(predictions, answers, loss):
    task = {2: "binary", 3: "multiclass"}[CLASSES[loss]] if loss in CLASSES else "regression"
    return float(loss_of(task, loss, answers, predictions)[0])


LOSSES = sorted({name for of_task in METRICS.values() for name in of_task})
losses = st.sampled_from(LOSSES)
seeds = st.integers(0, 10_000)


@given(seeds, losses)
@settings(max_examples=60, deadline=None)
def test_it_is_never_worse_in_sample_than_the_best_single_member(seed, loss):
    predictions, answers = drawn(seed, loss)
    weights = select(predictions, answers, loss=loss)
    best = min(measured(one, answers, loss) for one in predictions.values())
    assert measured(blended(predictions, weights), answers, loss) <= best + 1e-9
    assert sum(weights.values()) == pytest.approx(1)
    assert list(weights.values()) == sorted(weights.values(), reverse=True)


@given(seeds, losses, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_members_does_not_matter(seed, loss, random):
    predictions, answers = drawn(seed, loss)
    names = list(predictions)
    random.shuffle(names)
    shuffled = {name: predictions[name] for name in names}
    assert select(shuffled, answers, loss=loss) == select(predictions, answers, loss=loss)


@given(seeds, losses)
@settings(max_examples=40, deadline=None)
def test_equal_members_have_in_sum_the_weight_that_one_of_them_would_have(seed, loss):
    predictions, answers = drawn(seed, loss)
    alone = select(predictions, answers, loss=loss)
    twice = select({**predictions, "t0-again": predictions["t0"]}, answers, loss=loss)
    assert twice.pop("t0-again", 0) + twice.get("t0", 0) == pytest.approx(alone.get("t0", 0))


def test_two_members_that_err_in_opposite_ways_join():
    answers = np.linspace(-1, 1, 20)
    wave = np.where(np.arange(20) % 2, 0.5, -0.5)
    weights = select({"a": answers + wave, "b": answers - wave}, answers, loss="rmse")
    assert weights == {"a": 0.5, "b": 0.5}


def test_rows_that_no_fold_holds_out_change_nothing():
    predictions, answers = drawn(0, "auc")
    longer = {
        name: np.concatenate([np.full((30, 2), np.nan), one]) for name, one in predictions.items()
    }
    more = np.concatenate([np.ones(30, int), answers])
    assert select(longer, more, loss="auc") == select(predictions, answers, loss="auc")


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_member_without_all_of_the_rows_is_left_out(odd):
    predictions, answers = drawn(0, "rmse")
    predictions["part"] = np.where(np.arange(60) < 20, odd, answers)
    assert "part" not in select(predictions, answers, loss="rmse")
    with pytest.raises(ValueError, match="No member predicts all"):
        select({"a": np.full(60, np.nan)}, answers, loss="rmse")
    with pytest.raises(ValueError, match="No member"):
        select({}, answers, loss="rmse")


def test_members_are_selected_from_the_best_alone():
    predictions, answers = drawn(5, "log_loss", members=12)
    ranked = sorted(predictions, key=lambda name: measured(predictions[name], answers, "log_loss"))
    assert set(select(predictions, answers, loss="log_loss", most=3)) <= set(ranked[:3])
    assert select(predictions, answers, loss="log_loss", rounds=1) == {ranked[0]: 1.0}


def test_of_very_many_rows_a_part_is_looked_at_and_equal_seeds_look_at_the_same():
    predictions, answers = drawn(2, "log_loss", members=3, rows=120_000)
    first = select(predictions, answers, loss="log_loss", seed=1)
    assert first == select(predictions, answers, loss="log_loss", seed=1)
