"""Scikit-learn's estimators in files that cannot run code (skops), and as models."""

import functools
import importlib
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

FILE = "model.skops"
QUICKLY = 1  # of zlib's levels


@functools.cache
def skops() -> Any:
    """Skops, at its first use: it looks through all of scikit-learn, which takes over a second."""
    with _without_torch():
        return importlib.import_module("skops.io")


@contextmanager
def _without_torch() -> Iterator[None]:
    """All of scikit-learn brings torch: seconds, and half a gigabyte."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["torch"]


class ScikitLearnModel:
    """An estimator of scikit-learn as a `Model`."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, x: np.ndarray, y: np.ndarray) -> "ScikitLearnModel":
        self.estimator.fit(x, y)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        classifies = hasattr(self.estimator, "predict_proba")
        predict = self.estimator.predict_proba if classifies else self.estimator.predict
        return np.asarray(predict(x))

    def save(self, folder: Path) -> None:
        dump(self.estimator, folder / FILE)


def dump(thing: Any, path: Path) -> None:
    skops().dump(thing, path, compression=zipfile.ZIP_DEFLATED, compresslevel=QUICKLY)


def load(path: Path, trusted: Sequence[str]) -> Any:
    """What skops knows itself, and the `trusted` types. ValueError if there are others in it."""
    foreign = sorted(set(skops().get_untrusted_types(file=path)) - set(trusted))
    if foreign:
        raise ValueError(f"{path} holds {', '.join(foreign)}, which no model here has.")
    return skops().load(path, trusted=list(trusted))
