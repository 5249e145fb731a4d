"""What was read of series and what will be done with it, told before anything starts."""

from collections.abc import Iterator, Sequence

import numpy as np

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.facts_table import REMARK, print_facts_table
from automl_on_ray.studies.series_classes.settings import SeriesSettings
from automl_on_ray.trainables.series_classes import SeriesSet

SHOWN_CLASSES = 6


def print_facts(data: SeriesSet, asked: SeriesSettings, objectives: Sequence[Objective]) -> None:
    print_facts_table(data.name, facts_told(data, asked, objectives))


def facts_told(
    data: SeriesSet, asked: SeriesSettings, objectives: Sequence[Objective]
) -> Iterator[tuple[str, str]]:
    """Lines, each with a word for what it is about."""
    yield "classes", _of_classes(data)
    yield "objective", f"{', '.join(map(_aim, objectives))}, of series that are held out"
    yield "series", f"{len(data.labels):,} to learn from, {len(data.test_labels):,} for the test"
    yield "points", f"{_of_points(data)}, {_count(data.values.shape[1], 'channel')}"
    yield "split", f"{data.split}; {len(data.folds)} folds by class, drawn by seed {asked.seed}"
    for remark in data.remarks:
        yield REMARK, remark
    minutes = "" if asked.minutes is None else f", {asked.minutes:g} minutes"
    yield "search", f"{asked.searcher} and {asked.scheduler} on space {asked.space}{minutes}"
    yield "beside it", "1-NN (Euclid) and ROCKET with 1,000 kernels, on the test series"


def _aim(objective: Objective) -> str:
    wanted = "low" if objective.mode == "min" else "high"
    return f"{wanted} {objective.metric.removeprefix('val_')}"


def _of_classes(data: SeriesSet) -> str:
    counts = np.bincount(data.labels, minlength=len(data.classes))
    order = np.argsort(-counts, kind="stable")[:SHOWN_CLASSES]
    shares = ", ".join(f"{data.classes[at]} {counts[at] / counts.sum():.1%}" for at in order)
    more = len(data.classes) - SHOWN_CLASSES
    return f"{len(data.classes)}: {shares}{f' and {more} more' if more > 0 else ''}"


def _of_points(data: SeriesSet) -> str:
    low, high = data.lengths
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
