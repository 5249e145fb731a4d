"""Trials of an earlier study as data for a new one, of another space or trainable perhaps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._space import Config, SearchSpace
from automl_on_ray.searchers._outcomes import metric_names
from automl_on_ray.searchers._settings import Known, Settings
from automl_on_ray.searchers.bayesian import check
from automl_on_ray.tracking.earlier import earlier_study, earlier_trials
from automl_on_ray.workflows._cli import console


def find_earlier(
    name: str, own: str, stored: Mapping[str, Any], uri: str, *, fresh: bool
) -> dict[str, str]:
    """The earlier study that is meant, as a part of what the new one is asked.

    `stored` is what there is of the study named `own`: it, if it is meant; or, where it goes on,
    the one that it began with. Else the newest of that name. UserError if there is none.
    """
    told = stored.get("asked", {}).get("warm start")
    if told is not None and told["study"] == name and not fresh:
        return dict(told)
    if name == own and stored:
        return {"study": name, "id": stored["study_id"]}
    return {"study": name, "id": earlier_study(uri, name)}


def warmed(proposing: Settings, earlier: Mapping[str, str], uri: str) -> Settings:
    """With the trials of the earlier study that are members of the space now.

    UserError if there is none, or none has reported what is to be learned from.
    """
    metrics = list(metric_names(proposing))
    trials = earlier_trials(uri, earlier["id"], metrics)
    if not trials:
        raise UserError(
            f"No trial of study {earlier['study']!r} has reported {', '.join(metrics)} for one "
            "config; --warm-start needs such."
        )
    known, strange = [], ""
    for config, curve in trials:
        try:
            one = Known(_member(proposing.space, config), curve)
            check(replace(proposing, points=(), known=(one,)))
            known.append(one)
        except UserError as error:
            strange = str(error)
    left = f"; {len(trials) - len(known)} lie outside the space ({strange})" if strange else ""
    if not known:
        raise UserError(f"No trial of study {earlier['study']!r} can be learned from{left}")
    console.print(
        f"Warm start: {len(known)} of {len(trials)} trials of {earlier['study']!r} are known to "
        f"the searcher{left}",
        soft_wrap=True,
    )
    return replace(proposing, known=(*proposing.known, *known))


def _member(space: SearchSpace, config: Config) -> Config:
    """What the space has of a config. UserError if that is none of it."""
    declared = space.as_declared({k: v for k, v in config.items() if v is not None})
    for key, value in space.constants.items():
        if declared.get(key, value) != value:
            raise UserError(f"Config has {key}={declared[key]!r}, which is {value!r} today.")
    kept = {key: value for key, value in declared.items() if key in space.domains}
    space.check({**space.constants, **kept})
    return kept
