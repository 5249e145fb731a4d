"""Fails a trial that ends without ever having reported a metric that it must report.

Ray itself ends the whole study at the first report that lacks the metric, though a trial may be
evaluated every few epochs only.
"""

from collections.abc import Sequence
from typing import Any

from ray.tune.error import TuneError
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.utils.util import flatten_dict

from automl_on_ray.search_spaces.core import INFEASIBLE, last_reported, reported_instead


class MissingMetricError(TuneError):
    """A trial's failure; its text begins with this name, as a traceback's last line would."""

    def __str__(self) -> str:
        return f"{type(self).__name__}: {super().__str__()}"


class MissingMetricsController(TuneController):
    """Tune's loop, in which single reports may lack a metric, and whole trials may not.

    Which metrics these are, its scheduler says: `awaited` of `ResumableScheduler`.
    """

    def _validate_result_metrics(self, result: dict[str, Any]) -> None:
        """Reports without a metric are passed over."""

    def stop_trial(self, trial: Trial) -> None:
        never = never_reported(trial, getattr(self._scheduler_alg, "awaited", ()))
        if never is None or trial.is_finished():
            super().stop_trial(trial)
            return
        error = MissingMetricError(never)  # once more it would do the same: it is not tried again
        trial.handle_error(error)
        self._scheduler_alg.on_trial_error(self, trial)
        self._search_alg.on_trial_complete(trial.trial_id, error=True)
        self._schedule_trial_stop(trial, exception=error)
        self._callbacks.on_trial_error(iteration=self._iteration, trials=self._trials, trial=trial)
        self._mark_trial_to_checkpoint(trial)


def never_reported(trial: Trial, awaited: Sequence[str]) -> str | None:
    """Which of the metrics a trial that has reported has not; None if it has them all.

    One that was not trained, as it is infeasible, need not have any.
    """
    result = flatten_dict(trial.run_metadata.last_result)
    missing = [metric for metric in awaited if last_reported(trial, metric) is None]
    if not missing or INFEASIBLE in result or not result.get("training_iteration"):
        return None
    known = {**dict.fromkeys(trial.run_metadata.metric_analysis), **result}
    return f"never reported {reported_instead(missing[0], known)}"
