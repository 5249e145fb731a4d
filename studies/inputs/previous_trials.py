"""Trials of an earlier study, perhaps of another space, as known results for a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.data_kinds import Data
from automl_on_ray.searchers import PriorTrial, SearcherSettings, check_searcher
from automl_on_ray.searchers.ax import metric_names
from automl_on_ray.tracking import NO_DATA
from automl_on_ray.tracking.store import (
    earlier_data,
    earlier_study,
    earlier_trials,
)

FIRST = 3  # configs of a study of other data that are tried first


def find_earlier(
    name: str, own: str, stored: Mapping[str, Any], uri: str, *, fresh: bool
) -> dict[str, str]:
    """The earlier study that is meant, as a part of what the new one is asked.

    `stored` is what there is of the study named `own`: it, if it is meant; or, where it goes on,
    the one that it began with. Else the newest of that name. UserError if there is none.
    """
    told = stored.get("asked", {}).get("warm-start")
    if told is not None and told["study"] == name and not fresh:
        return dict(told)
    if name == own and stored:
        return {"study": name, "id": stored["study_id"]}
    return {"study": name, "id": earlier_study(uri, name)}


def warmed(
    proposing: SearcherSettings,
    earlier: Mapping[str, str],
    uri: str,
    data: Data | None,
    *,
    searcher: str,
    role: str = "trial",
) -> SearcherSettings:
    """With the trials of the earlier study that the searcher of that name can take now.

    If it was on other data than these, its results say nothing of them: then its best configs are
    tried first. UserError if there is no such trial, or none has reported what is learned from.
    `role` is that of a search's trials.
    """
    metrics = list(metric_names(proposing))
    trials = earlier_trials(uri, earlier["id"], metrics, role)
    if not trials:
        raise UserError(
            f"No trial of study {earlier['study']!r} has reported {', '.join(metrics)} for one "
            "config; --warm-start needs such."
        )
    same = _is_on(data, *earlier_data(uri, earlier["id"]))
    known, strange = [], ""
    for config, curve in trials:
        try:
            one = PriorTrial(_member(proposing.space, config), curve)
            check_searcher(searcher, replace(proposing, points=(one.config,), known=()))
            known.append(one)
        except UserError as error:
            strange = str(error)
    left = f"; {len(trials) - len(known)} lie outside the space ({strange})" if strange else ""
    if not known:
        raise UserError(f"No trial of study {earlier['study']!r} can be learned from{left}")
    if not same:
        return _tried_first(proposing, earlier["study"], known)
    console.print(
        f"Warm start: {len(known)} of {len(trials)} trials of {earlier['study']!r} are known to "
        f"the searcher{left}",
        soft_wrap=True,
    )
    return replace(proposing, known=(*proposing.known, *known))


def _is_on(data: Data | None, name: str, digest: str) -> bool:
    """Whether a study was on these data; by their names where one has no digest."""
    own_name, own_digest = (data.name, data.digest) if data else (NO_DATA, "")
    if digest and own_digest:
        return own_digest.startswith(digest)  # which MLflow may have cut
    return name == own_name


def _tried_first(
    proposing: SearcherSettings, study: str, known: Sequence[PriorTrial]
) -> SearcherSettings:
    """With the best configs of a study of other data as first points."""
    first = proposing.objectives[0]
    ranked = sorted(known, key=lambda one: -first.sign() * one.curve[max(one.curve)][first.metric])
    room = max(0, (proposing.samples or FIRST) - len(proposing.points))
    points = list(proposing.points)
    for one in ranked:
        if one.config not in points and len(points) < len(proposing.points) + min(FIRST, room):
            points.append(one.config)
    console.print(
        f"Warm start: {study!r} was on other data, so its results are not known to the searcher; "
        f"its {len(points) - len(proposing.points)} best configs are tried first.",
        soft_wrap=True,
    )
    return replace(proposing, points=tuple(points))


def _member(space: SearchSpace, config: Config) -> Config:
    """What varies of a config that is a member, constants included. UserError if it is none."""
    whole = space.active(space.plain(config))
    space.check(whole)
    for key, value in space.constants.items():
        if key in whole and whole[key] != value:
            raise UserError(f"Config has {key}={whole[key]!r}, which is {value!r} today.")
    return {key: value for key, value in whole.items() if key in space.domains}
