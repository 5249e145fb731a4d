"""The table of all studies of a storage."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from rich.table import Table

from automl_on_ray.clusters import Storage, find_storage
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.results import (
    SUMMARY,
    StoredStudy,
    read_study,
    state_of,
    stored_names,
    summary_of,
)
from automl_on_ray.studies.upkeep.sizes import disk_use, in_bytes

OUTCOMES = ("completed", "pruned", "failed")
MANIFEST, ROWS = "study.json", "trials.json"
COPIED = (MANIFEST, ROWS, SUMMARY)
HEADINGS = ("study", "state", "best", "trials", "size", "age")


def list_studies(storage: str) -> Table | None:
    """The newest first, its trials counted by `OUTCOMES`; None if there is none.

    Last come those that another machine has left in a bucket: only `COPIED` is read of them.
    """
    where = find_storage(storage)
    names = dict.fromkeys([*stored_names(storage), *where.copied()])
    found = [_listed(where, name) for name in names]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in HEADINGS:
        folds = heading in ("study", "best")
        table.add_column(heading, overflow="fold", no_wrap=not folds)
    for _, cells in sorted(found, key=lambda one: -one[0]):
        table.add_row(*cells)
    return table if found else None


def _listed(where: Storage, name: str) -> tuple[float, list[str]]:
    """When it began, and its cells."""
    try:
        there = where.elsewhere(name, COPIED)
        if there is not None:
            return 0.0, _cells_elsewhere(name, there)
        study = read_study(name, where.local)
        return began(study), _cells(study)
    except (UserError, ValueError, TypeError, KeyError, AttributeError):
        return 0.0, [name, "cannot be read"]


def _cells(study: StoredStudy) -> list[str]:
    metrics = [objective.metric for objective in study.objectives] if study.best else []
    return [
        study.name, study.state,
        ", ".join(f"{name} {study.best.metrics[name]:.5g}" for name in metrics if study.best),
        _counted(trial.outcome for trial in study.searched),
        in_bytes(disk_use(study.path).total), ago(time.time() - began(study)),
    ]  # fmt: skip


def _cells_elsewhere(name: str, files: Mapping[str, bytes]) -> list[str]:
    """The same from `COPIED`: trials are known at the search's end, size and age are not."""
    summary = summary_of(files.get(SUMMARY, b""))
    searched = bool(json.loads(files[MANIFEST])["searched"])
    rows = json.loads(files.get(ROWS, b"[]"))
    best = summary.values if summary else {}
    told = ", ".join(f"{metric} {value:.5g}" for metric, value in best.items())
    counted = _counted(row["outcome"] for row in rows) if rows else ""
    return [name, state_of(summary, searched=searched, there=True), told, counted, "", ""]


def _counted(outcomes: Iterable[str]) -> str:
    counts = Counter(outcomes)
    return "/".join(str(counts[outcome]) for outcome in OUTCOMES)


def began(study: StoredStudy) -> float:
    """Unix seconds: its first trial, or its folder's file where there is none."""
    times = [trial.began for trial in study.recorded.trials]
    return min(times) if times else (study.path / "study.json").stat().st_mtime


def ago(seconds: float) -> str:
    """`3 days`, roughly."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} seconds"
