"""The part of a fit's rows that says when to stop."""

import numpy as np
from hypothesis import given, strategies as st

from automl_on_ray.trainables.tables.models import FitSettings, held_part


@given(
    codes=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    in_time=st.booleans(), share=st.floats(0, 0.9), seed=st.integers(0, 9),
)  # fmt: skip
def test_rows_are_parted_and_every_class_is_learned_from(codes, in_time, share, seed):
    y = np.array(codes)
    settings = FitSettings("multiclass", 4, seed=seed, in_time=in_time)
    own, held = held_part(y, settings, share=share)
    assert sorted([*own, *held]) == list(range(len(y)))
    assert set(y[own]) == set(y)


def test_each_class_gives_its_share():
    y = np.repeat([0, 1], [900, 100])
    _, held = held_part(y, FitSettings("binary", 2), share=0.1)
    np.testing.assert_array_equal(np.bincount(y[held]), [90, 10])


def test_in_time_the_last_rows_are_held():
    _, held = held_part(np.arange(100.0), FitSettings("regression", in_time=True), share=0.1)
    np.testing.assert_array_equal(held, np.arange(90, 100))


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=60),
    in_time=st.booleans(), share=st.floats(0, 0.9), seed=st.integers(0, 9),
)  # fmt: skip
def test_with_groups_too_rows_are_parted_and_every_class_is_learned_from(
    rows, in_time, share, seed
):
    y, groups = np.array(rows).T
    settings = FitSettings("multiclass", 4, seed=seed, in_time=in_time, groups=groups)
    own, held = held_part(y, settings, share=share)
    assert sorted([*own, *held]) == list(range(len(y)))
    assert set(y[own]) == set(y)


@given(sizes=st.lists(st.integers(1, 30), min_size=2, max_size=20), seed=st.integers(0, 9))
def test_whole_groups_are_held_and_about_as_many_rows_as_asked(sizes, seed):
    groups = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    y = np.arange(float(len(groups)))
    own, held = held_part(y, FitSettings("regression", seed=seed, groups=groups), share=0.1)
    assert not set(groups[own]) & set(groups[held])
    assert 0 < len(held) <= max(min(sizes), round(0.1 * len(y)))


def test_where_each_class_is_one_group_s_rows_are_held_by_chance():
    y = np.repeat([0, 1], [50, 50])
    _, held = held_part(y, FitSettings("binary", 2, groups=y), share=0.1)
    np.testing.assert_array_equal(np.bincount(y[held]), [5, 5])
