"""Long tables of series, to be read."""

import numpy as np
import pandas as pd


def sales(*, steps=90, stores=("north", "south"), start="2023-01-01", frequency="D", seed=0):
    """One row a store and day: `units` with a weekly season, and a `price`."""
    draw = np.random.default_rng(seed)
    frames = [
        pd.DataFrame({
            "date": pd.date_range(start, periods=steps, freq=frequency),
            "store": store,
            "units": 20 + 5 * np.sin(np.arange(steps) * 2 * np.pi / 7) + draw.normal(size=steps),
            "price": draw.uniform(1, 2, steps),
        })
        for store in stores
    ]  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def asked(frame, **changed):
    """Keywords of `load_panel` for a frame of `sales`."""
    from automl_on_ray.trainables.forecasting import give_frame

    usual = {"time": "date", "series": ["store"], "target": "units", "horizon": 7}
    return {"dataset": give_frame(frame), "frame": frame, **usual, **changed}
