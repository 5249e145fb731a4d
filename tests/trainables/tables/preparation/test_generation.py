"""Columns are made of the strongest others."""

import numpy as np
import pandas as pd

from automl_on_ray.trainables.tables.preparation import GroupMeans, Pairs

ROWS = 400
GENERATOR = np.random.default_rng(0)
FRAME = (
    pd.DataFrame({f"noise {i}": GENERATOR.normal(size=ROWS) for i in range(4)})
    .assign(
        a=GENERATOR.uniform(1, 2, ROWS),
        b=GENERATOR.uniform(1, 2, ROWS),
        shop=GENERATOR.choice(["x", "y"], ROWS),
        id=[f"row {i}" for i in range(ROWS)],
    )
    .astype({"shop": object, "id": object})
)
ANSWERS = (3 * FRAME["a"] + FRAME["b"] + (FRAME["shop"] == "x")).to_numpy()


def test_pairs_are_of_the_strongest_numbers():
    made = Pairs(regression=True, seed=0).fit(FRAME, ANSWERS).transform(FRAME)
    np.testing.assert_allclose(made["a / b"], FRAME["a"] / FRAME["b"])
    np.testing.assert_allclose(made["a * b"], FRAME["a"] * FRAME["b"])
    np.testing.assert_allclose(made["a - b"], FRAME["a"] - FRAME["b"])
    assert made.shape[1] == FRAME.shape[1] + 3 * 6


def test_a_ratio_to_zero_is_missing():
    fitted = Pairs(regression=True, seed=0).fit(FRAME, ANSWERS)
    made = fitted.transform(FRAME.assign(b=0.0))
    assert made["a / b"].isna().all()


def test_a_group_has_the_mean_of_the_fitted_rows_and_an_unknown_one_has_none():
    fitted = GroupMeans(regression=True, seed=0).fit(FRAME, ANSWERS)
    mean = FRAME.loc[FRAME["shop"] == "x", "a"].mean()
    new = FRAME.iloc[:2].assign(shop=["x", "new"], a=5.0).astype({"shop": object})
    made = fitted.transform(new)
    np.testing.assert_allclose(made["mean a by shop"], [mean, np.nan])
    np.testing.assert_allclose(made["a - mean by shop"], [5 - mean, np.nan])


def test_groups_of_single_rows_are_none():
    made = GroupMeans(regression=True, seed=0).fit(FRAME, ANSWERS).transform(FRAME)
    assert not [name for name in made if name.endswith("by id")]


def test_a_table_without_numbers_or_words_gets_none():
    for frame in (FRAME[["shop"]], FRAME[["a"]]):
        for kind in (Pairs, GroupMeans):
            made = kind(regression=True, seed=0).fit(frame, ANSWERS).transform(frame)
            pd.testing.assert_frame_equal(made, frame)
