"""Each recommender finds the tastes that users share, and is the same after it was stored."""

import functools
import os

import numpy as np
import pytest
from scipy import sparse

from automl_on_ray.trainables.recommendation import (
    FitSettings,
    Seen,
    fit,
    load,
    per_user,
    save,
    top,
)

CONFIGS = {
    "popularity": {},
    "recent_popularity": {"share": 0.1},
    "item_knn": {"neighbours": 10, "shrink": 5.0},
    "ease": {"l2": 10.0},
    "ials": {"factors": 8, "regularisation": 1.0, "alpha": 4.0, "iterations": 5},
    "bpr": {"factors": 8, "learning_rate": 0.05, "regularisation": 1e-3, "negatives": 4,
            "epochs": 40},
    "two_tower": {"factors": 8, "width": 16, "depth": 1, "dropout": 0.1, "learning_rate": 0.02,
                  "weight_decay": 1e-4, "negatives": 8, "epochs": 80},
}  # fmt: skip
PERSONAL = ["item_knn", "ease", "ials", "bpr", "two_tower"]
USERS, ITEMS, GROUPS = 60, 40, 4


def config_of(model):
    return {"model": model, **{f"{model}_{key}": value for key, value in CONFIGS[model].items()}}


def tastes(seed=0):
    """Users of four groups, each of which has items of its own; a third of them is held out."""
    rng = np.random.default_rng(seed)
    own = np.arange(USERS)[:, None] % GROUPS == np.arange(ITEMS)[None] % GROUPS
    held = own & (rng.random(own.shape) < 1 / 3)
    return seen_of(own & ~held, rng), sparse.csr_matrix(held.astype(np.float32))


def seen_of(had, rng=None):
    users, items = np.nonzero(had)
    order = np.arange(len(users)) if rng is None else rng.permutation(len(users))
    times = np.arange(len(users), dtype=float)
    return Seen(users[order], items[order], times, None, *had.shape)


@functools.cache
def fitted_to_tastes(model):
    """For all tests, which do not change it."""
    return fit(config_of(model), tastes()[0], FitSettings())


def ndcg(fitted, seen, held):
    users = np.flatnonzero(np.diff(held.indptr))
    ranked = top(fitted.scores(users, seen), seen.matrix()[users])
    return per_user(ranked, held[users])["ndcg"].mean()


@pytest.mark.parametrize("model", PERSONAL)
def test_a_personal_recommender_finds_what_a_users_group_likes(model):
    seen, held = tastes()
    popular, found = (ndcg(fitted_to_tastes(name), seen, held) for name in ("popularity", model))
    assert popular < 0.4 < 0.9 < found


@pytest.mark.parametrize("model", PERSONAL)
def test_a_user_whom_it_has_never_met_is_served_by_what_he_had(model):
    fitted = fitted_to_tastes(model)
    strange, held = tastes(seed=1)
    assert ndcg(fitted, strange, held) > 0.9


@pytest.mark.parametrize("model", CONFIGS)
def test_a_user_without_events_has_scores_too(model):
    fitted = fitted_to_tastes(model)
    nothing = seen_of(np.zeros((2, ITEMS), bool))
    scores = fitted.scores(np.array([0, 1]), nothing)
    assert scores.shape == (2, ITEMS)
    assert np.isfinite(scores).all()
    assert fitted.scores(np.array([], int), nothing).shape == (0, ITEMS)


@pytest.mark.parametrize("model", CONFIGS)
def test_what_was_stored_scores_the_same(model, tmp_path):
    seen, _ = tastes()
    fitted = fitted_to_tastes(model)
    save(model, fitted, tmp_path / "model")
    users = np.array([3, 1])
    again = load(tmp_path / "model").scores(users, seen)
    assert again.dtype == np.float32
    assert np.array_equal(again, fitted.scores(users, seen))


@pytest.mark.parametrize("model", CONFIGS)
def test_a_seed_gives_the_same_scores_and_leaves_other_chance_alone(model):
    import torch

    seen, _ = tastes()
    config = {key: 5 if key.endswith("epochs") else v for key, v in config_of(model).items()}
    users = np.arange(USERS)
    torch.manual_seed(0)
    before = torch.rand(1)
    torch.manual_seed(0)
    first, again = (fit(config, seen, FitSettings(seed=3)).scores(users, seen) for _ in range(2))
    assert np.array_equal(first, again)
    assert torch.rand(1) == before


@pytest.mark.parametrize("model", CONFIGS)
def test_a_users_scores_do_not_hang_on_who_is_asked_beside(model):
    seen, _ = tastes()
    fitted = fitted_to_tastes(model)
    alone = fitted.scores(np.array([5]), seen)
    together = fitted.scores(np.array([2, 5, 9]), seen)
    assert np.allclose(alone[0], together[1], atol=1e-4)


def test_popularity_is_of_all_events_and_recent_popularity_of_the_latest():
    items = np.array([0] * 6 + [1] * 3 + [2])
    seen = Seen(np.arange(10), items, np.arange(10.0), None, 10, 3)
    ever = fit(config_of("popularity"), seen, FitSettings()).scores(np.array([0]), seen)
    late = fit(config_of("recent_popularity"), seen, FitSettings()).scores(np.array([0]), seen)
    assert ever[0].argmax() == 0
    assert late[0].argmax() == 2


def test_ease_solves_what_it_is_defined_by():
    seen, _ = tastes()
    x = seen.matrix().toarray().astype(float)
    weights = fit(config_of("ease"), seen, FitSettings()).weights
    slopes = x.T @ (x - x @ weights) - 10 * weights  # 0 but on the diagonal, which is held at 0
    np.fill_diagonal(slopes, 0)
    assert np.abs(slopes).max() < 1e-3
    assert not np.diag(weights).any()


def test_ease_refuses_more_items_than_the_node_has_memory_for_and_names_what_it_needs(monkeypatch):
    seen = Seen(np.array([0]), np.array([0]), np.array([0.0]), None, 1, 1_000_000)
    with pytest.raises(MemoryError, match=r"EASE needs 20,000.0 GB for 1,000,000 items"):
        fit(config_of("ease"), seen, FitSettings())
    assert os.sysconf("SC_PHYS_PAGES") > 0


def test_ials_takes_ratings_as_strengths():
    seen, _ = tastes()
    rated = Seen(seen.users, seen.items, seen.times, 1 + seen.items % 5 * 1.0, USERS, ITEMS)
    users = np.arange(USERS)
    plain, strong = (
        fit(config_of("ials"), each, FitSettings()).scores(users, each) for each in (seen, rated)
    )
    assert not np.allclose(plain, strong, atol=0.01)


def test_ials_solves_each_rows_equations():
    from automl_on_ray.trainables.recommendation.models.ials_model import solve

    rng = np.random.default_rng(0)
    others, row = rng.standard_normal((ITEMS, 3)), np.zeros((1, ITEMS))
    row[0, [2, 7]] = 1
    found = solve(sparse.csr_matrix(row), others, 2.0, 5.0)[0]
    weights = 1 + 5 * row[0]
    slope = others.T @ (weights * (others @ found - row[0])) + 2.0 * (1 + 5 * 2 / ITEMS) * found
    assert np.abs(slope).max() < 1e-9


def test_bpr_knows_a_user_with_very_many_items_by_the_last_of_them_too():
    had = np.random.default_rng(0).random((30, 700)) < 0.3
    seen = seen_of(had)
    fitted = fit({**config_of("bpr"), "bpr_epochs": 5}, seen, FitSettings())
    # Two users with the same first 400 items, and others of the last, of which none is drawn.
    last = np.setdiff1d(np.arange(400, 700), fitted.arrays["drawn"])
    two = np.zeros((2, 700), bool)
    two[:, :400] = True
    two[0, last[:60]] = two[1, last[-60:]] = True
    first, second = fitted.scores(np.arange(2), seen_of(two))
    assert not np.allclose(first, second)
