"""Code that is stored with a model of tests: sums a frame's numbers."""

import json
from pathlib import Path


class Sums:
    def __init__(self, weights):
        self.weights = weights

    def predict(self, frame, params=None):
        import pandas as pd

        times = (params or {}).get("times", 1)
        total = sum(frame[name] * weight for name, weight in self.weights.items()) * times
        words = ["high" if one > 3 else "low" for one in total]
        told = {"class": words, "probability": 1.0, "town": list(frame["town"])}
        return pd.DataFrame(told)


def _load_pyfunc(path):
    return Sums(json.loads((Path(path) / "weights.json").read_text()))
