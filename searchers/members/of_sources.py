"""What trials on other data come to, as results of today's space."""

import math

from automl_on_ray.searchers._settings import SearcherSettings, Source
from automl_on_ray.searchers.members.domains import usual, varying
from automl_on_ray.searchers.members.learner import Judged


def results_of(source: Source, settings: SearcherSettings) -> tuple[Judged, ...]:
    """Those of its trials that have all metrics; what a config lacks is as `usual` has it."""
    found, filling = [], usual(settings.space)
    for trial in source.trials:
        last = trial.curve[max(trial.curve)]
        if all(objective.metric in last for objective in settings.objectives):
            values = tuple(float(o.sign() * last[o.metric]) for o in settings.objectives)
            config = varying(settings.space, {**filling, **trial.config})
            found.append(Judged(config, math.inf, values))
    return tuple(found)
