"""An `.npz` of images and labels, under the names that Keras, MedMNIST and others use."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays, channels_first, no_test_part
from automl_on_ray.trainables.datasets._labels import encode

TRAIN = (("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"), ("x", "y"))
TEST = (("x_test", "y_test"), ("test_images", "test_labels"))


def load(path: Path) -> Arrays:
    """Images (N, H, W), (N, H, W, C) or (N, C, H, W), bytes or floats 0..1, with their labels.

    `classes`, if there, names the classes. UserError if keys are missing or an array is unfit.
    """
    arrays = _read(path)
    train = _pair(arrays, TRAIN)
    if train is None:
        wanted = " or ".join(f"{x} and {y}" for x, y in TRAIN)
        raise UserError(f"{path} lacks keys: it has {', '.join(arrays)}; it needs {wanted}.")
    images = _pixels(train[0], path)
    test = _pair(arrays, TEST)
    names = arrays.get("classes")
    train_labels, test_labels, classes = encode(
        train[1],
        test[1] if test else np.empty(0, np.int64),
        source=str(path),
        names=None if names is None else [str(name) for name in names.ravel()],
    )
    if test is None:
        return Arrays(images, train_labels, **no_test_part(images), classes=classes)
    return Arrays(images, train_labels, _pixels(test[0], path), test_labels, classes)


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as opened:
            return {key: opened[key] for key in opened.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise UserError(f"{path} is corrupted or not an .npz of plain arrays: {error}.") from error


def _pair(
    arrays: dict[str, np.ndarray], names: tuple[tuple[str, str], ...]
) -> tuple[np.ndarray, np.ndarray] | None:
    return next(((arrays[x], arrays[y]) for x, y in names if x in arrays and y in arrays), None)


def _pixels(images: np.ndarray, path: Path) -> np.ndarray:
    """uint8 (N, channels, height, width)."""
    images = channels_first(images, str(path))
    low, high = (images.min(), images.max()) if images.size else (0, 0)
    if images.dtype.kind in "iu" and low >= 0 and high <= 255:
        return images.astype(np.uint8)
    if images.dtype.kind == "f" and low >= 0 and high <= 1:
        return np.rint(images * 255).astype(np.uint8)
    raise UserError(
        f"{path}: pixels must be whole numbers 0..255 or floats 0..1, but are "
        f"{images.dtype} from {low} to {high}."
    )
