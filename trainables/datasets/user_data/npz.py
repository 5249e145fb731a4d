"""An `.npz` of images and labels, under the names that Keras, MedMNIST and others use."""

from pathlib import Path

import numpy as np

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays, as_bytes, channels_first, together
from automl_on_ray.trainables.datasets.user_data.labels import encode

KEYS = {
    "train": (
        ("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"), ("x", "y"),
    ),
    "validation": (
        ("x_val", "y_val"), ("x_valid", "y_valid"), ("x_validation", "y_validation"),
        ("val_images", "val_labels"), ("valid_images", "valid_labels"),
        ("validation_images", "validation_labels"),
    ),
    "test": (("x_test", "y_test"), ("test_images", "test_labels")),
}  # fmt: skip


def load(path: Path) -> Arrays:
    """Images (N, H, W), (N, H, W, C) or (N, C, H, W), whole numbers or floats 0..1, and labels.

    Keys may be in capitals. `classes`, if there, names the classes. UserError if keys are missing
    or an array is unfit.
    """
    arrays = _read(path)
    found = {part: _pair(arrays, part, path) for part in KEYS}
    parts = {part: pair for part, pair in found.items() if pair is not None}
    if "train" not in parts:
        wanted = " or ".join(f"{x} and {y}" for x, y in KEYS["train"])
        raise UserError(f"{path} lacks keys: it has {', '.join(arrays)}; it needs {wanted}.")
    names = arrays.get("classes")
    labels, classes = encode(
        {part: y for part, (_, y) in parts.items()},
        source=str(path),
        names=None if names is None else [_word(name) for name in names.ravel().tolist()],
    )
    blame = {part: f"{path}: {part}" for part in parts}
    images = as_bytes({blame[p]: channels_first(x, blame[p]) for p, (x, _) in parts.items()})
    return together({p: (images[blame[p]], labels[p]) for p in parts}, classes)


def _read(path: Path) -> dict[str, np.ndarray]:
    """By key in small letters."""
    try:
        opened = np.load(path, allow_pickle=False)
        if isinstance(opened, np.ndarray):
            raise UserError(
                f"{path} is a single array (.npy): write images and labels with "
                "numpy.savez(path, x_train=..., y_train=...)."
            )
        with opened:
            found = [(key.lower(), opened[key]) for key in opened.files]
    except UserError:
        raise
    except Exception as error:  # a damaged archive fails in any way it likes
        first = " ".join(str(error).split()).rstrip(".")
        if "allow_pickle" in first:  # numpy's own words advise to run them
            first = "it holds Python objects, which are not read"
        raise UserError(f"{path} is corrupted or not an .npz of plain arrays: {first}.") from error
    arrays = dict(found)
    if len(arrays) < len(found):
        raise UserError(f"{path} has two keys that differ only by capitals; remove one.")
    return arrays


def _pair(
    arrays: dict[str, np.ndarray], part: str, path: Path
) -> tuple[np.ndarray, np.ndarray] | None:
    """The first pair that is whole; half of one is a mistake, not a part that is not given."""
    halves = []
    for x, y in KEYS[part]:
        if x in arrays and y in arrays:
            return arrays[x], arrays[y]
        halves += [(have, lacks) for have, lacks in ((x, y), (y, x)) if have in arrays]
    if halves and part != "train":
        have, lacks = halves[0]
        raise UserError(f"{path} has {have}, but no {lacks}; add it, or remove {have}.")
    return None


def _word(name: object) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
