"""CIFAR-10: 50,000 + 10,000 photographs of ten kinds, 32 x 32, three channels.

A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009).
"""

from pathlib import Path

from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets.downloads import cifar

FILES = cifar.CifarFiles(
    name="CIFAR10",
    folder="cifar-10-batches-py",
    train={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    },
    test={"test_batch": "40351d587109b95175f43aff81a1287e"},
    meta=("batches.meta", "5ff9c542aee3614f3951f8cda6e48888"),
    labels="labels",
    label_names="label_names",
)
FOLDER = FILES.folder


def load(folder: Path) -> Arrays:
    """From the data folder, the cache or torchvision's address, in this order."""
    return cifar.load(folder, FILES)
