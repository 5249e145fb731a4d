"""The 1,797 handwritten digits that come with scikit-learn: 8 x 8, one channel, no download.

E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998).
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from trainables.datasets._arrays import Arrays, no_test_part


def load(folder: Path) -> Arrays:
    """Images (1797, 1, 8, 8), without a test part of their own; `folder` is not needed."""
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, None]
    return Arrays(
        train_images=images,
        train_labels=digits.target,
        **no_test_part(images),
        classes=tuple(str(name) for name in digits.target_names),
    )
