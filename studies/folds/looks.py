"""Looks at a study's test part: one for each model that its search has found, and how many."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config
from automl_on_ray.studies.folder import write_json

Report = Mapping[str, Any]  # JSON


@dataclass(frozen=True)
class Look:
    """What was found on the test part, and how many looks at it that took so far."""

    report: Report
    number: int

    @property
    def found(self) -> str:
        """What was looked at, told from all else that this study has found."""
        return f"what look {self.number} at the test part was at"

    def words(self) -> list[str]:
        """A line where a test part has been looked at before; else none."""
        if self.number < 2:
            return []
        again = "second look" if self.number == 2 else f"look number {self.number}"
        return [
            f"This is the {again} at the test part, as a longer search has found another model. "
            "Whoever chooses among looks by their scores has no test part any more: take the last, "
            "or judge by new data."
        ]


def looked(file: Path, found: Any, look: Callable[[], Report]) -> Look:
    """The kept look of what is `found` (JSON, such as its configs), else another one by `look`.

    `file`, in the study's folder, keeps the last one and counts them. One that raises is none.
    """
    kept = json.loads(file.read_text()) if file.exists() else {}
    before = int(kept.get("looks", 1)) if kept else 0
    found = json.loads(json.dumps(found))
    if kept and kept.get("found") == found:
        return Look(kept["report"], before)
    report = json.loads(json.dumps(look()))  # as it will be read
    write_json(file, {"found": found, "looks": before + 1, "report": report})
    return Look(report, before + 1)


def weighted_configs(
    weights: Mapping[str, float], configs: Mapping[str, Config]
) -> list[tuple[str, float]]:
    """What an ensemble is, whatever its trials are called: configs as text, with weights."""
    pairs = [(json.dumps(configs[trial], sort_keys=True), w) for trial, w in weights.items()]
    return sorted(pairs)


def tell(lines: Sequence[str]) -> None:
    """In the terminal, as they are."""
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
