"""Parquet: an image column (encoded bytes, or lists of numbers) and a label column."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays, as_bytes, channels_first, together
from automl_on_ray.trainables.datasets.user_data.labels import encode, one_each
from automl_on_ray.trainables.datasets.user_data.parquet_lists import (
    from_lists,
    from_tensors,
    is_list,
)
from automl_on_ray.trainables.datasets.user_data.parts import PARTS, names_beside, part_of
from automl_on_ray.trainables.datasets.user_data.pictures import decode

IMAGE = ("image", "images", "img", "pixels")
LABEL = ("label", "labels", "class", "target", "y")
SHARD = re.compile(r"(.+)-\d+-of-(\d+)")  # as Hugging Face names files that are one set
KINDS = {"image": IMAGE, "label": LABEL}


@dataclass(frozen=True)
class _Read:
    """Of one file: images (N, channels, height, width), uint8 if they were encoded; labels (N,)."""

    images: np.ndarray
    labels: np.ndarray
    encoded: bool


def load(path: Path, files: Sequence[Path]) -> Arrays:
    """The set that `files` at `path` are: parts by their names, or one set together.

    UserError if a column is missing, or a row holds none of what it should.
    """
    _check_all_there(path, files)
    parts = _parts(path, files)
    read = {file: _read(file) for files in parts.values() for file in files}
    if len({each.labels.dtype.kind for each in read.values()}) > 1:
        raise UserError(f"{path}: labels are words in one file and numbers in another.")
    labels, classes = encode(
        {part: np.concatenate([read[f].labels for f in files]) for part, files in parts.items()},
        source=str(path),
        names=_names(parts["train"][0]),
    )
    images = {str(file): each.images for file, each in read.items()}
    images |= as_bytes({str(f): each.images for f, each in read.items() if not each.encoded})
    images = _alike(images)
    joined = {p: np.concatenate([images[str(f)] for f in files]) for p, files in parts.items()}
    return together({part: (joined[part], labels[part]) for part in parts}, classes)


def beside(path: Path) -> list[Path]:
    """The other parts that lie beside a train.parquet, if any."""
    return [file for name in names_beside(path.name) if (file := path.with_name(name)).is_file()]


def _parts(path: Path, files: Sequence[Path]) -> dict[str, list[Path]]:
    if path.is_file() and len(files) == 1:
        return {"train": [path]}
    parts: dict[str, list[Path]] = {part: [] for part in PARTS}
    others: list[Path] = []
    for file in files:
        part = part_of(file.stem) or part_of(file.parent.name if file.parent != path else "")
        (others if part is None else parts[part]).append(file)
    if any(parts.values()) and others:
        raise UserError(
            f"{others[0]} lies beside train and test files, but is called neither train, "
            "validation nor test."
        )
    parts["train"] = parts["train"] or others
    if not parts["train"]:
        raise UserError(f"{path} has no train file, but {files[0].name}.")
    return {part: files for part, files in parts.items() if files}


def _check_all_there(path: Path, files: Sequence[Path]) -> None:
    """UserError if one of train-00000-of-00002.parquet and train-00001-of-00002.parquet lacks."""
    sets = Counter(found.groups() for file in files if (found := SHARD.match(str(file))))
    for (name, count), there in sets.items():
        if there < int(count):
            raise UserError(
                f"{path} has {there} of the {int(count)} files {Path(name).name}-*-of-{count}; "
                "give the folder of all."
            )


def _read(file: Path) -> _Read:
    table = _columns(file)
    images, encoded = _images(table["image"], file)
    return _Read(images, one_each(_labels(table["label"]), str(file)), encoded)


def _alike(images: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """All of one shape: the channel of grey ones is repeated where others have colours."""
    first = next(iter(images))
    for file, array in images.items():
        if array.shape[2:] != images[first].shape[2:]:
            raise UserError(
                f"Images of different sizes: {first} has {images[first].shape[2:]}, {file} has "
                f"{array.shape[2:]} (height, width). Resize them to one size first."
            )
    counts = {array.shape[1] for array in images.values()}
    if counts == {1, 3}:
        return {file: x.repeat(3 // x.shape[1], axis=1) for file, x in images.items()}
    if len(counts) > 1:
        raise UserError(f"{first} and the others have {sorted(counts)} channels; make them alike.")
    return images


def _columns(file: Path) -> pa.Table:
    """The two columns, named `image` and `label`, without empty rows."""
    try:
        with pq.ParquetFile(file) as opened:
            present = opened.schema_arrow.names
            found = [_column(present, names, kind, file) for kind, names in KINDS.items()]
            table = opened.read(columns=found).select(found).rename_columns(list(KINDS))
    except UserError:
        raise
    except Exception as error:  # a damaged file fails in any way it likes
        first = " ".join(str(error).split()).rstrip(".")
        raise UserError(f"{file} is corrupted or not Parquet: {first}.") from error
    for name in KINDS:
        if table[name].null_count:
            row = table[name].is_null().index(True).as_py()
            raise UserError(
                f"{file} has {table[name].null_count} rows without {name}, the first is row {row}."
            )
    if not len(table):
        raise UserError(f"{file} holds no rows.")
    return table


def _column(present: Sequence[str], names: Sequence[str], kind: str, file: Path) -> str:
    """The first of `names` that is there, in any case."""
    for name in names:
        same = [column for column in present if column.lower() == name]
        if len(same) > 1:
            raise UserError(f"{file} has {len(same)} columns called {name}; remove one.")
        if same:
            return same[0]
    raise UserError(
        f"{file} has no {kind} column ({', '.join(names)}); it has {', '.join(present)}."
    )


def _images(column: pa.ChunkedArray, file: Path) -> tuple[np.ndarray, bool]:
    """And whether they were encoded."""
    kind = column.type
    if pa.types.is_struct(kind):  # as Hugging Face writes
        return _images(_bytes_of(column, file), file)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or kind == pa.binary_view():
        return decode([(f"{file} row {i}", b.as_py()) for i, b in enumerate(column)]), True
    if isinstance(kind, pa.FixedShapeTensorType):
        return channels_first(from_tensors(column, file), str(file)), False
    if is_list(kind):
        return channels_first(from_lists(column, file), str(file)), False
    raise UserError(
        f"{file}: the image column must hold encoded bytes or lists of numbers, but holds {kind}."
    )


def _bytes_of(column: pa.ChunkedArray, file: Path) -> pa.ChunkedArray:
    """The field `bytes` of structs of bytes and path; none may be empty."""
    names = [column.type.field(i).name for i in range(column.type.num_fields)]
    if "bytes" not in names:
        raise UserError(f"{file}: the image column has no field bytes, but {', '.join(names)}.")
    found = pc.struct_field(column, "bytes")
    if found.null_count:
        row = found.is_null().index(True).as_py()
        path = column[row].as_py().get("path")
        raise UserError(
            f"{file} row {row} has no bytes of its picture, only the path {path!r}; write the "
            "bytes into the file."
        )
    return found


def _labels(column: pa.ChunkedArray) -> np.ndarray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.to_numpy()
    found = column.to_pylist()
    lengths = {len(each) if isinstance(each, list) else 0 for each in found}
    if lengths != {0} and len(lengths) == 1 and not _nested(found):
        return np.array(found)  # one-hot
    return np.array(found) if {type(each) for each in found} <= {str, bool} else _objects(found)


def _nested(found: list[list[object]]) -> bool:
    return any(isinstance(each, list) for row in found for each in row)


def _objects(values: list[object]) -> np.ndarray:
    """As they are: bytes must not lose their last zeros."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _names(file: Path) -> list[str] | None:
    """The names of the classes, where Hugging Face's datasets wrote them into the file."""
    metadata = pq.read_schema(file).metadata or {}
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return next(list(features[name]["names"]) for name in LABEL if name in features)
    except (KeyError, ValueError, StopIteration, TypeError):
        return None
