"""A config's preparation: how categories are encoded, and numbers imputed and scaled."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.trainables.tables.preparation import create_preparation
from tests.trainables.tables.pipelines import config, dated

ANSWERS = np.arange(60) % 2


def prepared(frame, model="linear", answers=ANSWERS, task="binary", groups=None, **other):
    asked = config(model, **{"linear_knots": 0, **other})
    made = create_preparation(asked, task=task, answers=answers, groups=groups, seed=0)
    return made, made.fit_transform(frame, answers, encoded__groups=groups)


def words(*counts):
    return pd.DataFrame({"word": np.repeat([f"w{i}" for i in range(len(counts))], counts)},
                        dtype=object)  # fmt: skip


def test_one_hot_has_a_column_for_each_category_and_for_missing():
    _, made = prepared(dated()[["word"]])
    assert list(made) == ["word_a", "word_b", "word_c", "word_nan"]
    assert set(made.sum(axis=1)) == {1.0}


def test_rare_categories_and_unseen_ones_share_a_column():
    steps, made = prepared(words(30, 26, 3, 1), rare_rows=5)
    assert list(made) == ["word_w0", "word_w1", "word_infrequent_sklearn"]
    told = steps.transform(pd.DataFrame({"word": ["new", "w3", "w0"]}, dtype=object))
    np.testing.assert_array_equal(told, [[0, 0, 1], [0, 0, 1], [1, 0, 0]])


def test_ten_thousand_categories_are_some_columns():
    frame = pd.DataFrame({"word": [f"w{i}" for i in range(10_000)]}, dtype=object)
    _, made = prepared(frame, answers=np.arange(10_000) % 2)
    assert made.shape[1] <= 128


def test_target_encoding_of_a_fitted_row_does_not_know_its_own_answer():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"word": [f"w{i}" for i in range(300)]}, dtype=object)
    answers = generator.integers(0, 2, 300)
    steps, made = prepared(frame, "extra_trees", answers, forest_encoding="target")
    own = np.corrcoef(made["word"], answers)[0, 1]
    leaked = np.corrcoef(steps.transform(frame)["word"], answers)[0, 1]
    assert abs(own) < 0.2 < 0.9 < leaked


@pytest.mark.parametrize("model", ["extra_trees", "linear"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_target_encoding_of_a_fitted_row_does_not_know_the_answers_of_its_group(model, task):
    """Each word is of one group, which has one answer: of others it is not known."""
    groups = np.repeat(np.arange(60), 5)
    by_group = np.random.default_rng(0).integers(0, 3 if task == "multiclass" else 2, 60)
    frame = pd.DataFrame({"word": [f"w{group}" for group in groups]}, dtype=object)
    given = {"task": task, "forest_encoding": "target", "encoding": "target"}
    answers = by_group[groups]
    _, known = prepared(frame, model, answers, **given)
    _, unknown = prepared(frame, model, answers, groups=groups, **given)
    first = answers == (1 if task == "regression" or len(known.T) == 1 else 0)
    told, hidden = (np.corrcoef(one.iloc[:, 0], first)[0, 1] for one in (known, unknown))
    assert told > 0.9
    assert hidden < 0.1


def test_native_categories_are_codes_and_named():
    steps, made = prepared(dated(), "lightgbm")
    assert steps.named_steps["encoded"].native_ == ["word"]
    assert set(made["word"].dropna()) == {0, 1, 2}


def test_boosted_trees_get_missing_numbers_as_they_are():
    frame = dated()
    _, made = prepared(frame, "lightgbm")
    np.testing.assert_array_equal(made["number"], frame["number"])


@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_others_get_no_missing_number_and_scaled_ones_and_where_one_was(scaling):
    frame = dated()
    _, made = prepared(frame, scaling=scaling)
    assert not made.isna().any().any()
    assert abs(made["number"].mean()) < 0.2
    assert abs(made["number"].std() - 1) < 0.3
    assert set(made["missingindicator_number"]) == {0, 1}
    assert made["missingindicator_number"].sum() == frame["number"].isna().sum()


def test_an_odd_value_is_brought_near():
    steps, _ = prepared(dated())
    assert (steps.transform(dated().assign(number=1e12))["number"] == 10).all()


def test_a_line_may_bend_at_quantiles():
    frame = pd.DataFrame({"x": np.arange(60.0)})
    _, made = prepared(frame, linear_knots=3)
    assert made.shape[1] == 4
    assert (made.iloc[0, 1:] == 0).all()
    np.testing.assert_allclose(made.iloc[-1, 1:], made["x"].iloc[-1] * np.array([1.5, 1, 0.5]))
