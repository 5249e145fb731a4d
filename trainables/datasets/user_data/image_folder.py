"""A folder of pictures: one sub-folder a class, or parts (train, validation, test) of these."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets._arrays import Arrays, together
from automl_on_ray.trainables.datasets.user_data.files import files_below, files_of, folders_of
from automl_on_ray.trainables.datasets.user_data.parts import PARTS, part_of
from automl_on_ray.trainables.datasets.user_data.pictures import decode


def load(path: Path) -> Arrays:
    """Classes in alphabetical order of their folders. UserError if one holds no picture.

    A file counts once, however many links lead to it; in two classes or parts it is refused.
    """
    parts = _parts(path)
    classes = tuple(folder.name for folder in folders_of(parts["train"]))
    if len(classes) < 2:
        inside = f": did you mean {parts['train'] / classes[0]}?" if classes else "."
        raise UserError(
            f"{parts['train']} has {len(classes)} sub-folders; two or more are needed, each named "
            f"for the class whose images it holds{inside}"
        )
    found = {part: list(_labelled(folder, classes)) for part, folder in parts.items()}
    _check_once(found, classes)
    every = [file for pairs in found.values() for file, _ in pairs]
    images = decode([(str(file), file) for file in every])
    read, start = {}, 0
    for part, pairs in found.items():
        labels = np.array([label for _, label in pairs], np.int64)
        read[part] = (images[start : start + len(pairs)], labels)
        start += len(pairs)
    return together(read, classes)


def is_picture(file: Path) -> bool:
    """By its suffix."""
    return file.suffix.lower() in Image.registered_extensions()


def _parts(path: Path) -> dict[str, Path]:
    """The folder of each part, train first: `path` itself where it holds the classes."""
    named = [(folder, part_of(folder.name)) for folder in folders_of(path)]
    # A class may be called "train": then it holds pictures, not folders of them.
    of_parts = [(folder, part) for folder, part in named if part and folders_of(folder)]
    if not of_parts:
        if len({part for _, part in named if part}) > 1:
            raise UserError(
                f"{path} has parts, {' and '.join(f.name for f, part in named if part)}, but no "
                "folders of classes in them; sort their images into such."
            )
        _refuse_pictures_in(path)
        return {"train": path}
    parts: dict[str, Path] = {}
    for folder, part in of_parts:
        if part in parts:
            raise UserError(f"{parts[part]} and {folder} are both the {part} part; join them.")
        parts[str(part)] = folder
    foreign = [folder for folder, _ in named if folder not in parts.values()]
    if foreign and part_of(foreign[0].name):
        raise UserError(
            f"{foreign[0]} has no folders of classes, as {of_parts[0][0].name}/ has; sort its "
            "images into such, or take it away."
        )
    if foreign:
        raise UserError(
            f"{path} has {foreign[0].name}/ beside {of_parts[0][0].name}/; move its images into a "
            "part: train/, val/ or test/."
        )
    if "train" not in parts:
        raise UserError(f"{path} has {of_parts[0][0].name}/, but no train/.")
    for folder in (path, *parts.values()):
        _refuse_pictures_in(folder)
    return {part: parts[part] for part in PARTS if part in parts}


def _refuse_pictures_in(folder: Path) -> None:
    """Pictures beside folders of classes would be left out without a word."""
    if not folders_of(folder):
        return
    stray = [file for file in files_of(folder) if is_picture(file)]
    if stray:
        raise UserError(
            f"{stray[0]} lies beside folders of classes; move it into one, or take it away."
        )


def _labelled(folder: Path, classes: tuple[str, ...]) -> Iterator[tuple[Path, int]]:
    """The pictures of a part, with their labels."""
    unknown = {child.name for child in folders_of(folder)} - set(classes)
    if unknown:
        raise UserError(f"{folder / min(unknown)} is a class that train/ does not have.")
    for label, name in enumerate(classes):
        place = folder / name
        if not place.is_dir():  # a test part need not have every class
            continue
        inner = {part for child in folders_of(place) if (part := part_of(child.name))}
        if len(inner) > 1:
            raise UserError(
                f"{place} holds folders of parts ({', '.join(sorted(inner))}); put them the other "
                f"way round, train/{name} and test/{name}."
            )
        pictures = [file for file in files_below(place) if is_picture(file)]
        if not pictures:
            raise UserError(f"The class folder {place} is empty: it holds no picture.")
        for file in pictures:
            yield file, label


def _check_once(found: dict[str, list[tuple[Path, int]]], classes: tuple[str, ...]) -> None:
    """UserError if one file is in two classes or parts; within a class, it is left once."""
    seen: dict[tuple[int, int], tuple[str, int, Path]] = {}
    for part, pairs in found.items():
        kept = []
        for file, label in pairs:
            status = file.stat()
            key = (status.st_dev, status.st_ino)
            first = seen.setdefault(key, (part, label, file))
            if first[:2] != (part, label):
                raise UserError(
                    f"{first[2]} and {file} are one file, linked; it can be in one class of one "
                    "part only."
                )
            if first[2] == file:
                kept.append((file, label))
        pairs[:] = kept
