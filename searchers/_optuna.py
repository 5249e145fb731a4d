"""Ray's Optuna searcher behind the interface of our own searchers."""

import math
from typing import Any

import numpy as np
from optuna.samplers import RandomSampler, TPESampler
from ray.tune.search.optuna import OptunaSearch

from automl_on_ray.search_spaces import Config, SearchSpace, nearest
from automl_on_ray.search_spaces.core import INFEASIBLE, as_number, finite
from automl_on_ray.searchers._ask_tell import MAX_REFUSED
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.members import key_of

MAX_REPEATED = 5  # configs in a row that were handed out before


class OrAtRandom(TPESampler):
    """TPE; while it is told to be `at_random`, parameters are drawn evenly."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed=seed)
        self.at_random = False
        # With TPE's own seed it would begin with what that began with.
        own = int(np.random.SeedSequence([seed, 1]).generate_state(1)[0])
        self._even = RandomSampler(seed=own)

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
        return {} if self.at_random else super().infer_relative_search_space(study, trial)

    def sample_independent(self, study: Any, trial: Any, name: str, distribution: Any) -> Any:
        if self.at_random:
            return self._even.sample_independent(study, trial, name, distribution)
        return super().sample_independent(study, trial, name, distribution)


class LastReported(OptunaSearch):
    """Passes over reports without the metric, at which Ray's ends a study.

    A trial has failed if a metric was never reported, or is NaN or infinite at the end. Suggestions
    are plain, as the space has them. Those beyond a limit have failed, and others are drawn: a
    trial is Optuna's of another name then. So have those that were handed out before, which Optuna
    proposes again and again where the best has no parameter left to vary: one is drawn at random
    then. In a small space they are handed out again in the end.
    """

    def __init__(self, own: SearcherSettings, **given: Any) -> None:
        self._either = OrAtRandom(own.seed)
        super().__init__(sampler=self._either, **given)
        self._own: SearchSpace = own.space
        self._meets = own.meets
        self._handed: set[str] = set()
        self._aliases: dict[str, str] = {}
        self._last: dict[str, dict[str, float]] = {}

    def suggest(self, trial_id: str) -> Any:
        found = None
        for number in range(MAX_REFUSED):
            name = self._aliases[trial_id] = f"{trial_id}-{number}" if number else trial_id
            found = self._plain(name)
            if not isinstance(found, dict) or self._is_wanted(found, number):
                break
            self._either.at_random = number >= MAX_REPEATED
            if number < MAX_REFUSED - 1:
                super().on_trial_complete(name, None, error=True)
        self._either.at_random = False
        if isinstance(found, dict):
            self._handed.add(key_of(found))
        return found

    def _is_wanted(self, config: Config, refused: int) -> bool:
        """Whether it is within limits, and new; the latter not after too many were refused."""
        new = refused >= 4 * MAX_REPEATED or key_of(config) not in self._handed
        return new and (self._meets is None or self._meets(config))

    def _plain(self, trial_id: str) -> Any:
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
            super().on_trial_result(self._aliases[trial_id], {**result, name: value})

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        if result is not None:
            self._note(trial_id, result)
        last = self._last.pop(trial_id, {})
        known = all(math.isfinite(last.get(name, math.nan)) for name in self._names)
        if result is not None and (INFEASIBLE in result or not known):
            result, error = None, True
        told = None if result is None or error else {**result, **last}
        super().on_trial_complete(self._aliases.pop(trial_id, trial_id), told, error)

    def _note(self, trial_id: str, result: dict[str, Any]) -> None:
        found = {name: as_number(result.get(name)) for name in self._names}
        new = {name: value for name, value in found.items() if value is not None}
        self._last.setdefault(trial_id, {}).update(new)

    @property
    def _names(self) -> list[str]:
        return self.metric if isinstance(self.metric, list) else [str(self.metric)]
