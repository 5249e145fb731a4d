"""Parts of a table: each row once, no group in two, nothing later in what is learned from."""

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.splits import Rows, split


def refused(rows, **asked):
    with pytest.raises(UserError) as caught:
        split(rows, **{"folds": 5, "seed": 0, **asked})
    return str(caught.value)


@st.composite
def rows_of(draw, *, times=False, groups=False):
    """Rows with few or many different values."""
    count = draw(st.integers(40, 150))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = rng.integers(0, 3, count) if draw(st.booleans()) else None
    many = draw(st.integers(12, 60))
    return Rows(
        count, labels,
        rng.integers(0, many, count) if times else None,
        rng.integers(0, many, count) if groups else None,
    )  # fmt: skip


SEEDS, FOLDS = st.integers(0, 5), st.integers(2, 5)


def split_of(rows, folds, seed, **asked):
    """Of rows that can be split."""
    try:
        return split(rows, folds=folds, seed=seed, **asked)
    except UserError:
        assume(False)


def parts_of(found):
    """Rows to learn from and rows to predict, of all parts."""
    return [(found.train, found.test),
            *((found.train[fit], found.train[out]) for fit, out in found.folds)]  # fmt: skip


@given(rows_of(), FOLDS, SEEDS)
def test_every_row_is_tested_on_or_held_out_once(rows, folds, seed):
    found = split_of(rows, folds, seed)

    held = np.concatenate([found.train[out] for _, out in found.folds])
    assert sorted([*found.test, *held]) == list(range(rows.count))
    assert len(found.folds) == folds
    for fit, out in found.folds:
        assert sorted([*fit, *out]) == list(range(len(found.train)))


@given(rows_of(groups=True), FOLDS, SEEDS)
def test_no_group_is_in_two_parts(rows, folds, seed):
    found = split_of(rows, folds, seed)

    assert sorted([*found.test, *found.train]) == list(range(rows.count))
    for fit, out in parts_of(found):
        assert not set(rows.groups[fit]) & set(rows.groups[out])
    held = np.concatenate([out for _, out in found.folds])
    assert sorted(held) == list(range(len(found.train)))


@given(rows_of(times=True), FOLDS, SEEDS)
def test_no_row_is_learned_from_that_is_not_earlier(rows, folds, seed):
    found = split_of(rows, folds, seed)

    assert sorted([*found.test, *found.train]) == list(range(rows.count))
    for fit, out in parts_of(found):
        assert rows.times[fit].max() < rows.times[out].min()
        assert (np.diff(rows.times[fit]) >= 0).all()
    held = np.concatenate([out for _, out in found.folds])
    assert len(set(held)) == len(held)


@given(rows_of(times=True, groups=True), st.integers(2, 3), SEEDS)
def test_with_times_and_groups_both_hold(rows, folds, seed):
    found = split_of(rows, folds, seed)

    for fit, out in parts_of(found):
        assert rows.times[fit].max() < rows.times[out].min()
        assert not set(rows.groups[fit]) & set(rows.groups[out])


@given(st.booleans(), st.booleans(), st.integers(60, 79), SEEDS)
def test_a_subset_reduces_what_is_learned_from_only(timed, labelled, size, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(100) % 2 if labelled else None
    rows = Rows(100, labels, rng.permutation(100) if timed else None)

    found = split(rows, folds=5, seed=seed, subset=size)

    assert len(found.train) == size
    np.testing.assert_array_equal(found.test, split(rows, folds=5, seed=seed).test)
    if timed:
        assert (np.diff(rows.times[found.train]) > 0).all()


def test_a_fifth_is_tested_on_and_classes_have_their_share_in_each_part():
    labels = np.repeat([0, 1], [900, 100])

    found = split(Rows(1000, labels), folds=5, seed=1)

    assert len(found.test) == 200
    for _, part in parts_of(found):
        assert labels[part].mean() == pytest.approx(0.1, abs=0.01)


def test_the_earliest_share_is_always_learned_from():
    found = split(Rows(600, None, np.arange(600)), folds=4, seed=0)

    assert [len(fit) for fit, _ in found.folds] == [96, 192, 288, 384]
    assert [len(out) for _, out in found.folds] == [96] * 4
    assert found.test.tolist() == list(range(480, 600))


def test_three_groups_are_enough_for_two_folds_and_a_test_part():
    groups = np.arange(60) % 3

    for times in (None, np.arange(60)):
        found = split(Rows(60, None, times, groups), folds=2, seed=0)
        assert len(set(groups[found.test])) == 1


def test_classes_have_their_share_of_few_groups_and_of_many():
    for count in (150, 12_000):
        groups = np.arange(36_000) % count
        labels = (groups % 10 == 0).astype(int)

        found = split(Rows(36_000, labels, None, groups), folds=3, seed=0)

        for _, part in parts_of(found):
            assert labels[part].mean() == pytest.approx(0.1, abs=0.02)


@given(sizes=st.lists(st.integers(2, 4), min_size=6, max_size=20), seed=st.integers(0, 99))
def test_of_classes_with_fewer_rows_than_parts_no_part_has_two(sizes, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    made = split(Rows(len(labels), labels=labels), folds=4, seed=seed)
    assert np.bincount(labels[made.test]).max() == 1
    assert sorted([*made.train, *made.test]) == list(range(len(labels)))
    for fit, out in made.folds:
        assert np.bincount(labels[made.train[out]]).max() == 1
        assert not set(fit) & set(out)


def test_groups_hold_where_classes_have_fewer_rows_than_parts():
    groups, labels = np.repeat(np.arange(12), 3), np.arange(36) // 3
    made = split(Rows(36, labels=np.tile(labels[::3], 3), groups=groups), folds=3, seed=0)
    assert not set(groups[made.train]) & set(groups[made.test])


def test_the_seed_decides():
    labels = np.arange(100) % 2
    first, same, other = (split(Rows(100, labels), folds=3, seed=seed) for seed in (0, 0, 1))

    np.testing.assert_array_equal(first.test, same.test)
    assert set(first.test) != set(other.test)


NUMBERS = np.arange(100)


@pytest.mark.parametrize(("rows", "asked", "message"), [
    (Rows(11), {}, "5 folds and a test part need 12 rows or more, but there are 11; give fewer "
     "--folds."),
    (Rows(100), {"folds": 1}, "There must be 2 folds or more, not 1."),
    (Rows(100), {"seed": -1}, "The seed must be 0 or more, but is -1."),
    (Rows(100, groups=NUMBERS * 0), {},
     "All rows are of one group, so none can be held out; give no --group."),
    (Rows(100, groups=NUMBERS % 4), {}, "5 folds and a test part need 6 groups or more, but there "
     "are 4; give fewer --folds."),
    (Rows(100, times=NUMBERS % 4), {}, "5 folds and a test part need 7 different times or more, "
     "but there are 4; give fewer --folds."),
    (Rows(100), {"subset": 81}, "A subset of 81 rows was asked for, but there are 80."),
    (Rows(100), {"subset": 5}, "5 folds need 10 rows or more, but there are 5; give fewer "
     "--folds."),
    (Rows(100, labels=(NUMBERS >= 60).astype(int), times=NUMBERS), {},
     "The rows that a fold is fitted with are all of one class, as rows of it are early or in one "
     "group; give fewer --folds."),
    (Rows(100, times=NUMBERS, groups=NUMBERS // 20), {"folds": 2},
     "A part of the rows is empty, as groups are few or of unlike sizes; give fewer --folds, or no "
     "--group."),
])  # fmt: skip
def test_what_cannot_be_parted_is_refused(rows, asked, message):
    assert refused(rows, **asked) == message
