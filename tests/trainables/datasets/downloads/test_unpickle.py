import contextlib
import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from automl_on_ray.trainables.datasets.downloads.unpickle import unpickle_arrays


class Attack:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@settings(deadline=None)  # others may keep the machine busy
@given(
    array=arrays(np.float32, array_shapes(max_side=4), elements=st.floats(0, 1, width=32)),
    protocol=st.sampled_from([3, 4]),
)
def test_arrays_in_plain_containers_come_back(array, protocol):
    back = unpickle_arrays(pickle.dumps({"data": [array], "labels": (1, "a")}, protocol=protocol))

    assert np.array_equal(back["data"][0], array)
    assert back["labels"] == (1, "a")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_runs_a_command_is_refused_and_not_run(tmp_path, protocol):
    trace = tmp_path / "trace"
    attack = pickle.dumps([np.zeros(2), Attack(os.system, f"touch {trace}")], protocol=protocol)

    with pytest.raises(pickle.UnpicklingError, match="is not a numpy array"):
        unpickle_arrays(attack)

    assert not trace.exists()


@pytest.mark.parametrize("function", [eval, getattr, np.load, np.fromfile, __import__])
def test_other_functions_are_refused_too(function):
    with pytest.raises(pickle.UnpicklingError, match="is not a numpy array"):
        unpickle_arrays(pickle.dumps(Attack(function, "x")))


@settings(deadline=None)  # others may keep the machine busy
@given(st.binary(max_size=60))
def test_noise_is_refused_in_one_way(data):
    with contextlib.suppress(pickle.UnpicklingError):
        unpickle_arrays(data)
