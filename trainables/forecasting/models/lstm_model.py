"""A recurrent network with gates (Hochreiter and Schmidhuber 1997: Long short-term memory)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.forecaster import FitSettings
from automl_on_ray.trainables.forecasting.models.network import (
    Head,
    fit_network,
    load_network,
    sequence,
)
from automl_on_ray.trainables.forecasting.models.window_forecaster import Shape, WindowForecaster


class Lstm(nn.Module):
    """What it remembers after the last step is forecast from."""

    def __init__(self, config: Mapping[str, Any], shape: Shape, outputs: int) -> None:
        super().__init__()
        width, depth = config["lstm_width"], config["lstm_depth"]
        self.memory = nn.LSTM(
            1 + shape.known + shape.past, width, depth, batch_first=True,
            dropout=config["network_dropout"] if depth > 1 else 0.0,
        )  # fmt: skip
        self.dropout = nn.Dropout(config["network_dropout"])
        self.head = Head(width, shape, outputs)

    def forward(self, seen: Tensor, known: Tensor, past: Tensor) -> Tensor:
        remembered = self.memory(sequence(seen, known, past))[0][:, -1]
        made: Tensor = self.head(self.dropout(remembered), seen, known)
        return made


def fit(config: Mapping[str, Any], history: History, settings: FitSettings) -> WindowForecaster:
    return fit_network(Lstm, config, history, settings)


def load(folder: Path) -> WindowForecaster:
    return load_network(Lstm, folder)
