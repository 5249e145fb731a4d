"""The JSON file that a check on a GPU leaves: whose figures they are, and what was found."""

import json
import os
import platform
from pathlib import Path
from typing import Any

import pytest
import torch

from automl_on_ray.search_spaces.core import written_whole

WRITTEN = pytest.StashKey[Path]()  # where this run has written its figures


class Report:
    """Written anew with each check, so that what was found is there whatever comes after it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gpu-check.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._told: dict[str, Any] = {**_machine(), "seconds": {}, "checks": {}}

    def add(self, check: str, figures: dict[str, Any], seconds: float) -> None:
        self._told["checks"][check] = figures
        self._told["seconds"][check] = round(seconds, 1)
        with written_whole(self.path) as part:
            part.write_text(json.dumps(self._told, indent=1))


def default_folder() -> Path:
    """`OUT` of the environment, or `gpu-check` in the current folder."""
    return Path(os.environ.get("OUT") or "gpu-check").absolute()


def _machine() -> dict[str, Any]:
    there = torch.cuda.is_available()
    card = torch.cuda.get_device_properties(0) if there else None
    return {
        "card": card.name if card else "none: CPU",
        "memory_mb": card.total_memory // 2**20 if card else 0,
        "torch": torch.__version__, "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if there else None,
        "python": platform.python_version(), "cpus": os.cpu_count(),
    }  # fmt: skip
