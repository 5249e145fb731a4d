"""Optuna's tree-structured Parzen estimator (Bergstra et al. 2011), by Ray's own searcher.

Before it has results, it draws evenly; so what people believe of parameters shapes as many configs
that come first.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from ray.tune.search import Searcher
from ray.tune.search.sample import Domain, Float, Integer

from automl_on_ray.search_spaces import Config, SearchSpace, is_log, nearest, step_of
from automl_on_ray.searchers._settings import SearcherSettings
from automl_on_ray.searchers.choosing import SearcherCapabilities
from automl_on_ray.searchers.members import BelievedDraws, values, varying

CAPABILITIES = SearcherCapabilities(learns_from_results=True, takes_beliefs=True)
BEGINNING = 10  # configs that Optuna would draw evenly


def create(settings: SearcherSettings) -> Searcher:
    import optuna

    from automl_on_ray.searchers._optuna import LastReported

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    several = len(settings.objectives) > 1
    metrics = [o.metric for o in settings.objectives]
    modes: list[str] = [o.mode for o in settings.objectives]
    return LastReported(
        settings,
        space=ByRun(settings.space),
        metric=metrics if several else metrics[0],
        mode=modes if several else modes[0],
        points_to_evaluate=[*map(dict, settings.points), *_believed(settings)] or None,
    )


def _believed(settings: SearcherSettings) -> list[Config]:
    """Drawn from beliefs; none without such."""
    if not settings.beliefs:
        return []
    space, generator = settings.space, np.random.default_rng(settings.seed)
    draws = BelievedDraws(space, settings.beliefs)
    return [
        varying(space, space.sample(generator, draws.draw(generator, number)))
        for number in range(BEGINNING)
    ]


@dataclass(frozen=True)
class ByRun:
    """Asks for parameters one by one, so that those whose condition does not hold do not exist."""

    space: SearchSpace

    def __call__(self, trial: Any) -> None:
        config = dict(self.space.constants)
        pending = dict(self.space.domains)
        while pending:
            ready = [
                key
                for key in pending
                if key not in self.space.conditions
                or self.space.conditions[key].parent not in pending
            ]
            for key in ready:
                domain = pending.pop(key)
                condition = self.space.conditions.get(key)
                if condition is None or condition.holds(config):
                    config[key] = _asked(trial, key, domain)


def _asked(trial: Any, key: str, domain: Domain) -> Any:
    if not isinstance(domain, Float | Integer):
        return trial.suggest_categorical(key, values(domain) or [])
    lower, upper = nearest(domain, domain.lower), nearest(domain, domain.upper)
    step, suggest = step_of(domain), trial.suggest_int
    if isinstance(domain, Float):
        suggest = trial.suggest_float
    if is_log(domain):
        return suggest(key, lower, upper, log=True)
    return suggest(key, lower, upper, **({} if step is None else {"step": step}))
