"""CIFAR-100: 50,000 + 10,000 photographs of a hundred kinds, 32 x 32, three channels.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009).
"""

from pathlib import Path

from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets.downloads import cifar

FILES = cifar.CifarFiles(
    name="CIFAR100",
    folder="cifar-100-python",
    train={"train": "16019d7e3df5f24257cddd939b257f8d"},
    test={"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
    meta=("meta", "7973b15100ade9c7d40fb424638fde48"),
    labels="fine_labels",
    label_names="fine_label_names",
)
FOLDER = FILES.folder


def load(folder: Path) -> Arrays:
    """From the data folder, the cache or torchvision's address, in this order."""
    return cifar.load(folder, FILES)
