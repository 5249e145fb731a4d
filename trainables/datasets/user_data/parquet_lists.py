"""Parquet's lists of numbers as arrays: whole and rectangular, or the row is named."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from automl_on_ray.search_spaces.core import UserError


def is_list(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind))


def from_lists(column: pa.ChunkedArray, file: Path) -> np.ndarray:
    """(N, ...) of lists of lists of numbers. UserError if one is empty, or longer than others."""
    parts, before = [], 0
    for chunk in column.chunks:
        if len(chunk):
            parts.append(_from_chunk(chunk, file, before))
        before += len(chunk)
    first = 0
    for part in parts:
        if part.shape[1:] != parts[0].shape[1:]:
            _refuse_ragged(file, first, part.shape[1:], parts[0].shape[1:])
        first += len(part)
    return np.concatenate(parts)


def from_tensors(column: pa.ChunkedArray, file: Path) -> np.ndarray:
    """(N, ...) of Arrow's tensors of a fixed shape."""
    before = 0
    for chunk in column.chunks:
        _check_whole(chunk.storage.flatten(), math.prod(column.type.shape), file, before)
        before += len(chunk)
    return np.concatenate([chunk.to_numpy_ndarray() for chunk in column.chunks])


def _from_chunk(values: pa.Array, file: Path, before: int) -> np.ndarray:
    """`before` rows of the file come before these."""
    shape = [len(values)]
    while is_list(values.type):
        each = math.prod(shape[1:])  # lists of this level in a row
        _check_whole(values, each, file, before)
        lengths = pc.list_value_length(values).to_numpy(zero_copy_only=False)
        odd = np.flatnonzero(lengths != lengths[0])
        if len(odd):
            _refuse_ragged(file, before + odd[0] // each, lengths[odd[0]], lengths[0])
        if not lengths[0]:
            raise UserError(f"{file} row {before} holds an empty list for a picture.")
        shape.append(int(lengths[0]))
        values = values.flatten()
    _check_whole(values, math.prod(shape[1:]), file, before)
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise UserError(
            f"{file}: the image column must hold encoded bytes or lists of numbers, but its lists "
            f"hold {values.type}."
        )
    return values.to_numpy(zero_copy_only=False).reshape(shape)


def _check_whole(values: pa.Array, each: int, file: Path, before: int) -> None:
    """UserError for an empty entry; `each` of `values` are in a row."""
    if values.null_count:
        row = before + values.is_null().index(True).as_py() // each
        raise UserError(f"{file} row {row} has an empty pixel; fill it in, or leave the row out.")


def _refuse_ragged(file: Path, row: int, shape: object, first: object) -> None:
    raise UserError(
        f"{file} row {row} holds a list of {shape} values, but the first of {first}; make all "
        "pictures of one size."
    )
