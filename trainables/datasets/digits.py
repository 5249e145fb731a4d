"""The 1,797 handwritten digits that come with scikit-learn: 8 x 8, one channel, no download.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np

from automl_on_ray.trainables.datasets._arrays import Arrays, no_test_part
from automl_on_ray.trainables.datasets._cache import Kept, keep


def load(folder: Path) -> Arrays:
    """Images (1797, 1, 8, 8), without a test part of their own; `folder` is not needed."""
    # From the cache: to import scikit-learn takes a process longer than to train on this.
    kept = keep(f"digits-{version('scikit-learn')}", _read)
    return Arrays(
        train_images=kept["images"],
        train_labels=kept["labels"],
        **no_test_part(kept["images"]),
        classes=tuple("0123456789"),
    )


def _read() -> Kept:
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]
    return {"images": images, "labels": digits.target}
