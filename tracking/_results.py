"""What of a trial's config and results goes to MLflow, in words and lengths that MLflow takes."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

# Tune's own book-keeping in every result
NOISE = frozenset(
    """
    time_this_iter_s time_total_s time_since_restore iterations_since_restore training_iteration
    timesteps_total timesteps_since_restore timesteps_this_iter episodes_total episodes_this_iter
    timestamp pid done should_checkpoint warmup_time config
    """.split()  # noqa: SIM905
)
LONGEST_PARAM = 6000  # characters; MLflow's own limit


def flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in nested.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{name}/")
        else:
            yield name, value


def numbers(result: Mapping[str, Any], allowed: Iterable[str] | None = None) -> dict[str, float]:
    """Numeric metrics of a result (`nan` and infinite ones too), without Tune's book-keeping."""
    wanted = None if allowed is None else frozenset(allowed)
    kept = {key: value for key, value in result.items() if key not in NOISE}
    return {
        mlflow_name(key): float(value)
        for key, value in flat(kept)
        if isinstance(value, int | float | np.number)
        and not isinstance(value, bool)
        and (wanted is None or key in wanted)
    }


def params(config: Mapping[str, Any]) -> dict[str, str]:
    """A config as MLflow's params; a value that is too long is cut, `config.json` has it whole."""
    return {mlflow_name(key): str(value)[:LONGEST_PARAM] for key, value in flat(config)}


def mlflow_name(key: str) -> str:
    """A key that MLflow admits: its alphabet, not a path that leads elsewhere, 250 characters."""
    clean = re.sub(r"[^\w/. :-]", "_", str(key)).strip("/.") or "_"
    return re.sub(r"/{2,}|(?<=/)\.+(?=/)", "_", clean)[:250]


def finite(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and math.isfinite(value)
