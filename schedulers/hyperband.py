"""HyperBand (Li et al. 2018): brackets of trials that wait for one another at their rungs."""

import math
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import HyperBandScheduler, TrialScheduler

from automl_on_ray.schedulers._capabilities import SchedulerCapabilities
from automl_on_ray.schedulers._settings import SchedulerSettings
from automl_on_ray.search_spaces.core import as_number, last_reported

CAPABILITIES = SchedulerCapabilities(pauses_trials=True)


def create(settings: SchedulerSettings) -> TrialScheduler:
    scheduler = HyperBand(
        time_attr=settings.time_attr,
        metric=settings.objective.metric,
        mode=settings.objective.mode,
        max_t=settings.epochs,
        reduction_factor=3,
    )
    scheduler.worst = math.inf if settings.objective.mode == "min" else -math.inf
    return scheduler


class HyperBand(HyperBandScheduler):
    """Ray's, which compares trials at a rung by what they reported last.

    A trial that has reported no value yet runs on, and its bracket waits for it; one that has
    diverged comes last.
    """

    takes_every_report = True
    worst = -math.inf  # of the metric; its sign is the objective's

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        metric = str(self.metric)
        value = as_number(result.get(metric))
        value = last_reported(trial, metric) if value is None else value
        if value is None:
            return TrialScheduler.CONTINUE
        told = value if math.isfinite(value) else self.worst
        return super().on_trial_result(tune_controller, trial, {**result, metric: told})
