"""Stripes that go across or down: made, not read."""

from pathlib import Path

import numpy as np

from automl_on_ray.trainables.datasets._arrays import Arrays, no_test_part


def load(folder: Path) -> Arrays:
    """600 noisy images of 8 x 8, one channel; `folder` is not needed."""
    labels = np.arange(600) % 2
    images = np.random.default_rng(0).integers(0, 100, (600, 1, 8, 8), dtype=np.uint8)
    images[labels == 0, :, ::2, :] += np.uint8(100)
    images[labels == 1, :, :, ::2] += np.uint8(100)
    return Arrays(images, labels, **no_test_part(images), classes=("across", "down"))
