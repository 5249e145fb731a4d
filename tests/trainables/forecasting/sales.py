"""A long table of sales by shop and item, as a user has it."""

import numpy as np
import pandas as pd

from automl_on_ray.trainables.forecasting import give_frame

HORIZON = 7


def sales(days=140, seed=0):
    """Six series of days; a weekly season, and half as much again where there is an `offer`."""
    generator = np.random.default_rng(seed)
    dates = pd.date_range("2024-01-01", periods=days)
    frames = []
    for shop in ("north", "south"):
        for item in ("tea", "milk", "bread"):
            offer = (generator.random(days) < 0.2).astype(float)
            week = 1 + 0.3 * np.sin(2 * np.pi * np.arange(days) / 7)
            units = generator.uniform(50, 200) * week * (1 + 0.5 * offer)
            units *= 1 + 0.05 * generator.normal(size=days)
            frames.append(pd.DataFrame({"date": dates, "shop": shop, "item": item, "units": units,
                                        "offer": offer}))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def keywords(frame, **others):
    return {
        "dataset": give_frame(frame), "frame": frame, "time": "date", "series": ["shop", "item"],
        "target": "units", "horizon": HORIZON, "season": 7, "origins": 2, **others,
    }  # fmt: skip
