"""JSON lines that a comparison goes on from, and cells of its table."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from automl_on_ray.studies.results import half_width


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def cell(values: Sequence[float], digits: int = 2) -> str:
    """The mean and half of its 95 % interval (Student's t); "" for none."""
    if not values:
        return ""
    return f"{statistics.fmean(values):.{digits}f} ± {half_width(values):.{digits}f}"
