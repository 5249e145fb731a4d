"""Forecasts by the library statsforecast, in an environment of its own: nothing of ours is here."""

import sys
import warnings

import numpy as np
from statsforecast import models

LEVELS = [80, 60, 40, 20]  # per cent inside of the intervals


def main(name: str, season: int, horizon: int, given: str, made: str) -> None:
    """Quantiles (n, horizon, 9) of the series in the file `given` into the file `made`."""
    warnings.simplefilter("ignore")
    model = getattr(models, name)(season_length=season)
    found = []
    with np.load(given) as series:
        for key in sorted(series.files):
            said = model.forecast(y=series[key], h=horizon, level=LEVELS)
            low = [said[f"lo-{level}"] for level in LEVELS]
            high = [said[f"hi-{level}"] for level in reversed(LEVELS)]
            found.append(np.stack([*low, said["mean"], *high], axis=1))
    np.save(made, np.stack(found))


if __name__ == "__main__":
    name, season, horizon, given, made = sys.argv[1:]
    main(name, int(season), int(horizon), given, made)
