"""Parquet: an image column (encoded bytes, or lists of fixed size) and a label column."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays, channels_first, no_test_part
from automl_on_ray.trainables.datasets._decode import decode
from automl_on_ray.trainables.datasets._labels import encode

IMAGE = ("image", "images", "img", "pixels")
LABEL = ("label", "labels", "class", "target", "y")


def load(path: Path) -> Arrays:
    """A file; or a folder: of `train*` and `test*` files, or of files that are one set together.

    `test.parquet` beside a `train.parquet` is its test part. UserError if a column is missing.
    """
    parts = _parts(path)
    pictures, answers = _read(parts["train"])
    if "test" not in parts:
        labels, _, classes = encode(
            answers, answers[:0], source=str(path), names=_names(parts["train"][0])
        )
        return Arrays(pictures, labels, **no_test_part(pictures), classes=classes)
    test_pictures, test_answers = _read(parts["test"])
    labels, test_labels, classes = encode(
        answers, test_answers, source=str(path), names=_names(parts["train"][0])
    )
    return Arrays(pictures, labels, test_pictures, test_labels, classes)


def beside(path: Path) -> list[Path]:
    """The test part that lies beside a train part, if any."""
    test = path.with_name("test.parquet")
    return [test] if path.name == "train.parquet" and test.is_file() else []


def _parts(path: Path) -> dict[str, list[Path]]:
    if path.is_file():
        parts = {"train": [path], "test": beside(path)}
    else:
        files = sorted(path.glob("*.parquet"))
        parts = {p: [f for f in files if f.name.startswith(p)] for p in ("train", "test")}
        others = [f for f in files if not f.name.startswith(("train", "test"))]
        if parts["train"] and others:
            raise UserError(
                f"{others[0]} lies beside train files, but is called neither train nor test."
            )
        parts["train"] = parts["train"] or others
    if not parts["train"]:
        raise UserError(f"{path} has a test file, but no train file.")
    return {part: files for part, files in parts.items() if files}


def _read(files: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (N, channels, height, width) and labels as they are written."""
    tables = [_columns(file) for file in files]
    images = [_images(table["image"], file) for table, file in zip(tables, files, strict=True)]
    labels = [_labels(table["label"], file) for table, file in zip(tables, files, strict=True)]
    for file, part in zip(files, images, strict=True):
        if part.shape[1:] != images[0].shape[1:]:
            raise UserError(
                f"Images of different sizes: {files[0]} has {images[0].shape[1:]}, {file} has "
                f"{part.shape[1:]} (channels, height, width). Resize them to one size first."
            )
    return np.concatenate(images), np.concatenate(labels)


def _columns(file: Path) -> pa.Table:
    """The two columns, named `image` and `label`."""
    try:
        opened = pq.ParquetFile(file)
        present = opened.schema_arrow.names
        found = []
        for kind, names in (("image", IMAGE), ("label", LABEL)):
            column = next((name for name in names if name in present), None)
            if column is None:
                raise UserError(
                    f"{file} has no {kind} column ({', '.join(names)}); "
                    f"it has {', '.join(present)}."
                )
            found.append(column)
        table = opened.read(columns=found).select(found).rename_columns(["image", "label"])
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} is corrupted or not Parquet: {error}.") from error
    for name in ("image", "label"):
        if table[name].null_count:
            raise UserError(f"{file} has {table[name].null_count} rows without {name}.")
    if not len(table):
        raise UserError(f"{file} holds no rows.")
    return table


def _images(column: pa.ChunkedArray, file: Path) -> np.ndarray:
    kind = column.type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:  # as Hugging Face writes
        return _images(pa.chunked_array([c.field("bytes") for c in column.chunks]), file)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return decode([(f"{file} row {i}", b.as_py()) for i, b in enumerate(column)])
    if isinstance(kind, pa.FixedShapeTensorType) and kind.value_type == pa.uint8():
        tensors = [chunk.to_numpy_ndarray() for chunk in column.chunks]
        return _unfold(np.concatenate(tensors), file)
    shape: list[int] = []
    while pa.types.is_fixed_size_list(kind):
        shape, kind = [*shape, kind.list_size], kind.value_type
    if kind != pa.uint8():
        raise UserError(
            f"{file}: the image column must hold encoded bytes or fixed-size lists of uint8, "
            f"but holds {column.type}."
        )
    values = column.combine_chunks()
    while not pa.types.is_integer(values.type):
        values = values.flatten()
    return _unfold(values.to_numpy().reshape(len(column), *shape), file)


def _unfold(images: np.ndarray, file: Path) -> np.ndarray:
    """uint8 (N, C, H, W) of images in rows of pixels, or (N, pixels) of square ones."""
    if images.ndim == 2:
        pixels = images.shape[1]
        channels = next((c for c in (1, 3) if math.isqrt(pixels // c) ** 2 * c == pixels), None)
        if channels is None:
            raise UserError(f"{file}: lists of {pixels} values are no square image; nest them.")
        side = math.isqrt(pixels // channels)
        images = images.reshape(-1, side, side, channels)
    return channels_first(images, str(file))


def _labels(column: pa.ChunkedArray, file: Path) -> np.ndarray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return np.array(column.to_pylist())
    return column.to_numpy()


def _names(file: Path) -> list[str] | None:
    """The names of the classes, where Hugging Face's datasets wrote them into the file."""
    metadata = pq.read_schema(file).metadata or {}
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return next(list(features[name]["names"]) for name in LABEL if name in features)
    except (KeyError, ValueError, StopIteration, TypeError):
        return None
