"""A table to learn from: read, checked and parted, and kept in the node's cache."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Required, TypedDict

import numpy as np
import pandas as pd
import pyarrow as pa

from automl_on_ray.search_spaces.core import UserError, give, is_uri, load_object
from automl_on_ray.trainables.datasets import Kept, at_hand, keep, with_version
from automl_on_ray.trainables.tables.columns import (
    content_of,
    json_bytes,
    pack,
    read,
    read_frame,
    sign,
    unpack,
)
from automl_on_ray.trainables.tables.conform import CATEGORY, DATE, NUMBER
from automl_on_ray.trainables.tables.memory import check_reading, memory_here
from automl_on_ray.trainables.tables.preparing import prepare

LAYOUT = 4  # one more whenever the same file comes to be read in another way
FOLDS = 5
KINDS = (NUMBER, CATEGORY, DATE)
TOLD = ("digest", "task", "target", "kinds", "left_out", "formats")  # kept as words


class TableKeywords(TypedDict, total=False):
    """Keywords of a trainable's `setup` that say which table it takes, as `load_table` reads them.

    `dataset` is a path or URI of a CSV, Parquet or Arrow file, or what `give_table` returns;
    `frame` is then the frame itself, which Ray brings to a worker. `task` is binary, multiclass or
    regression, or found. Later rows of the column `time` are held out, and no value of `group` is
    in two parts. `seed` parts the rows; `subset` reduces train to so many; data of another `digest`
    are refused.
    """

    dataset: Required[str]
    target: Required[str]
    task: str | None
    time: str | None
    group: str | None
    folds: int
    seed: int
    subset: int | None
    digest: str | None
    frame: Any


@dataclass(frozen=True)
class Table:
    """Train and test rows of one table.

    Of `features`, the columns in `kinds` are float64 with NaN ("number"), texts with NaN
    ("category", dtype object) or datetime64[ns] ("date"). `answers` are codes of `classes`, int64
    (n,), or float64 (n,). `folds` are positions in train: to fit with, and to hold out; with a
    time, not every row is held out, and rows are in its order. `groups` and `test_groups` are codes
    (n,) of the train and test rows, if there is a column of such. `formats` says how texts of a
    column are read that could be read in two ways, for `conform`. `digest` is the SHA-256 of
    columns, target and test part; folds and `subset` are not in it. `remarks` are what the user
    should know, one line each.
    """

    name: str
    digest: str
    task: str
    target: str
    classes: tuple[str, ...]
    kinds: Mapping[str, str]
    left_out: Mapping[str, str]
    features: pd.DataFrame = field(repr=False)
    answers: np.ndarray = field(repr=False)
    test_features: pd.DataFrame = field(repr=False)
    test_answers: np.ndarray = field(repr=False)
    folds: tuple[tuple[np.ndarray, np.ndarray], ...] = field(repr=False)
    groups: np.ndarray | None = field(default=None, repr=False)
    test_groups: np.ndarray | None = field(default=None, repr=False)
    remarks: tuple[str, ...] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    asked: TableKeywords = field(default_factory=lambda: TableKeywords(dataset="", target=""))

    def facts(self) -> dict[str, Any]:
        """What a person wants to know of it; JSON."""
        counts = {kind: list(self.kinds.values()).count(kind) for kind in set(self.kinds.values())}
        absent = self.features.isna().mean()
        return {
            "train": len(self.answers),
            "test": len(self.test_answers),
            "folds": len(self.folds),
            "split": _split_in_words(self.asked),
            "task": self.task,
            "target": self.target,
            **_of_answers(self.classes, self.answers),
            "columns": {kind: counts[kind] for kind in sorted(counts)},
            "missing": {n: round(float(s), 4) for n, s in absent.items() if s > 0},
            "left out": dict(self.left_out),
            "digest": self.digest[:12],
        }

    def keywords(self) -> dict[str, Any]:
        """Of a trial's `setup`: they hold all trials to exactly these data."""
        return {**self.asked, "digest": self.digest}


def _split_in_words(asked: TableKeywords) -> str:
    by = [f"{word} {asked[word]!r}" for word in ("time", "group") if asked.get(word)]
    return f"by {' and '.join(by)}" if by else f"at random, seed {asked.get('seed', 0)}"


def _of_answers(classes: tuple[str, ...], answers: np.ndarray) -> dict[str, Any]:
    if classes:
        counts = np.bincount(answers, minlength=len(classes)).tolist()
        return {"classes": dict(zip(classes, counts, strict=True))}
    low, middle, high = np.quantile(answers, [0, 0.5, 1]).tolist()
    return {"least": low, "median": middle, "greatest": high}


def give_table(frame: Any) -> str:
    """The `dataset` that stands for a frame of this program: the same for the same content."""
    return give(frame, f"table {_given(frame).digest[:12]}")


def load_table(asked: TableKeywords) -> Table:
    """The table of that path, URI or frame, parted.

    The process keeps what it loaded, and the node's cache what it made of a file or frame. Raises
    UserError, one line, for whatever its user can mend.
    """
    source, frame = asked["dataset"], asked.get("frame")
    if frame is None and _is_object(source):
        frame = load_object(source, kind="table")
    if frame is None:
        source = with_version(source) if is_uri(source) else str(Path(source).absolute())
    # As the columns' own names are, which come without spaces around them.
    words = TableKeywords(
        dataset=source, target=(asked.get("target") or "").strip(), task=asked.get("task"),
        time=(asked.get("time") or "").strip() or None,
        group=(asked.get("group") or "").strip() or None, folds=asked.get("folds", FOLDS),
        seed=asked.get("seed", 0), subset=asked.get("subset"),
    )  # fmt: skip
    if frame is not None:
        given = _given(frame)
        table = _load(json.dumps(words), given, None, given.digest)
    else:
        with at_hand(source) as path:
            table = _load(json.dumps(words), None, path, sign(path))
    digest = asked.get("digest")
    if digest is not None and table.digest != digest:
        raise UserError(
            f"The table {table.name} is not the one that the study began with (digest "
            f"{table.digest[:12]} instead of {digest[:12]}): it has been changed since, or is "
            "another on this node."
        )
    return table


@dataclass(frozen=True)
class _Given:
    """A frame of a Python program, known by its content."""

    digest: str
    frame: pd.DataFrame = field(compare=False, repr=False)


def _given(frame: Any) -> _Given:
    frame = read_frame(frame, "The table")
    return _Given(content_of(frame), frame)


def _is_object(source: str) -> bool:
    return ":" in source and not is_uri(source) and not Path(source).exists()


@lru_cache(maxsize=4)
def _load(words: str, given: _Given | None, path: Path | None, state: str) -> Table:
    asked: TableKeywords = json.loads(words)
    name = Path(asked["dataset"].partition("#")[0]).stem if given is None else "table"
    identity = hashlib.sha256(f"{words}\0{state}".encode()).hexdigest()[:16]
    kept = keep(f"table-{LAYOUT}-{identity}", lambda: _made(asked, given, path))
    pa.default_memory_pool().release_unused()  # what was read; Arrow would keep its memory
    told = json.loads(kept["told"].tobytes())
    train, test = (
        unpack({k: kept[f"{part}_{k}"] for k in KINDS}, told["kinds"], told["texts"])
        for part in ("train", "test")
    )
    ends = np.cumsum(kept["fold_sizes"].ravel())[:-1]
    rows = np.split(kept["fold_rows"], ends)
    return Table(
        name=name,
        features=train,
        test_features=test,
        answers=kept["answers"],
        test_answers=kept["test_answers"],
        folds=tuple(zip(rows[::2], rows[1::2], strict=True)),
        groups=kept.get("groups"),
        test_groups=kept.get("test_groups"),
        asked={**asked, "frame": given.frame} if given else asked,
        **{
            **{key: told[key] for key in TOLD},
            **{key: tuple(told[key]) for key in ("classes", "remarks")},
        },
    )


def _made(asked: TableKeywords, given: _Given | None, path: Path | None) -> Kept:
    """What the cache keeps of it."""
    if given is not None:
        raw, remarks = read_frame(given.frame, "The table"), list[str]()
    else:
        assert path is not None
        check_reading(path, memory_here())
        raw, remarks = read(path)
        pa.default_memory_pool().release_unused()
    found = prepare(raw, asked)
    told = {
        "task": found.target.task, "target": asked["target"], "classes": found.target.classes,
        "kinds": found.kinds, "left_out": found.left_out, "formats": found.formats,
        "digest": found.digest, "remarks": [*remarks, *found.remarks],
        "texts": {name: list(found.columns[name].categories)
                  for name, kind in found.kinds.items() if kind == CATEGORY},
    }  # fmt: skip
    parts = {"train": found.split.train, "test": found.split.test}
    folds = [rows for fold in found.split.folds for rows in fold]
    return {
        **pack(found.columns, found.kinds, parts),
        "answers": found.target.answers[parts["train"]],
        "test_answers": found.target.answers[parts["test"]],
        "fold_rows": np.concatenate(folds),
        "fold_sizes": np.array([len(rows) for rows in folds]),
        "told": np.frombuffer(json_bytes(told), np.uint8),
        **({} if found.groups is None else {"groups": found.groups[parts["train"]],
                                            "test_groups": found.groups[parts["test"]]}),
    }  # fmt: skip
