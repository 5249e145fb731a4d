"""Fashion-MNIST: 60,000 + 10,000 pictures of clothes, 28 x 28, one channel.

H. Xiao, K. Rasul and R. Vollgraf, arXiv:1708.07747 (2017).
"""

from pathlib import Path

from automl_on_ray.trainables.datasets._arrays import Arrays
from automl_on_ray.trainables.datasets.downloads import fetch_idx, idx

NAME = "FashionMNIST"
FOLDER = f"{NAME}/raw"
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def load(folder: Path) -> Arrays:
    """From the data folder, the cache or torchvision's addresses (MD5 checked), in this order."""
    sources = {"torchvision's download": lambda to: fetch_idx("FashionMNIST", to, idx.FILES)}
    return idx.load(folder, NAME, classes=CLASSES, sources=sources)
