"""Ax's acquisition functions, weighted by what people believe of parameters (piBO).

The improvement that is expected of a point counts times the beliefs' density there, to a power that
fades as results come (Hvarfner et al. 2022). BoTorch has it in `PriorGuidedAcquisitionFunction`,
but that takes the pending points for itself, which the noisy improvements here already have.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from ax.adapter.transforms.one_hot import OH_PARAM_INFIX
from ax.generators.torch.botorch_modular.acquisition import Acquisition
from botorch.acquisition.acquisition import AcquisitionFunction
from torch import Tensor

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.beliefs import Belief
from automl_on_ray.searchers.ax.encoding import Encoding

SHARPNESS = 20.0  # with which the greatest of an option's columns is taken for the one


@dataclass(frozen=True)
class Weighting:
    """Beliefs of a space to a power; `log`: the acquisition function is a logarithm."""

    space: SearchSpace
    encoding: Encoding
    beliefs: tuple[Belief, ...]
    power: float
    log: bool


class BelievedAcquisition(Acquisition):
    """Ax's, of which the option `weighting` is a Weighting."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        weighting: Weighting = self.options["weighting"]
        names = self.search_space_digest.feature_names
        self.acqf = Weighted(self.acqf, LogDensity(weighting, names), weighting)


class Weighted(AcquisitionFunction):
    """An acquisition function times the density of its point; one point at a time (q = 1)."""

    def __init__(
        self, plain: AcquisitionFunction, density: "LogDensity", weighting: Weighting
    ) -> None:
        super().__init__(model=plain.model)
        self._plain, self._density = plain, density
        self._power, self._log = weighting.power, weighting.log

    @property
    def X_pending(self) -> Tensor | None:  # noqa: N802 - BoTorch's name
        return self._plain.X_pending

    def set_X_pending(self, X_pending: Tensor | None = None) -> None:  # noqa: N802, N803
        self._plain.set_X_pending(X_pending)

    def forward(self, X: Tensor) -> Tensor:  # noqa: N803
        """Of points, (b) x 1 x d: (b) values."""
        weights = self._power * self._density(X).sum(-1)
        return self._plain(X) + weights if self._log else self._plain(X) * weights.exp()


class LogDensity:
    """Of points as Ax's model has them, columns called `names`: ... x d to ... ."""

    def __init__(self, weighting: Weighting, names: Sequence[str]) -> None:
        self._space = weighting.space
        self._axes = dict(_axes(weighting.encoding, names))
        self._heights = {
            belief.key: _tensor(map(belief.log_density, self._axes[belief.key].values))
            for belief in weighting.beliefs
            if belief.key in self._axes
        }

    def __call__(self, points: Tensor) -> Tensor:
        total = torch.zeros(points.shape[:-1], dtype=points.dtype)
        for key, heights in self._heights.items():
            total = total + self._exists(key, points) * self._axes[key].at(points, heights)
        return total

    def _exists(self, key: str, points: Tensor) -> Tensor:
        """Whether a config has the parameter; one that has not owes nothing to its belief."""
        condition = self._space.conditions.get(key)
        if condition is None:
            return torch.ones(points.shape[:-1], dtype=torch.bool)
        parent = condition.parent
        axis = self._axes.get(parent)
        if axis is None:  # a constant, or a choice of one
            return torch.tensor(True)
        holds = _tensor(condition.holds({parent: value}) for value in axis.values)
        return (axis.at(points, holds) > 0.5) & self._exists(parent, points)


@dataclass(frozen=True)
class _Axis:
    """A parameter among a point's columns: one that has places for its values, or one for each."""

    columns: list[int]
    places: Tensor
    values: list[Any]

    def at(self, points: Tensor, heights: Tensor) -> Tensor:
        """What has these heights at the values, and lies on cubic curves in between.

        Straight lines would have kinks, at which the optimiser takes a third more steps.
        """
        if len(self.columns) > 1:
            return torch.softmax(SHARPNESS * points[..., self.columns], -1) @ heights
        place = points[..., self.columns[0]]
        right = torch.searchsorted(self.places, place.detach().contiguous())
        right = right.clamp(1, len(self.places) - 1)
        left = right - 1
        width = self.places[right] - self.places[left]
        part = (place - self.places[left]) / width
        rest = 1 - part
        (slopes,) = torch.gradient(heights, spacing=(self.places,))
        from_left = (1 + 2 * part) * heights[left] + part * width * slopes[left]
        from_right = (1 + 2 * rest) * heights[right] - rest * width * slopes[right]
        return rest**2 * from_left + part**2 * from_right


def _axes(encoding: Encoding, names: Sequence[str]) -> Iterator[tuple[str, _Axis]]:
    """By the space's keys, of what Ax may choose."""
    scales = {keywords["name"]: keywords.get("scaling") for keywords in encoding.parameters()}
    for name, key in encoding.keys().items():
        codes = encoding.codes(key)
        # Ax's transform "Log" puts whole numbers on a log scale at their decimal logarithms.
        places = [math.log10(code) if scales[name] == "log" else code for code in codes]
        of_options = [i for i, one in enumerate(names) if one.startswith(name + OH_PARAM_INFIX)]
        columns = of_options or [list(names).index(name)]
        yield key, _Axis(columns, _tensor(places), list(codes.values()))


def _tensor(numbers: Any) -> Tensor:
    return torch.tensor([float(number) for number in numbers], dtype=torch.double)
