"""Trials of an earlier study as data for a new one, of another space or trainable perhaps."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from search_spaces._errors import UserError
from search_spaces._space import Config, SearchSpace
from searchers._outcomes import metric_names
from searchers._settings import Known, Settings
from tracking.earlier import earlier_study, earlier_trials
from workflows._cli import console


def find_earlier(name: str, uri: str, before: Mapping[str, Any]) -> dict[str, str]:
    """The earlier study that is meant, as a part of what the new one was asked.

    The newest of that name; or, where the new one goes on, the one that it began with: `before` is
    what it was asked then. UserError if there is none.
    """
    told: dict[str, str] | None = before.get("warm start")
    if told is not None and told["study"] == name:
        return told
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
            known.append(Known(_member(proposing.space, config), curve))
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
    kept = {k: v for k, v in config.items() if k in space.domains and v is not None}
    space.check({**space.constants, **kept})
    return kept
