"""A folder of pictures: one sub-folder a class, or `train/` and `test/` that hold these."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays, no_test_part
from automl_on_ray.trainables.datasets._decode import decode


def load(path: Path) -> Arrays:
    """Classes in alphabetical order of their folders. UserError if one holds no picture."""
    parts = {child.name: child for child in _folders(path)}
    if "train" not in parts:
        classes = tuple(parts)
        images, labels = _part(path, classes)
        return Arrays(images, labels, **no_test_part(images), classes=classes)
    foreign = sorted(set(parts) - {"train", "test"})
    if foreign:
        raise UserError(
            f"{path} has {foreign[0]}/ beside train/; move its images into train/ or test/ "
            "(the validation part is split off train by seed)."
        )
    classes = tuple(folder.name for folder in _folders(parts["train"]))
    images, labels = _part(parts["train"], classes)
    if "test" not in parts:
        return Arrays(images, labels, **no_test_part(images), classes=classes)
    unknown = {folder.name for folder in _folders(parts["test"])} - set(classes)
    if unknown:
        raise UserError(f"{parts['test'] / min(unknown)} is a class that train/ does not have.")
    return Arrays(images, labels, *_part(parts["test"], classes), classes=classes)


def files_below(path: Path) -> list[Path]:
    """Also through links to folders, which is how large sets are often put together."""
    found = (
        Path(folder) / name
        for folder, _, names in os.walk(path, followlinks=True)
        for name in names
    )
    return sorted(file for file in found if file.is_file())


def _folders(path: Path) -> list[Path]:
    return sorted(c for c in path.iterdir() if c.is_dir() and not c.name.startswith("."))


def _part(path: Path, classes: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    if len(classes) < 2:
        raise UserError(
            f"{path} has {len(classes)} sub-folders; two or more are needed, each named for the "
            "class whose images it holds."
        )
    files: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found = _pictures(path / name)
        if not found:
            raise UserError(f"The class folder {path / name} is empty: it holds no picture.")
        files += found
        labels += [label] * len(found)
    return decode([(str(file), file) for file in files]), np.array(labels)


def _pictures(folder: Path) -> list[Path]:
    """Also in folders below it; what is no picture by its suffix is passed over."""
    known = Image.registered_extensions()
    return [
        file
        for file in files_below(folder)
        if file.suffix.lower() in known and not file.name.startswith(".")
    ]
