"""Events of users with tastes: each takes mostly items of one kind."""

import numpy as np
import pandas as pd

KINDS = 3


def clicks(users=60, items=30, each=12, seed=0):
    """A row an event: `who`, `what`, `when`. Items of kind k are a0, a1, ... for k = 0, b0, ..."""
    generator = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        liked = np.arange(items) % KINDS == user % KINDS
        chance = np.where(liked, 10.0, 1.0) / (1 + np.arange(items) // KINDS)
        own = generator.choice(items, each, replace=False, p=chance / chance.sum())
        times = generator.uniform(0, 1e6, each)
        rows += [(f"u{user}", f"{'abc'[item % KINDS]}{item // KINDS}", time)
                 for item, time in zip(own, times, strict=True)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["who", "what", "when"]).sort_values("when")
    return frame.reset_index(drop=True)


COLUMNS = {"user": "who", "item": "what", "time": "when"}
