"""Finds pictures that are in a data set more than once."""

import hashlib
from collections import defaultdict

import numpy as np

from automl_on_ray.trainables.datasets._arrays import Arrays


def remarks_on_copies(arrays: Arrays) -> list[str]:
    """One line for pictures that are in two parts, or in two classes; by their pixels."""
    places: dict[bytes, set[tuple[str, int]]] = defaultdict(set)
    counts: dict[bytes, int] = defaultdict(int)
    for part, (images, labels) in arrays.parts().items():
        for image, label in zip(images, labels.tolist(), strict=True):
            key = _digest(image)
            places[key].add((part, label))
            counts[key] += part == "train"
    said = []
    given = list(arrays.parts())
    for part in given[1:]:
        both = sum({"train", part} <= {p for p, _ in found} for found in places.values())
        if both:
            said.append(f"{both} pictures of the {part} part are in the train part too.")
    if "test" not in given:
        copies = sum(max(count - 1, 0) for count in counts.values())
        if copies:
            said.append(
                f"{copies} pictures are copies of others; some may come into both train and test."
            )
    several = sum(len({label for _, label in found}) > 1 for found in places.values())
    if several:
        said.append(f"{several} pictures are in more than one class.")
    return said


def _digest(image: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
