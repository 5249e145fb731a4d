"""The arrays of a data set as its files have them, checked."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_on_ray.search_spaces.core import UserError

CHANNELS = (1, 3, 4)
Part = tuple[np.ndarray, np.ndarray]  # images and their labels


@dataclass(frozen=True)
class Arrays:
    """What `load(folder)` of a data set returns.

    Images are uint8 (N, channels, height, width), labels integers (N,) that index `classes`.
    A part without images, None for validation, is not given: `load_dataset` then splits one off.
    `remarks` are what the user should know of the data, one line each.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]
    validation_images: np.ndarray | None = None
    validation_labels: np.ndarray | None = None
    remarks: tuple[str, ...] = ()

    def parts(self) -> dict[str, Part]:
        """Images and labels of the parts that are given, train first."""
        found = {"train": (self.train_images, self.train_labels)}
        if self.validation_images is not None and self.validation_labels is not None:
            found["validation"] = (self.validation_images, self.validation_labels)
        if len(self.test_images) or len(self.test_labels):
            found["test"] = (self.test_images, self.test_labels)
        return found

    def check(self, source: str) -> None:
        """UserError if these cannot be a data set; `source` is the file or folder to blame."""
        images, labels = self.train_images, self.train_labels
        if not len(images):
            raise UserError(f"{source} holds no training images.")
        for part, (x, y) in self.parts().items():
            self._check_part(part, x, y, source)
        twice = {name for name in self.classes if self.classes.count(name) > 1}
        if twice:
            raise UserError(f"{source}: two classes are called {min(twice)!r}; rename one.")
        absent = set(range(len(self.classes))) - set(np.unique(labels).tolist())
        if absent:
            name = self.classes[min(absent)]
            raise UserError(
                f"{source}: class {name!r} has no training image; "
                "give it some or number the labels from 0 without gaps."
            )
        if len(self.classes) < 2:
            raise UserError(
                f"{source} holds one class only, {self.classes[0]!r}; give two or more."
            )

    def _check_part(self, part: str, x: np.ndarray, y: np.ndarray, source: str) -> None:
        if x.ndim != 4 or x.dtype != np.uint8 or 0 in x.shape[1:]:
            raise UserError(
                f"{source}: {part} images must be uint8 (N, channels, height, width), "
                f"but are {x.dtype} {x.shape}."
            )
        if len(x) != len(y):
            raise UserError(f"{source}: {len(x)} {part} images, but {len(y)} labels.")
        wrong = np.flatnonzero((y < 0) | (y >= len(self.classes)))
        if len(wrong):
            raise UserError(
                f"{source}: label {y[wrong[0]]} of {part} image {wrong[0]} is out of range; "
                f"labels of {len(self.classes)} classes are 0 to {len(self.classes) - 1}."
            )
        if x.shape[1:] != self.train_images.shape[1:]:
            raise UserError(
                f"{source}: train images are {self.train_images.shape[1:]}, {part} images "
                f"{x.shape[1:]} (channels, height, width); make them alike."
            )

    def digest(self) -> str:
        """SHA-256 over pixels, labels, shapes and class names: the identity of the data."""
        total = hashlib.sha256(repr(self.classes).encode())
        parts = [(self.train_images, self.train_labels), (self.test_images, self.test_labels)]
        if "validation" in self.parts():
            total.update(b"validation")
            parts.append(self.parts()["validation"])
        for images, labels in parts:
            total.update(repr(images.shape).encode())
            total.update(np.ascontiguousarray(images).data)
            total.update(np.ascontiguousarray(labels, dtype="<i8").data)
        return total.hexdigest()


def together(parts: Mapping[str, Part], classes: tuple[str, ...]) -> Arrays:
    """The arrays of the given parts: "train", and perhaps "validation" and "test"."""
    images, labels = parts["train"]
    nothing = (np.empty((0, *images.shape[1:]), np.uint8), np.empty(0, np.int64))
    return Arrays(
        images,
        labels,
        *parts.get("test", nothing),
        classes,
        *parts.get("validation", (None, None)),
    )


def channels_first(images: np.ndarray, source: str) -> np.ndarray:
    """(N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W); C is 1, 3 or 4, last if in doubt.

    Rows of pixels, (N, pixels), are square grey images.
    """
    if images.ndim == 2:
        side = math.isqrt(images.shape[1])
        if side**2 != images.shape[1]:
            # Of a colour picture, nothing tells whether its three planes follow each other.
            raise UserError(
                f"{source}: rows of {images.shape[1]} values are no square grey images; give them "
                "axes: height, width, channels."
            )
        images = images.reshape(-1, side, side)
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[3] in CHANNELS:
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if images.ndim == 4 and images.shape[1] in CHANNELS:
        return images
    raise UserError(
        f"{source}: images must be (N, height, width), (N, height, width, channels) or "
        f"(N, channels, height, width), but are {images.shape}."
    )


def as_bytes(images: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """uint8 pixels 0..255 of numbers, which must be on one scale, 0..255 or 0..1, in all.

    They come by the names to blame. Pictures of which all pixels are 0 or 1 are black and white.
    """
    scales = {name: _scale_of(pixels, name) for name, pixels in images.items()}
    kinds = {pixels.dtype.kind == "f" for pixels in images.values()}
    if len(kinds) == 1 and len(set(scales.values())) > 1:
        whole, unit = (min(n for n, s in scales.items() if s == scale) for scale in (1, 255))
        raise UserError(
            f"{whole}: pixels are 0..255, but those of {unit} are 0..1; give both on one scale."
        )
    return {
        name: pixels.astype(np.uint8)
        if scales[name] == 1
        else np.rint(pixels * np.float32(255)).astype(np.uint8)
        for name, pixels in images.items()
    }


def _scale_of(images: np.ndarray, source: str) -> int:
    """What makes 0..255 of pixels: 1 or 255."""
    kind = images.dtype.kind
    if kind not in "biuf":
        raise UserError(f"{source}: pixels must be numbers, but are {images.dtype}.")
    low, high = (float(images.min()), float(images.max())) if images.size else (0.0, 0.0)
    if low >= 0 and high <= 1:
        return 255
    if low >= 0 and high <= 255 and (kind in "iu" or (images == np.rint(images)).all()):
        return 1
    raise UserError(
        f"{source}: pixels must be whole numbers 0..255 or floats 0..1, but are "
        f"{images.dtype} from {low:.6g} to {high:.6g}."
    )


def no_test_part(images: np.ndarray) -> dict[str, Any]:
    """The keywords of `Arrays` that say: no test part is given beside these `images`."""
    return {
        "test_images": np.empty((0, *images.shape[1:]), np.uint8),
        "test_labels": np.empty(0, np.int64),
    }
