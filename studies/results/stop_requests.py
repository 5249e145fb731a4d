"""Trials that the user has asked to end, while their study runs: stopped.json in its folder.

The command `studies.py stop` writes it, and the study's loop reads it, so a folder that both see is
all that they need. It stays: a study that goes on later knows who ended them.
"""

import json
from collections.abc import Set
from pathlib import Path

from automl_on_ray.search_spaces.core import written_whole

STOPPED = "stopped.json"


class StopRequests:
    """Of the study in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STOPPED

    def ids(self) -> Set[str]:
        try:
            return frozenset(map(str, json.loads(self._path.read_text())))
        except (OSError, ValueError, TypeError):
            return frozenset()

    def __contains__(self, trial_id: object) -> bool:
        return trial_id in self.ids()

    def ask(self, trial_id: str) -> None:
        """OSError if the folder cannot be written to."""
        with written_whole(self._path) as part:
            part.write_text(json.dumps(sorted({*self.ids(), trial_id})))
