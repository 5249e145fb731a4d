"""A residual perceptron: each block explains a part of the window, and adds to the forecast.

As N-BEATS in its generic form (Oreshkin et al. 2020: Neural basis expansion analysis).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.models.forecaster import FitSettings
from automl_on_ray.trainables.forecasting.models.network import fit_network, load_network
from automl_on_ray.trainables.forecasting.models.window_forecaster import Shape, WindowForecaster


class Block(nn.Module):
    """What is left of the window to explain, and covariates -> what is left then, and a part."""

    def __init__(
        self, inputs: int, covariates: int, outputs: int, config: Mapping[str, Any]
    ) -> None:
        super().__init__()
        width, dropout = config["mlp_width"], config["network_dropout"]
        self.hidden = nn.Sequential(
            nn.Linear(inputs + covariates, width), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout),
        )  # fmt: skip
        self.explained = nn.Linear(width, inputs)
        self.forecast = nn.Linear(width, outputs)

    def forward(self, rest: Tensor, covariates: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.hidden(torch.cat([rest, covariates], dim=1))
        return rest - self.explained(hidden), self.forecast(hidden)


class ResidualMlp(nn.Module):
    """Windows (B, lookback) and covariates -> (B, horizon, outputs)."""

    def __init__(self, config: Mapping[str, Any], shape: Shape, outputs: int) -> None:
        super().__init__()
        self.shape, self.outputs = shape, outputs
        steps = shape.lookback + shape.horizon
        covariates = steps * shape.known + shape.lookback * shape.past
        self.blocks = nn.ModuleList(
            Block(shape.lookback, covariates, shape.horizon * outputs, config)
            for _ in range(config["mlp_depth"])
        )

    def forward(self, seen: Tensor, known: Tensor, past: Tensor) -> Tensor:
        covariates = torch.cat([known.flatten(1), past.flatten(1)], dim=1)
        rest, total = seen, torch.zeros(len(seen), self.shape.horizon * self.outputs)
        for block in self.blocks:
            rest, forecast = block(rest, covariates)
            total = total + forecast
        # The last value is where a forecast begins.
        return seen[:, -1, None, None] + total.view(-1, self.shape.horizon, self.outputs)


def fit(config: Mapping[str, Any], history: History, settings: FitSettings) -> WindowForecaster:
    return fit_network(ResidualMlp, config, history, settings)


def load(folder: Path) -> WindowForecaster:
    return load_network(ResidualMlp, folder)
