"""A trainable that goes wrong in the way that its config says."""

import os
import signal
import sys
import threading
import time

import numpy as np
from ray import tune


class OfTwo(Exception):  # noqa: N818 - a name as others choose them
    """Cannot be read where it arrives: it is made again from one argument."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


class Unreadable:
    def __reduce__(self):
        return _break, ()


def _break():
    raise RuntimeError("not to be read here")


def hang():
    while True:
        time.sleep(1)


class Odd(tune.Trainable):
    def setup(self, config, *, final=False):
        self.what, self.epoch = config["what"], 0
        if self.what == "fails in setup":
            raise ValueError("no such file: weights.bin")
        if self.what == "exits in setup":
            sys.exit(3)
        if self.what == "hangs in setup":
            hang()

    def step(self):
        self.epoch += 1
        assert self.epoch < 20, "it was to end before"
        return {"score": 1.0, **_DOES.get(self.what, dict)()}

    def save_checkpoint(self, folder):
        if self.what == "fails to save":
            raise OSError("cannot save")

    def load_checkpoint(self, folder):
        pass


def _raise(error):
    raise error


_DOES = {
    "hangs": hang,
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exits": lambda: sys.exit(3),
    "is interrupted": lambda: _raise(KeyboardInterrupt()),
    "raises of two": lambda: _raise(OfTwo("one", "two")),
    "raises unpicklable": lambda: _raise(ValueError("a lock", threading.Lock())),
    "reports unreadable": lambda: {"extra": Unreadable()},
    "reports unpicklable": lambda: {"extra": threading.Lock()},
    "reports arrays and no numbers": lambda: {
        "c": np.zeros((5, 3, 4)),
        "d": np.zeros((2, 5, 3, 4)),
        "word": "text",
        "none": None,
        "set": {1},
    },
}
