"""Studies side by side: what they found, at what cost, and which options differ."""

import json
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.live import clock
from automl_on_ray.studies.results import StoredStudy, interval

FACTS = ("dataset", "space", "searcher", "scheduler")
SHOWN = 40  # characters of an option's value


def compare(studies: Sequence[StoredStudy]) -> Table:
    """A column a study; the options that differ are below the line. UserError for less than two."""
    if len(studies) < 2:
        raise UserError("Give the names of two studies or more.")
    table = Table()
    table.add_column("")
    for study in studies:
        table.add_column(study.name, overflow="fold")
    told = [_told(study) for study in studies]
    for name in told[0]:
        table.add_row(name, *(one[name] for one in told))
    table.add_section()
    for option in _differing(studies):
        table.add_row(f"--{option}", *(_shown(study.asked.get(option)) for study in studies))
    return table


def _told(study: StoredStudy) -> dict[str, str]:
    trials = [trial for trial in study.recorded.trials if trial.role != "final"]
    facts = study.recorded.facts
    best = study.best
    values = [f"{best.metrics[o.metric]:.5g}" for o in study.objectives] if best else []
    return {
        "state": study.state,
        "objective": ", ".join(map(str, study.objectives)),
        "best": ", ".join(values),
        "final test": _tested(study),
        "trials": str(len(study.searched)),
        "epochs in all": str(sum(trial.iterations for trial in trials)),
        "time of all trials": clock(sum(trial.last - trial.began for trial in trials)),
        **{name: str(facts.get(name, "")) for name in FACTS},
    }


def _tested(study: StoredStudy) -> str:
    if not study.tested:
        return ""
    mean, half = interval(study.final, study.tested[0])
    return f"{mean:.4f}" + ("" if half != half else f" ± {half:.2g}")


def _differing(studies: Sequence[StoredStudy]) -> list[str]:
    """Of those that make a study another one."""
    every = dict.fromkeys(key for study in studies for key in study.asked)
    return [
        key
        for key in every
        if len({json.dumps(study.asked.get(key), sort_keys=True) for study in studies}) > 1
    ]


def _shown(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
