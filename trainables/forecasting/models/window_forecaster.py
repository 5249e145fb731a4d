"""One model for all series, which sees a scaled window of each: networks and trees."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from automl_on_ray.trainables.forecasting.history import History
from automl_on_ray.trainables.forecasting.levels import LEVELS
from automl_on_ray.trainables.forecasting.models.forecaster import write_facts
from automl_on_ray.trainables.forecasting.models.seasons import Seasons
from automl_on_ray.trainables.forecasting.models.spread import Spread, noise_of
from automl_on_ray.trainables.forecasting.models.windows import Batch, Scale, Windows

HELD = 200  # windows at least, where there are so many, that say how far forecasts are off
HELD_ORIGINS = 24  # at most, of one series
PREDICTED = 4096  # windows at a time


@dataclass(frozen=True)
class Shape:
    """What a model needs to know of its windows: steps seen and ahead, and counts of covariates."""

    lookback: int
    horizon: int
    season: int
    known: int
    past: int


class Learner(Protocol):
    """Learns from scaled batches, all of about size 1; made of a `config` and its `shape`.

    `fit` is given windows that leave the latest targets out, `finish` all of them. `predict` gives
    (B, horizon), or (B, horizon, levels) if it `gives_levels`.
    """

    gives_levels: bool
    config: dict[str, Any]
    shape: Shape

    def fit(self, source: "ScaledWindows", rows: np.ndarray) -> None: ...

    def finish(self, source: "ScaledWindows", rows: np.ndarray) -> None: ...

    def predict(self, batch: Batch) -> np.ndarray: ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True)
class Preparation:
    """How windows are made: all that is found beforehand, in the history that is learned from.

    `centres` and `units` (k + j,) are of covariates, known ones first.
    """

    lookback: int
    scaling: str
    deseasonalise: bool
    centres: tuple[float, ...] = ()
    units: tuple[float, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any], history: History) -> "Preparation":
        seen = [
            np.column_stack([known[: len(past)], past])
            for known, past in zip(history.known, history.past, strict=True)
        ]
        columns = np.concatenate(seen)
        deviations = columns.std(axis=0)
        return cls(
            config["window"] * window_unit(history),
            config["scaling"],
            config["deseasonalise"],
            tuple(columns.mean(axis=0).tolist()),
            tuple(np.where(deviations > 0, deviations, 1.0).tolist()),
        )


def window_unit(history: History) -> int:
    """Steps of a season, or of half the horizon where that is longer."""
    return max(2, history.season, -(-history.horizon // 2))


class ScaledWindows:
    """Windows of a history with the season taken out, covariates and values scaled."""

    def __init__(self, history: History, preparation: Preparation) -> None:
        season = history.season if preparation.deseasonalise else 1
        self.seasons = Seasons(history.values, season)
        centres, units = np.array(preparation.centres), np.array(preparation.units)
        k = history.known[0].shape[1] if history.known else 0
        self.windows = Windows(
            self.seasons.removed(history.values),
            [(one - centres[:k]) / units[:k] for one in history.known],
            [(one - centres[k:]) / units[k:] for one in history.past],
            lookback=preparation.lookback,
            horizon=history.horizon,
        )
        self._scaling, self._recent = preparation.scaling, window_unit(history)

    def batch(self, rows: np.ndarray) -> tuple[Batch, Scale]:
        """Scaled, and how they were."""
        raw = self.windows.batch(rows)
        scale = Scale.of(raw.seen, self._scaling, self._recent)
        return Batch(scale.there(raw.seen), scale.there(raw.target), raw.known, raw.past), scale


class WindowForecaster:
    """A learner, and what is done around it; a `Forecaster`."""

    def __init__(
        self, model: str, preparation: Preparation, learner: Learner, spread: Spread | None
    ) -> None:
        self.model, self.preparation = model, preparation
        self.learner, self.spread = learner, spread

    @classmethod
    def fit(
        cls, model: str, learner: Learner, preparation: Preparation, history: History
    ) -> "WindowForecaster":
        """Raises ValueError if no series is long enough for one window and what follows."""
        source = ScaledWindows(history, preparation)
        every = source.windows.rows()
        if not len(every):
            raise ValueError(
                f"No series has more than {history.horizon} values to learn from, as many as are "
                "to be forecast."
            )
        spread = None
        if learner.gives_levels:
            learner.fit(source, every)
        else:
            held, before = _held(source.windows)
            learner.fit(source, before if len(before) else every)
            spread = Spread.of(_errors(learner, source, held))
        learner.finish(source, every)
        return cls(model, preparation, learner, spread)

    def predict(self, history: History) -> np.ndarray:
        """ValueError if a forecast is no finite number."""
        source = ScaledWindows(history, self.preparation)
        ends = source.windows.ends()
        parts = [self._levels(source, rows) for rows in _in_parts(ends)]
        empty = np.empty((0, history.horizon, len(LEVELS)))
        found = source.seasons.restored(np.concatenate(parts)) if parts else empty
        if not np.isfinite(found).all():
            raise ValueError(f"The model {self.model} forecasts what is no finite number.")
        never_negative = np.array([one.min() >= 0 for one in history.values], bool)
        least = np.where(never_negative, 0.0, -np.inf)[:, None, None]
        return np.maximum(found, least)

    def save(self, folder: Path) -> None:
        facts = {
            "model": self.model,
            "preparation": asdict(self.preparation),
            "learner": {"config": self.learner.config, "shape": asdict(self.learner.shape)},
            "spread": self.spread and self.spread.as_json(),
        }
        write_facts(folder, facts)
        self.learner.save(folder)

    @classmethod
    def restore(cls, facts: Mapping[str, Any], learner: Learner) -> "WindowForecaster":
        """Of the facts that `save` wrote, and the learner that it did."""
        spread = facts["spread"]
        return cls(
            facts["model"],
            Preparation(**facts["preparation"]),
            learner,
            spread and Spread.of_json(spread),
        )

    def _levels(self, source: ScaledWindows, rows: np.ndarray) -> np.ndarray:
        batch, scale = source.batch(rows)
        told = self.learner.predict(batch).astype("float64")
        if self.spread is None:
            levels = np.sort(told, axis=2)  # heads may cross
        else:
            levels = self.spread.around(told, noise_of(batch.seen))
        return scale.back(levels)


def shape_of(preparation: Preparation, history: History) -> Shape:
    known = history.known[0].shape[1] if history.known else 0
    past = history.past[0].shape[1] if history.past else 0
    return Shape(preparation.lookback, history.horizon, history.season, known, past)


def _held(windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """Windows with the latest targets, and those whose targets end before these begin.

    One a series is held, and more where series are few; the windows of a quarter of the series'
    length at most, so that most is learned from.
    """
    origins = -(-HELD // max(1, len(windows.lengths)))
    fewest = int(np.median(windows.lengths)) // 4
    origins = max(1, min(origins, HELD_ORIGINS, fewest))
    held = windows.rows(most=origins)
    return held, windows.rows(before_end=windows.horizon + origins - 1)


def _errors(learner: Learner, source: ScaledWindows, held: np.ndarray) -> np.ndarray:
    """(n, horizon), in units of the noise of each window; of constant ones in its scale's."""
    parts = []
    for rows in _in_parts(held):
        batch, _ = source.batch(rows)
        noise = noise_of(batch.seen)
        parts.append((batch.target - learner.predict(batch)) / np.where(noise > 0, noise, 1.0))
    return np.concatenate(parts)


def _in_parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[at : at + PREDICTED] for at in range(0, len(rows), PREDICTED)]
