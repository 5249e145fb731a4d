import hashlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets.downloads import idx


@settings(deadline=None)  # others may keep the machine busy
@given(array=arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_what_was_written_is_read_back(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("idx") / "file"

    idx.write(path, array)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert np.array_equal(idx.read(path, sha256=digest), array)


@settings(deadline=None)  # others may keep the machine busy
@given(kept=st.integers(0, 31))
def test_a_truncated_file_is_named(tmp_path_factory, kept):
    path = tmp_path_factory.mktemp("idx") / "file"
    idx.write(path, np.arange(16, dtype=np.uint8).reshape(2, 2, 4))  # 16 + 16 bytes
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(UserError, match=f"{path}.*(truncated|not an IDX)"):
        idx.read(path)


def test_a_file_with_a_flipped_bit_has_the_wrong_checksum(tmp_path):
    path = tmp_path / "file"
    idx.write(path, np.zeros((2, 3), np.uint8))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")

    with pytest.raises(UserError, match=f"{path} has the wrong checksum"):
        idx.read(path, sha256=digest)


def test_a_change_to_the_mapped_array_leaves_the_file_as_it_is(tmp_path):
    path = tmp_path / "file"
    idx.write(path, np.zeros(5, np.uint8))

    idx.read(path)[0] = 9

    assert idx.read(path)[0] == 0
