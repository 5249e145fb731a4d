"""Ray's Optuna searcher behind the interface of our own searchers."""

import math
from typing import Any

from ray.tune.search.optuna import OptunaSearch

from automl_on_ray.search_spaces import SearchSpace, nearest
from automl_on_ray.search_spaces.core import as_number, finite


class LastReported(OptunaSearch):
    """Passes over reports without the metric, at which Ray's ends a study.

    A trial has failed if a metric was never reported, or is NaN or infinite at the end. Suggestions
    are plain, as `own` has them.
    """

    def __init__(self, own: SearchSpace, **given: Any) -> None:
        super().__init__(**given)
        self._own = own
        self._last: dict[str, dict[str, float]] = {}

    def suggest(self, trial_id: str) -> Any:
        found = super().suggest(trial_id)
        if not isinstance(found, dict):
            return found
        domains, plain = self._own.domains, self._own.plain(found)
        # Optuna has no steps on a log scale.
        return {k: nearest(domains[k], v) if k in domains else v for k, v in plain.items()}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self._note(trial_id, result)
        name = str(self.metric)
        value = finite(result.get(name))
        if value is not None:
            super().on_trial_result(trial_id, {**result, name: value})

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        if result is not None:
            self._note(trial_id, result)
        last = self._last.pop(trial_id, {})
        known = all(math.isfinite(last.get(name, math.nan)) for name in self._names)
        if result is not None and not known:
            result, error = None, True
        told = None if result is None or error else {**result, **last}
        super().on_trial_complete(trial_id, told, error)

    def _note(self, trial_id: str, result: dict[str, Any]) -> None:
        found = {name: as_number(result.get(name)) for name in self._names}
        new = {name: value for name, value in found.items() if value is not None}
        self._last.setdefault(trial_id, {}).update(new)

    @property
    def _names(self) -> list[str]:
        return self.metric if isinstance(self.metric, list) else [str(self.metric)]
