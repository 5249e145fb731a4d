"""What a study has of earlier ones: kept in its folder, as they may be gone when it goes on."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError, written_whole
from automl_on_ray.searchers import PriorTrial, SearcherSettings, Source
from automl_on_ray.studies.transfer.members import shared

FILE = "warm_start.json"


@dataclass(frozen=True)
class Gained:
    """Results, other tasks, and configs that come first; `said` is a line on these."""

    known: tuple[PriorTrial, ...] = ()
    sources: tuple[Source, ...] = ()
    points: tuple[Config, ...] = ()
    said: str = ""

    def added_to(self, settings: SearcherSettings) -> SearcherSettings:
        """What the settings have already comes before."""
        return replace(
            settings, known=(*settings.known, *self.known), sources=self.sources,
            points=(*settings.points, *self.points),
        )  # fmt: skip


def keep_gained(gained: Gained, folder: Path) -> None:
    """Once: what a study began with stays."""
    if not (folder / FILE).exists():
        with written_whole(folder / FILE) as part:
            part.write_text(json.dumps(asdict(gained)))


def read_gained(folder: Path, settings: SearcherSettings) -> Gained | None:
    """What `keep_gained` has written; None where there is nothing.

    UserError for what is damaged, or no part of the space.
    """
    try:
        told = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(folder, error) from error
    try:
        gained = Gained(
            tuple(map(_trial, told["known"])),
            tuple(
                Source(one["name"], tuple(map(_trial, one["trials"]))) for one in told["sources"]
            ),
            tuple(dict(point) for point in told["points"]),
            str(told["said"]),
        )
        gained.added_to(settings)  # checks all but the sources
        for source in gained.sources:
            for trial in source.trials:
                shared(settings.space, trial.config)
    except (TypeError, KeyError, ValueError, AttributeError, UserError) as error:
        raise _damaged(folder, error) from error
    return gained


def _trial(told: Mapping[str, Any]) -> PriorTrial:
    curve = {int(s): {str(n): float(v) for n, v in m.items()} for s, m in told["curve"].items()}
    if not curve or not all(math.isfinite(v) for m in curve.values() for v in m.values()):
        raise ValueError("a trial has no finite values")
    return PriorTrial(dict(told["config"]), curve)


def _damaged(folder: Path, error: Exception) -> UserError:
    return UserError(f"{folder / FILE} cannot be read ({error}); --fresh puts the study aside.")
