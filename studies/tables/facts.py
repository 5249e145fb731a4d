"""What was read of a table and what will be done with it, told before anything starts."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.facts_table import (
    REMARK,
    aims,
    search_told,
    shares_of,
)
from automl_on_ray.studies.tables.settings import AutomlSettings
from automl_on_ray.trainables.tables import Table

SHOWN_COLUMNS = 12  # of a kind
KINDS = {"number": "numbers", "category": "categories", "date": "dates"}


def facts_told(
    table: Table, asked: AutomlSettings, objectives: Sequence[Objective]
) -> Iterator[tuple[str, str]]:
    """Lines of it, each with a word for what it is about."""
    yield "target", f"{table.target}: {_of_target(table)}"
    yield "objective", f"{aims(objectives)}, of rows that are held out"
    yield (
        "rows",
        f"{len(table.features):,} to learn from, {len(table.test_features):,} for the test",
    )
    yield "split", _of_split(table, asked)
    missing = {name: float(share) for name, share in table.features.isna().mean().items()}
    for kind, several in KINDS.items():
        names = [name for name, own in table.kinds.items() if own == kind]
        if names:
            yield several, f"{len(names)}: {_folded(names, missing)}"
    for why in dict.fromkeys(table.left_out.values()):
        names = [name for name, own in table.left_out.items() if own == why]
        yield "left out", f"{_folded(names, {})}: {why}"
    for remark in table.remarks:
        yield REMARK, remark
    yield "search", search_told(asked)


def _of_target(table: Table) -> str:
    if not table.classes:
        low, middle, high = np.quantile(table.answers, [0, 0.5, 1])
        return f"{table.task}, from {low:.4g} to {high:.4g}, median {middle:.4g}"
    return f"{table.task}: {shares_of(table.classes, table.answers)}"


def _of_split(table: Table, asked: AutomlSettings) -> str:
    ways = []
    if asked.time:
        ways.append(f"by time ({asked.time}), later rows held out")
    if asked.group:
        ways.append(f"by group ({asked.group}), none in two parts")
    chance = f"at random (seed {asked.seed}){', by class' if table.classes else ''}"
    return f"{len(table.folds)} folds and the test part, {' and '.join(ways) or chance}"


def _folded(names: Sequence[str], missing: Mapping[str, float]) -> str:
    """The first ones, those with most missing values before others."""
    ordered = sorted(names, key=lambda name: -missing.get(name, 0.0))
    told = [
        f"{name} ({missing[name]:.1%} missing)" if missing.get(name) else name
        for name in ordered[:SHOWN_COLUMNS]
    ]
    more = len(names) - SHOWN_COLUMNS
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")
