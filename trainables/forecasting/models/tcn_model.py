"""A temporal convolutional network: dilated convolutions, each step of which sees those before it.

Bai, Kolter and Koltun 2018: An empirical evaluation of generic convolutional and recurrent networks
for sequence modeling.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.forecaster import FitSettings
from automl_on_ray.trainables.forecasting.models.network import (
    Head,
    fit_network,
    load_network,
    sequence,
)
from automl_on_ray.trainables.forecasting.models.window_forecaster import Shape, WindowForecaster


class Layer(nn.Module):
    """(B, channels, steps) of as many steps."""

    def __init__(self, channels: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.before = (kernel - 1) * dilation
        self.convolution = nn.Conv1d(channels, channels, kernel, dilation=dilation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        made = self.convolution(F.pad(x, (self.before, 0)))
        return x + self.dropout(F.relu(made))


class Tcn(nn.Module):
    """Its layers look 1, 2, 4, ... steps back; the last step of what they make is forecast from."""

    def __init__(self, config: Mapping[str, Any], shape: Shape, outputs: int) -> None:
        super().__init__()
        width = config["tcn_width"]
        self.inputs = nn.Conv1d(1 + shape.known + shape.past, width, 1)
        self.layers = nn.Sequential(
            *(
                Layer(width, config["tcn_kernel"], 2**place, config["network_dropout"])
                for place in range(config["tcn_depth"])
            )
        )
        self.head = Head(width, shape, outputs)

    def forward(self, seen: Tensor, known: Tensor, past: Tensor) -> Tensor:
        channels = sequence(seen, known, past).transpose(1, 2)
        made: Tensor = self.head(self.layers(self.inputs(channels))[..., -1], seen, known)
        return made


def fit(config: Mapping[str, Any], history: History, settings: FitSettings) -> WindowForecaster:
    return fit_network(Tcn, config, history, settings)


def load(folder: Path) -> WindowForecaster:
    return load_network(Tcn, folder)
