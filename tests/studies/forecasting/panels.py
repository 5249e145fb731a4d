"""Small panels of series."""

import numpy as np
import pandas as pd

from automl_on_ray.trainables.forecasting import give_frame, load_panel

HORIZON = 6


def sales(series=8, months=72, seed=0):
    """A long table of shops: a level, a trend and a season of twelve months, with noise."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2018-01-01", periods=months, freq="MS")
    step = np.arange(months)
    parts = []
    for number in range(series):
        season = 10 * np.sin(2 * np.pi * (step + number) / 12)
        units = 60 + 5 * number + 0.3 * step + season + rng.normal(0, 2, months)
        parts.append(pd.DataFrame({"date": times, "shop": f"shop {number}", "units": units}))
    return pd.concat(parts, ignore_index=True)


def panel_of(frame, **options):
    asked = {"dataset": give_frame(frame), "frame": frame, "time": "date", "series": ["shop"],
             "target": "units", "horizon": HORIZON, "origins": 2, **options}  # fmt: skip
    return load_panel(asked)
