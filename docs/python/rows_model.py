"""What MLflow stores with a model of docs/python/rows.py, and runs: nothing of a study is needed.

`_load_pyfunc` and `predict` are MLflow's names. Training builds its networks here, too.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn


def network_of(columns: int, width: int) -> nn.Module:
    """Of rows (n, columns) to numbers (n, 1)."""
    return nn.Sequential(nn.Linear(columns, width), nn.ReLU(), nn.Linear(width, 1))


class RowsModel:
    """A trained network for rows as they come: (n, columns), or a frame of as many columns."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.columns, self.mean, self.std = stored["columns"], stored["mean"], stored["std"]
        self.network = network_of(self.columns, stored["width"])
        self.network.load_state_dict(stored["network"])
        self.network.eval()

    def predict(self, rows: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """ValueError for rows of another length, or with what is no number."""
        x = torch.from_numpy(np.asarray(rows, np.float32))
        if x.ndim != 2 or x.shape[1] != self.columns or not bool(x.isfinite().all()):
            raise ValueError(f"Give rows of {self.columns} finite numbers, not {tuple(x.shape)}.")
        with torch.no_grad():
            found = self.network((x - self.mean) / self.std)
        return pd.DataFrame({"prediction": found[:, 0].double().numpy()})


def _load_pyfunc(path: str) -> RowsModel:
    """The model whose file is at `path`; nothing in that can run code."""
    return RowsModel(torch.load(path, weights_only=True))
