"""Reads pickles of others without running code in them."""

import io
import pickle
from typing import Any

import numpy as np

RECONSTRUCT: Any = np.empty(0).__reduce__()[0]  # what every pickled array names
# Old files name numpy.core, which numpy 2 deprecates: both lead to the same function.
ADMITTED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): RECONSTRUCT,
}


def unpickle_arrays(data: bytes) -> Any:
    """Numpy arrays in plain containers; pickle.UnpicklingError if `data` asks for anything else."""
    try:
        return _ArraysOnly(io.BytesIO(data), encoding="latin1").load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a damaged pickle fails in any way it likes
        raise pickle.UnpicklingError(f"damaged: {error!r}") from error


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not a numpy array") from None
