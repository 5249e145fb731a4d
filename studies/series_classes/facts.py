"""What was read of series and what will be done with it, told before anything starts."""

from collections.abc import Iterator, Sequence

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.facts_table import (
    REMARK,
    aims,
    search_told,
    shares_of,
)
from automl_on_ray.studies.series_classes.settings import SeriesSettings
from automl_on_ray.trainables.series_classes import SeriesSet


def facts_told(
    data: SeriesSet, asked: SeriesSettings, objectives: Sequence[Objective]
) -> Iterator[tuple[str, str]]:
    """Lines, each with a word for what it is about."""
    yield "classes", f"{len(data.classes)}: {shares_of(data.classes, data.labels)}"
    yield "objective", f"{aims(objectives)}, of series that are held out"
    yield "series", f"{len(data.labels):,} to learn from, {len(data.test_labels):,} for the test"
    yield "points", f"{_of_points(data)}, {_count(data.values.shape[1], 'channel')}"
    yield "split", f"{data.split}; {len(data.folds)} folds by class, drawn by seed {asked.seed}"
    for remark in data.remarks:
        yield REMARK, remark
    yield "search", search_told(asked)
    yield "beside it", "1-NN (Euclid) and ROCKET with 1,000 kernels, on the test series"


def _of_points(data: SeriesSet) -> str:
    low, high = data.lengths
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
