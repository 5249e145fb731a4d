"""Random kernels and a ridge: ROCKET (Dempster, Petitjean and Webb 2020).

Of each kernel's answer to a series there are two numbers: its greatest value and the share of
values above 0. Points after the end of a shorter series count in neither.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from automl_on_ray.trainables.series_classes.models.choosing import FitSettings
from automl_on_ray.trainables.series_classes.models.padding import Scaling, lengths_of
from automl_on_ray.trainables.series_classes.models.ridge import PENALTIES, Ridge

FILE = "model.npz"
LENGTHS = (7, 9, 11)  # of kernels
AT_ONCE = 8_000_000  # numbers that kernels answer at a time


@dataclass(frozen=True)
class Kernels:
    """`weights` (kernels, channels, 11), with 0 after a kernel's length; else (kernels,)."""

    weights: np.ndarray
    biases: np.ndarray
    lengths: np.ndarray
    dilations: np.ndarray
    paddings: np.ndarray

    @classmethod
    def draw(cls, count: int, channels: int, length: int, seed: int) -> "Kernels":
        """For series of `length` points. Of several channels, a kernel looks at some."""
        rng = np.random.default_rng(seed)
        known = [each for each in LENGTHS if each <= length] or [max(1, length)]
        lengths = rng.choice(known, count)
        spans = np.maximum((length - 1) / np.maximum(lengths - 1, 1), 1.0)
        dilations = np.floor(2 ** rng.uniform(0, np.log2(spans))).astype(np.int64)
        paddings = np.where(rng.random(count) < 0.5, (lengths - 1) * dilations // 2, 0)
        weights = rng.standard_normal((count, channels, max(LENGTHS)))
        used = 2 ** rng.uniform(0, np.log2(channels + 1), count)
        for kernel, size, share in zip(weights, lengths, used.astype(int), strict=True):
            kernel[rng.permutation(channels)[share:]] = 0.0
            kernel[:, size:] = 0.0
            chosen = kernel.any(axis=1)
            kernel[chosen, :size] -= kernel[chosen, :size].mean(axis=1, keepdims=True)
        biases = rng.uniform(-1, 1, count)
        return cls(weights.astype(np.float32), biases.astype(np.float32), lengths, dilations,
                   paddings)  # fmt: skip

    def features(self, values: np.ndarray, threads: int) -> np.ndarray:
        """(n, 2 * kernels) float32, of scaled series."""
        torch.set_num_threads(threads)
        ends = torch.from_numpy(lengths_of(values))
        series = torch.from_numpy(np.nan_to_num(values, nan=0.0))
        made = np.empty((len(values), 2, len(self.weights)), np.float32)
        with torch.inference_mode():
            for group in self._groups():
                block = max(1, AT_ONCE // max(1, len(group) * series.shape[2]))
                for start in range(0, len(values), block):
                    rows = slice(start, start + block)
                    made[rows, :, group] = self._answers(series[rows], ends[rows], group)
        return made.reshape(len(values), -1)

    def _groups(self) -> Iterator[np.ndarray]:
        """Kernels that one convolution has."""
        kinds = np.stack([self.lengths, self.dilations, self.paddings])
        _, group = np.unique(kinds, axis=1, return_inverse=True)
        for number in range(group.max() + 1):
            yield np.flatnonzero(group == number)

    def _answers(self, series: torch.Tensor, ends: torch.Tensor, group: np.ndarray) -> np.ndarray:
        """(n, 2, kernels of the group)."""
        size, dilation, padding = (
            int(each[group[0]]) for each in (self.lengths, self.dilations, self.paddings)
        )
        span = (size - 1) * dilation
        right = max(padding, span + 1 - padding - series.shape[2])
        weights = torch.from_numpy(self.weights[group, :, :size].copy())
        found = F.conv1d(
            F.pad(series, (padding, right)), weights, torch.from_numpy(self.biases[group]),
            dilation=dilation,
        )  # fmt: skip
        known = (ends + 2 * padding - span).clamp(1, found.shape[2])
        beyond = torch.arange(found.shape[2])[None, :] >= known[:, None]
        if beyond.any():
            found = found.masked_fill(beyond[:, None, :], -torch.inf)
        share = (found > 0).sum(dim=2) / known[:, None]
        return torch.stack([found.amax(dim=2), share], dim=1).numpy()


class Rocket:
    """A `Model`."""

    def __init__(self, scaling: Scaling, kernels: Kernels, ridge: Ridge, threads: int) -> None:
        self.scaling, self.kernels, self.ridge, self.threads = scaling, kernels, ridge, threads

    def predict(self, values: np.ndarray) -> np.ndarray:
        return self.ridge.predict(self.kernels.features(self.scaling(values), self.threads))

    def save(self, folder: Path) -> None:
        parts: dict[str, Scaling | Kernels | Ridge] = {
            "scaling": self.scaling,
            "kernels": self.kernels,
            "ridge": self.ridge,
        }
        arrays: dict[str, Any] = {
            f"{part}_{name}": np.asarray(value)
            for part, told in parts.items()
            for name, value in asdict(told).items()
        }
        np.savez(folder / FILE, **arrays)


def fit(
    config: Mapping[str, Any], values: np.ndarray, labels: np.ndarray, settings: FitSettings
) -> Rocket:
    scaling = Scaling.fit(config["scaling"], values)
    length = int(np.median(lengths_of(values)))
    kernels = Kernels.draw(config["rocket_kernels"], values.shape[1], length, settings.seed)
    found = kernels.features(scaling(values), settings.threads)
    given = config["rocket_ridge"] == "given"
    penalties = (config["rocket_penalty"],) if given else PENALTIES
    ridge = Ridge.fit(found, labels, settings.classes, penalties)
    return Rocket(scaling, kernels, ridge, settings.threads)


def load(folder: Path, threads: int) -> Rocket:
    with np.load(folder / FILE, allow_pickle=False) as stored:
        known = {name: stored[name] for name in stored.files}
    parts: dict[str, dict[str, Any]] = {}
    for name, value in known.items():
        part, _, own = name.partition("_")
        parts.setdefault(part, {})[own] = value if value.ndim else value.item()
    scaling, kernels, ridge = (parts[part] for part in ("scaling", "kernels", "ridge"))
    return Rocket(Scaling(**scaling), Kernels(**kernels), Ridge(**ridge), threads)
