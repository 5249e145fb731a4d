"""The settings of a study of forecasts, with their defaults."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from automl_on_ray.command_line import options
from automl_on_ray.command_line.data_kinds import forecast_options as forecasts
from automl_on_ray.search_spaces.core import UserError, near_miss
from automl_on_ray.studies.folds import FoldSettings


@dataclass(frozen=True, kw_only=True)
class ForecastSettings(FoldSettings):
    """What a study of forecasts has beside the rest: the options of `workflows/forecast.py`."""

    workflow: ClassVar[str] = "forecast"

    dataset: forecasts.Series = field()
    time: forecasts.Time = None
    series: forecasts.SeriesColumns = None
    target: forecasts.Target = None
    horizon: forecasts.Horizon = None
    season: forecasts.Season = None
    frequency: forecasts.Frequency = None
    known_ahead: forecasts.KnownAhead = None
    known_past: forecasts.KnownPast = None
    origins: forecasts.Origins = 3
    subset: forecasts.Subset = None
    objective: forecasts.ObjectiveText = "-mase"

    space: forecasts.Space = "forecast"
    trials: forecasts.Trials = 1000
    minutes: forecasts.Minutes = 10.0
    experiment: options.Experiment = "forecast"

    @property
    def steps(self) -> int:
        """A step is an origin."""
        return self.origins

    @property
    def is_collection(self) -> bool:
        """Whether the data are known by name, with columns and horizon of their own."""
        return self.dataset in _collections()

    def _check_data(self) -> None:
        """UserError where there is no file, or a word about it is missing.

        A bucket and the user's own code are asked later.
        """
        if self.is_collection:
            self._check_collection()
            return
        if ":" not in self.dataset and not Path(self.dataset).absolute().exists():
            raise UserError(
                f"There is no file at {Path(self.dataset).absolute()}, and no collection "
                f"{self.dataset!r}: there are {', '.join(_collections())}."
                f"{near_miss(self.dataset, _collections())}"
            )
        if self.horizon is None:
            data = "The table" if self.dataset.startswith("pandas:") else self.dataset
            raise UserError(f"{data} needs --horizon: how many steps to forecast.")

    def _check_collection(self) -> None:
        own = ("time", "series", "target", "known_ahead", "known_past")
        given = next((option for option in own if getattr(self, option) is not None), None)
        if given is not None:
            raise UserError(
                f"{self.dataset} is a collection of series, without columns: leave out "
                f"--{given.replace('_', '-')}."
            )


def _collections() -> list[str]:
    from automl_on_ray.trainables.forecasting import COLLECTIONS  # not for --help

    return list(COLLECTIONS)


def names_in(text: str | None) -> list[str]:
    """Of columns, separated by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]
