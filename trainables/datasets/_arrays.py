"""A data set as its files give it: arrays, checked."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_on_ray.search_spaces._errors import UserError

CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Arrays:
    """What `load(folder)` of a data set returns.

    Images are uint8 (N, channels, height, width), labels integers (N,) that index `classes`.
    A test part without images means that none is given: `load_dataset` then splits one off.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]

    def check(self, source: str) -> None:
        """UserError if these cannot be a data set; `source` is the file or folder to blame."""
        images, labels = self.train_images, self.train_labels
        if not len(images):
            raise UserError(f"{source} holds no training images.")
        for part, x, y in (("train", images, labels), ("test", self.test_images, self.test_labels)):
            if x.ndim != 4 or x.dtype != np.uint8:
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
        if len(self.test_images) and self.test_images.shape[1:] != images.shape[1:]:
            raise UserError(
                f"{source}: train images are {images.shape[1:]}, test images "
                f"{self.test_images.shape[1:]} (channels, height, width); make them alike."
            )
        absent = set(range(len(self.classes))) - set(np.unique(labels).tolist())
        if absent:
            name = self.classes[min(absent)]
            raise UserError(
                f"{source}: class {name!r} has no training image; "
                "give it some or number the labels from 0 without gaps."
            )

    def digest(self) -> str:
        """SHA-256 over pixels, labels, shapes and class names: the identity of the data."""
        total = hashlib.sha256(repr(self.classes).encode())
        for images, labels in (
            (self.train_images, self.train_labels),
            (self.test_images, self.test_labels),
        ):
            total.update(repr(images.shape).encode())
            total.update(np.ascontiguousarray(images).data)
            total.update(np.ascontiguousarray(labels, dtype="<i8").data)
        return total.hexdigest()


def channels_first(images: np.ndarray, source: str) -> np.ndarray:
    """(N, H, W), (N, H, W, C) or (N, C, H, W) as (N, C, H, W); C is 1, 3 or 4, last if in doubt."""
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


def no_test_part(images: np.ndarray) -> dict[str, Any]:
    """The keywords of `Arrays` that say: no test part is given beside these `images`."""
    return {
        "test_images": np.empty((0, *images.shape[1:]), np.uint8),
        "test_labels": np.empty(0, np.int64),
    }
