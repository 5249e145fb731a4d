import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._split import stratified


@settings(deadline=None)  # others may keep the machine busy
@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    share=st.floats(0.02, 0.9),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_part_has_its_count_and_the_mix_of_the_whole(sizes, share, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    count = round(len(labels) * share)
    if not 0 < count <= len(labels) - len(sizes):
        with pytest.raises(UserError):
            stratified(labels, count, seed=seed)
        return

    rest, part = stratified(labels, count, seed=seed)

    assert len(part) == count
    assert np.array_equal(np.sort(np.concatenate([rest, part])), np.arange(len(labels)))
    assert set(labels[rest]) == set(range(len(sizes)))
    exact = np.array(sizes) * count / len(labels)
    taken = np.bincount(labels[part], minlength=len(sizes))
    if (exact <= np.array(sizes) - 1).all():  # else a class keeps its last image
        assert (np.abs(taken - exact) < 1 + 1e-9).all()


def test_a_seed_decides_the_part():
    labels = np.arange(1000) % 10

    first, again = (stratified(labels, 100, seed=3)[1] for _ in range(2))
    other = stratified(labels, 100, seed=4)[1]

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
