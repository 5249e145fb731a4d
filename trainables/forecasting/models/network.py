"""Trains a network on windows of all series: so many windows, drawn by seed, and then it ends."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.levels import LEVELS
from automl_on_ray.trainables.forecasting.models.forecaster import FitSettings, read_facts
from automl_on_ray.trainables.forecasting.models.window_forecaster import (
    Batch,
    Preparation,
    ScaledWindows,
    Shape,
    WindowForecaster,
    shape_of,
)
from automl_on_ray.trainables.forecasting.models.windows import Scale

FILE = "network.pt"
FIRST_SHARE = 0.8  # of the training, before the latest windows are learned from too
MOST_GRADIENT = 1.0  # its norm
FARTHEST = 100.0  # a scaled value counts as at most so far off: a spike after a flat window

# (config, shape, outputs a step) -> network of (seen, known, past) -> (B, horizon, outputs)
Build = Callable[[Mapping[str, Any], Shape, int], nn.Module]


class NetworkLearner:
    """A `Learner` with AdamW and a learning rate that falls as a cosine to nothing."""

    def __init__(
        self, build: Build, config: Mapping[str, Any], shape: Shape, settings: FitSettings
    ) -> None:
        self.config, self.shape, self.settings = dict(config), shape, settings
        self.gives_levels = config["network_loss"] == "quantile"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.network = build(config, shape, len(LEVELS) if self.gives_levels else 1)
        self._steps = max(1, config["network_windows"] // config["network_batch"])
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=config["network_learning_rate"]
        )
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self._optimizer, self._steps)
        self._loss = LOSSES[config["network_loss"]]

    def fit(self, source: ScaledWindows, rows: np.ndarray) -> None:
        self._train(source, rows, round(FIRST_SHARE * self._steps), seed=self.settings.seed)

    def finish(self, source: ScaledWindows, rows: np.ndarray) -> None:
        left = self._steps - round(FIRST_SHARE * self._steps)
        self._train(source, rows, left, seed=self.settings.seed + 1)

    def predict(self, batch: Batch) -> np.ndarray:
        torch.set_num_threads(self.settings.threads)
        self.network.eval()
        with torch.inference_mode():
            told: np.ndarray = self.network(*_inputs(batch)).numpy()
        return told if self.gives_levels else told[..., 0]

    def save(self, folder: Path) -> None:
        torch.save(self.network.state_dict(), folder / FILE)

    def _train(self, source: ScaledWindows, rows: np.ndarray, steps: int, *, seed: int) -> None:
        torch.set_num_threads(self.settings.threads)
        self.network.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # of dropout
            for chosen in _drawn(rows, self.config["network_batch"], steps, seed):
                batch, scale = source.batch(chosen)
                self._optimizer.zero_grad(set_to_none=True)
                told = self.network(*_inputs(batch))
                self._loss(told, _tensor(batch.target), scale).backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), MOST_GRADIENT)
                self._optimizer.step()
                self._schedule.step()


class Head(nn.Module):
    """From a state (B, width) of the last step seen, and what is known ahead, to the forecast.

    The last value is where it begins.
    """

    def __init__(self, width: int, shape: Shape, outputs: int) -> None:
        super().__init__()
        self.shape, self.outputs = shape, outputs
        self.linear = nn.Linear(width + shape.horizon * shape.known, shape.horizon * outputs)

    def forward(self, state: Tensor, seen: Tensor, known: Tensor) -> Tensor:
        ahead = known[:, self.shape.lookback :].flatten(1)
        made = self.linear(torch.cat([state, ahead], dim=1))
        return seen[:, -1, None, None] + made.view(-1, self.shape.horizon, self.outputs)


def sequence(seen: Tensor, known: Tensor, past: Tensor) -> Tensor:
    """(B, lookback, 1 + k + j): the window, and its covariates as they were at each step."""
    return torch.cat([seen[..., None], known[:, : seen.shape[1]], past], dim=2)


def fit_network(
    build: Build, config: Mapping[str, Any], history: History, settings: FitSettings
) -> WindowForecaster:
    preparation = Preparation.of(config, history)
    learner = NetworkLearner(build, config, shape_of(preparation, history), settings)
    return WindowForecaster.fit(config["model"], learner, preparation, history)


def load_network(build: Build, folder: Path) -> WindowForecaster:
    facts = read_facts(folder)
    told = facts["learner"]
    learner = NetworkLearner(build, told["config"], Shape(**told["shape"]), FitSettings())
    weights = torch.load(folder / FILE, map_location="cpu", weights_only=True)
    learner.network.load_state_dict(weights)
    return WindowForecaster.restore(facts, learner)


def _drawn(rows: np.ndarray, size: int, steps: int, seed: int) -> Iterator[np.ndarray]:
    """Batches, each row once before any comes again."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(rows))
    for _ in range(steps):
        while len(order) < size:
            order = np.concatenate([order, generator.permutation(len(rows))])
        yield rows[order[:size]]
        order = order[size:]


def _inputs(batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    return _tensor(batch.seen), _tensor(batch.known), _tensor(batch.past)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.clip(values, -FARTHEST, FARTHEST).astype("float32"))


# Losses of what is told (B, horizon, outputs) for targets (B, horizon)


def _mae(told: Tensor, target: Tensor, scale: Scale) -> Tensor:
    return (told[..., 0] - target).abs().mean()


def _mse(told: Tensor, target: Tensor, scale: Scale) -> Tensor:
    return (told[..., 0] - target).square().mean()


def _smape(told: Tensor, target: Tensor, scale: Scale) -> Tensor:
    """Of the values themselves: a scaled 0 is not 0 where the scaling shifts."""
    origin = _tensor(scale.shift / scale.unit)
    sizes = (told[..., 0] + origin).abs() + (target + origin).abs()
    return ((told[..., 0] - target).abs() / sizes.clamp_min(1e-2)).mean()


def _quantile(told: Tensor, target: Tensor, scale: Scale) -> Tensor:
    """Pinball loss (Koenker and Bassett 1978)."""
    error = target[..., None] - told
    levels = torch.tensor(LEVELS)
    return torch.maximum(levels * error, (levels - 1) * error).mean()


LOSSES = {"mae": _mae, "mse": _mse, "smape": _smape, "quantile": _quantile}
