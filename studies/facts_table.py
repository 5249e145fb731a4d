"""What was read and what will be done with it, in one table before anything starts."""

from collections.abc import Iterable, Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.core import Objective, visible
from automl_on_ray.studies.settings import StudySettings

REMARK = "remark"  # is set apart
SHOWN_CLASSES = 6


def print_facts_table(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Each row: a word for what it is about, and what is to be said."""
    drawn = Table(show_header=False, title=Text(title), title_justify="left")
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="fold")
    for what, told in rows:
        drawn.add_row(what, Text(visible(told)), style="yellow" if what == REMARK else "")
    console.print(drawn)


def aims(objectives: Sequence[Objective]) -> str:
    """`high auc, low predict_seconds`."""
    ways = {"min": "low", "max": "high"}
    return ", ".join(f"{ways[o.mode]} {o.metric.removeprefix('val_')}" for o in objectives)


def shares_of(classes: Sequence[str], codes: np.ndarray) -> str:
    """Which part of the rows each of the most common classes has. `codes` of classes: (rows,)."""
    counts = np.bincount(codes, minlength=len(classes))
    order = sorted(range(len(classes)), key=lambda at: -counts[at])[:SHOWN_CLASSES]
    more = len(classes) - SHOWN_CLASSES
    told = ", ".join(f"{classes[at]} {counts[at] / counts.sum():.1%}" for at in order)
    return f"{told}{f' and {more} more' if more > 0 else ''}"


def search_told(asked: StudySettings) -> str:
    """How it will be searched, and for how long at most."""
    minutes = "" if asked.minutes is None else f", {asked.minutes:g} minutes"
    return f"{asked.searcher} and {asked.scheduler} on space {asked.space}{minutes}"
