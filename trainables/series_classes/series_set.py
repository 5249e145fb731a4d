"""Labelled series to learn from: read, checked and parted, and kept in the node's cache."""

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Required, TypedDict

import numpy as np
from sklearn.model_selection import StratifiedKFold

from automl_on_ray.search_spaces.core import UserError, is_uri, load_object
from automl_on_ray.trainables.datasets import Kept, at_hand, keep, with_version
from automl_on_ray.trainables.series_classes.archive import SETS, read_named
from automl_on_ray.trainables.series_classes.checks import Parts, parted
from automl_on_ray.trainables.series_classes.files import read_parts, test_beside
from automl_on_ray.trainables.series_classes.given import Given, given_of, read_given
from automl_on_ray.trainables.series_classes.models import lengths_of
from automl_on_ray.trainables.series_classes.ts_files import Labelled
from automl_on_ray.trainables.tables.columns import sign

LAYOUT = 3  # one more whenever the same file comes to be read in another way
FOLDS = 5


class SeriesKeywords(TypedDict, total=False):
    """Keywords of `setup` that say which series a trainable takes, as `load_series` reads them.

    `dataset` is a name in SETS, a path or URI, or what `give_series` returns; `frame` is then what
    it was given. `test_data` is another file with the test part, or `test_frame` what was given;
    without one, and where the first has none, a fifth of the series of each class is drawn by
    `seed`. `label` is the column of the class; `series` and `time` are columns of a long table.
    `seed` draws the folds too. `subset` reduces the training part to so many; data of another
    `digest` are refused.
    """

    dataset: Required[str]
    test_data: str | None
    label: str
    series: str | None
    time: str | None
    folds: int
    seed: int
    subset: int | None
    digest: str | None
    frame: Any
    test_frame: Any


@dataclass(frozen=True)
class SeriesSet:
    """Training and test part: (n, channels, longest) float32, NaN after the end of a shorter one.

    `labels` are codes of `classes`, int64 (n,). `folds` are positions in the training part: to fit
    with, and to hold out. `digest` is the SHA-256 of values, labels and test part; folds are not in
    it. `split` says how the test part came about. `remarks` are what the user should know.
    """

    name: str
    digest: str
    classes: tuple[str, ...]
    values: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    test_values: np.ndarray = field(repr=False)
    test_labels: np.ndarray = field(repr=False)
    folds: tuple[tuple[np.ndarray, np.ndarray], ...] = field(repr=False)
    split: str
    remarks: tuple[str, ...] = ()
    asked: SeriesKeywords = field(default_factory=lambda: SeriesKeywords(dataset=""))

    @property
    def lengths(self) -> tuple[int, int]:
        """The shortest and the longest of both parts."""
        every = np.concatenate([lengths_of(self.values), lengths_of(self.test_values)])
        return int(every.min()), int(every.max())

    def facts(self) -> dict[str, Any]:
        """What a person wants to know of it; JSON."""
        counts = np.bincount(self.labels, minlength=len(self.classes)).tolist()
        return {
            "train": len(self.labels),
            "test": len(self.test_labels),
            "folds": len(self.folds),
            "split": self.split,
            "channels": self.values.shape[1],
            "length": "-".join(map(str, sorted(set(self.lengths)))),
            "classes": dict(zip(self.classes, counts, strict=True)),
            "digest": self.digest[:12],
        }

    def keywords(self) -> dict[str, Any]:
        """Of a trial's `setup`: they hold all trials to exactly these data."""
        return {**self.asked, "digest": self.digest}


def load_series(asked: Mapping[str, Any]) -> SeriesSet:
    """The series of that name, path or URI, or of the program's own, parted.

    The process keeps what it loaded, and the node's cache what it made of a file. Raises UserError,
    one line, for whatever its user can mend.
    """
    words: dict[str, Any] = {
        "dataset": _place(asked["dataset"]), "test_data": _place(asked.get("test_data")),
        "label": asked.get("label", "label"), "series": asked.get("series"),
        "time": asked.get("time"), "folds": asked.get("folds", FOLDS),
        "seed": asked.get("seed", 0), "subset": asked.get("subset"),
    }  # fmt: skip
    data = [_given(asked, *keys) for keys in (("dataset", "frame"), ("test_data", "test_frame"))]
    found = _load(json.dumps(words), _state(words), *data)
    digest = asked.get("digest")
    if digest is not None and found.digest != digest:
        raise UserError(
            f"The series {found.name} are not those that the study began with (digest "
            f"{found.digest[:12]} instead of {digest[:12]}): they have been changed since, or are "
            "others on this node."
        )
    return found


def _given(asked: Mapping[str, Any], name: str, own: str) -> Given | None:
    """What the program has given itself, here or where the trial was begun."""
    path, data = asked.get(name), asked.get(own)
    if data is None and path is not None and _is_object(path):
        data = load_object(path, kind="table of series")
    return None if data is None else given_of(data)


def _is_object(path: str) -> bool:
    return ":" in path and not is_uri(path) and not Path(path).exists()


def _place(given: str | None) -> str | None:
    if given is None or given in SETS or _is_object(given):
        return given
    return with_version(given) if is_uri(given) else str(Path(given).expanduser().absolute())


def _state(words: Mapping[str, Any]) -> str:
    """What differs when the files do; a URI has its version, a name its package's."""
    paths = [words[key] for key in ("dataset", "test_data")]
    own = [Path(path) for path in paths if path and path not in SETS and not is_uri(path)
           and not _is_object(path)]  # fmt: skip
    return "\n".join(sign(path) for given in own for path in (given, test_beside(given)))


@lru_cache(maxsize=4)
def _load(words: str, state: str, given: Given | None, test: Given | None) -> SeriesSet:
    asked: SeriesKeywords = json.loads(words)
    own = [one.digest if one else "" for one in (given, test)]
    identity = hashlib.sha256(f"{words}\0{state}\0{own}".encode()).hexdigest()[:16]
    kept = keep(f"series-{LAYOUT}-{identity}", lambda: _made(asked, given, test))
    frames = {key: one.data for key, one in (("frame", given), ("test_frame", test)) if one}
    told = json.loads(kept["told"].tobytes())
    return SeriesSet(
        name="series" if given else _name(asked["dataset"]),
        digest=told["digest"],
        classes=tuple(told["classes"]),
        values=kept["values"],
        labels=kept["labels"],
        test_values=kept["test_values"],
        test_labels=kept["test_labels"],
        folds=_folds(kept["labels"], asked["folds"], asked["seed"]),
        split=told["split"],
        remarks=tuple(told["remarks"]),
        asked={**asked, **frames},  # type: ignore[typeddict-item]
    )


def _name(dataset: str) -> str:
    stem = Path(dataset.partition("#")[0]).stem
    for end in ("_TRAIN", "_train"):
        stem = stem.removesuffix(end)
    return stem


def _made(asked: SeriesKeywords, given: Given | None, given_test: Given | None) -> Kept:
    """What the cache keeps."""
    test: Labelled | None = None
    if given is not None:
        train = read_given(given, asked)
    elif asked["dataset"] in SETS:
        train, test = read_named(asked["dataset"])
    else:
        with at_hand(asked["dataset"]) as path:
            train, test = read_parts(path, asked)
    if given_test is not None:
        test = read_given(given_test, asked)
    elif asked["test_data"]:
        with at_hand(asked["test_data"]) as path:
            test, _ = read_parts(path, asked, with_test=False)
    parts = parted(train, test, seed=asked["seed"], subset=asked["subset"])
    told = {
        "classes": parts.classes, "remarks": parts.remarks, "split": parts.split,
        "digest": _digest(parts),
    }  # fmt: skip
    return {
        "values": parts.values, "labels": parts.labels,
        "test_values": parts.test_values, "test_labels": parts.test_labels,
        "told": np.frombuffer(json.dumps(told).encode(), np.uint8),
    }  # fmt: skip


def _digest(parts: Parts) -> str:
    total = hashlib.sha256("\0".join(parts.classes).encode())
    for array in (parts.values, parts.labels, parts.test_values, parts.test_labels):
        total.update(f"{array.shape}".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def _folds(labels: np.ndarray, count: int, seed: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Stratified: each class gives its share to each."""
    most = int(np.bincount(labels).max())
    if most < count:
        raise UserError(
            f"{count} folds need a class of {count} series or more, but the largest has {most}; "
            "give fewer --folds."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with few series a remark tells
        splitter = StratifiedKFold(count, shuffle=True, random_state=seed % 2**32)
        return tuple(splitter.split(labels, labels))
