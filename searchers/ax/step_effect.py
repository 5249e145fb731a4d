"""Removes the average gain of each step from the metrics that Ax is shown.

A Gaussian process over configs and steps takes the gain seen near trials that ran on for a local
one: far from them a high early value then looks like a high final value, which is where it goes.
Compared within trials only, since those that a scheduler let run on are not like the others.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from ax.adapter.data_utils import ExperimentData
from ax.adapter.transforms.base import Transform

RECENT, EVERY = 200, 8  # trials that StepGains looks at; so many later ones change its mind


class StepEffect(Transform):
    """Moves early values by the median gain up to the last step; values there stay as they are.

    The gain is that of the trials with values at both steps; where no trial has both, it is
    interpolated over the logarithm of the step.
    """

    def __init__(
        self,
        search_space: Any = None,
        experiment_data: ExperimentData | None = None,
        adapter: Any = None,
        config: Any = None,
    ) -> None:
        super().__init__(search_space, experiment_data, adapter, config)
        assert experiment_data is not None
        means = experiment_data.observation_data["mean"]
        self._gains = {metric: gains_to_last(means[metric]) for metric in means.columns}

    def transform_experiment_data(self, experiment_data: ExperimentData) -> ExperimentData:
        data = experiment_data.observation_data
        steps = data.index.get_level_values("step")
        for metric, gains in self._gains.items():
            data["mean", metric] += [gains.get(step, 0.0) for step in steps]
        return ExperimentData(arm_data=experiment_data.arm_data, observation_data=data)


def gains_to_last(values: pd.Series) -> dict[int, float]:
    """By step, the gain from there to the last; `values` have an index with the level "step"."""
    table = values.dropna().unstack("step")
    steps = sorted(table.columns)
    known = {steps[-1]: 0.0} if steps else {}
    for step in reversed(steps[:-1]):
        for later in sorted(known):
            both = (table[later] - table[step]).dropna()
            if len(both):
                known[step] = known[later] + float(both.median())
                break
    at = sorted(known)
    logs, gains = np.log1p(at), [known[step] for step in at]
    return {step: float(np.interp(np.log1p(step), logs, gains)) for step in steps}


class StepGains:
    """The same gains, of one metric, learned from trials as they end: the latest count."""

    def __init__(self) -> None:
        self._curves: deque[Mapping[int, float]] = deque(maxlen=RECENT)
        self._added = 0
        self._gains: dict[int, float] = {}

    def add(self, curve: Mapping[int, float]) -> None:
        """Of a trial; one value alone says nothing of gains."""
        if len(curve) > 1:
            self._curves.append(curve)
            if self._added % EVERY == 0:
                self._gains = gains_to_last(_series(self._curves))
            self._added += 1

    def to_last(self, step: int) -> float:
        """From a step on; between steps that are known, it is interpolated."""
        if self._gains and step not in self._gains:
            at = sorted(self._gains)
            gains = [self._gains[one] for one in at]
            self._gains[step] = float(np.interp(np.log1p(step), np.log1p(at), gains))
        return self._gains.get(step, 0.0)


def _series(curves: deque[Mapping[int, float]]) -> pd.Series:
    rows = {(n, step): value for n, curve in enumerate(curves) for step, value in curve.items()}
    return pd.Series(rows).rename_axis(["trial", "step"])
