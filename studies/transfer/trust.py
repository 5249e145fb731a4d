"""How far the searcher came to believe each earlier study."""

import json
from collections.abc import Mapping

from automl_on_ray.command_line import console
from automl_on_ray.tracking import TRUST, TrackingCallback


def keep_trust(trust: Mapping[str, float], tracking: TrackingCallback) -> None:
    """Say the `trust` in each source, 0 to 1, and keep it with the study's run; none says nothing.

    It is how alike the results of two studies are: the correlation that the searcher has learned.
    """
    if trust:
        console.print(f"Trust in earlier studies: {trust_in_words(trust)}.", soft_wrap=True)
        tracking.study_tags({TRUST: json.dumps(dict(trust))})


def trust_in_words(trust: Mapping[str, float]) -> str:
    """`mnist 0.90, digits 0.21`, the most trusted first."""
    ranked = sorted(trust.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {value:.2f}" for name, value in ranked)
