"""What most users had of late: popularity in the last `share` of the events."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automl_on_ray.trainables.recommendation.models import popularity_model
from automl_on_ray.trainables.recommendation.models.choosing import FitSettings
from automl_on_ray.trainables.recommendation.models.popularity_model import Popularity, shares_of
from automl_on_ray.trainables.recommendation.seen import Seen


def fit(config: Mapping[str, Any], seen: Seen, settings: FitSettings) -> Popularity:
    latest = max(1, round(config["recent_popularity_share"] * len(seen.items)))
    return Popularity(shares_of(seen.items[-latest:], seen.item_count))


def load(folder: Path, threads: int) -> Popularity:
    return popularity_model.load(folder, threads)
