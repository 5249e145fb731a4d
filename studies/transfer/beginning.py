"""What a study begins with of earlier ones: results, other tasks to learn from, first configs.

Results on the same data are results. Those on other data are on a scale of their own, and never
told as today's: each study is a task of its own to a searcher that takes such, and the best of
their configs, far apart, are tried first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from automl_on_ray.command_line import console, step
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers import (
    PriorTrial,
    SearcherSettings,
    Source,
    check_searcher,
    searcher_capabilities,
)
from automl_on_ray.studies.transfer.choosing import ALL, Today, find_earlier, studies_in
from automl_on_ray.studies.transfer.gained import Gained, read_gained
from automl_on_ray.studies.transfer.members import (
    best_and_spread,
    member,
    shared,
    whole_first,
    worth_by,
)
from automl_on_ray.studies.transfer.nearness import distance
from automl_on_ray.studies.transfer.tables import read_source
from automl_on_ray.tracking.store import (
    EarlierData,
    EarlierStudy,
    EarlierTrial,
    with_configs,
    with_curves,
)

MOST_KNOWN = 1000  # trials on the same data
MOST_OF_A_SOURCE = 50  # trials of one study on other data


@dataclass
class Found:
    """What fits today's space, of all earlier studies; `sources` with what is known of their data.

    `alike` are names of the studies whose results are known. `left` counts trials that do not fit,
    `strange` says why one of them does not.
    """

    known: list[PriorTrial] = field(default_factory=list)
    sources: list[tuple[EarlierData, Source]] = field(default_factory=list)
    alike: list[str] = field(default_factory=list)
    left: int = 0
    strange: str = ""


@dataclass(frozen=True)
class WarmStart:
    """What a study gains from the studies that are `meant`, and settings with that.

    `renews`: one of these is the study of today's name, which the new one takes the place of.
    """

    settings: SearcherSettings
    meant: dict[str, Any] | None = None  # as identity has it
    gained: Gained = field(default_factory=Gained)
    renews: bool = False


def warm_start(
    today: Today, asked: str | None, stored: Mapping[str, Any], folder: Path, *, fresh: bool
) -> WarmStart:
    """With what --warm-start asks for; `stored` is what there is of the study of today's name.

    A study that goes on has in its `folder` what it began with. UserError if a study is not there,
    or one that was named has no trial with all metrics that are learned from, or nothing of what
    was named fits today's space.
    """
    if asked is None:
        return WarmStart(today.settings)
    meant = find_earlier(asked, today, stored, fresh=fresh)
    goes_on = not fresh and stored.get("asked", {}).get("warm-start") == meant
    gained = (read_gained(folder, today.settings) if goes_on else None) or _gained(today, meant)
    console.print(gained.said, soft_wrap=True)
    renews = stored.get("study_id") in [one["id"] for one in studies_in(meant)]
    return WarmStart(gained.added_to(today.settings), meant, gained, renews)


def _gained(today: Today, earlier: Mapping[str, Any]) -> Gained:
    with step("Reading earlier trials"):
        found = _read(today, earlier)
    if not (found.known or found.sources):
        return Gained(said=_nothing(earlier, found))
    order = sorted(found.sources, key=lambda one: distance(today.facts, one[0]))
    sources = tuple(source for _, source in order)
    taken, why = _taken(today.settings, sources, today.searcher) if sources else ((), "")
    points = () if found.known else _first(today, sources)
    said = _said(found, sources, len(points), why)
    return Gained(tuple(found.known), taken, tuple(points), said)


def _read(today: Today, earlier: Mapping[str, Any]) -> Found:
    can = searcher_capabilities(today.searcher)
    found, by_id = Found(), {study.study_id: study for study in today.studies}
    for entry in studies_in(earlier):
        study = by_id.get(entry["id"])
        trials = today.trials(study) if study else []
        if study is None or not trials:
            if earlier.get("asked") == ALL:  # they are gone by now
                continue
            raise UserError(
                f"No trial of study {entry['study']!r} has reported {', '.join(today.metrics)} for "
                "one config; --warm-start needs such."
            )
        if today.is_alike(study) and can.takes_known_results:
            _add_known(found, today, study, trials)
        else:
            _add_source(found, today, study, trials)
    for file in earlier.get("files", {}):
        source = read_source(Path(file), today.settings, MOST_OF_A_SOURCE)
        found.sources.append((EarlierData(), _named(source, found)))
    return found


def _add_known(
    found: Found, today: Today, study: EarlierStudy, trials: Sequence[EarlierTrial]
) -> None:
    """As results. What is no member of today's space is another task, where it fits that."""
    settings, members, others = today.settings, [], []
    chosen = best_and_spread(
        trials, worth_by(settings.objectives[0]), MOST_KNOWN - len(found.known)
    )
    for trial in with_configs(today.uri, chosen):
        try:
            config = member(settings.space, trial.config or {})
            _check(today, config)
            members.append(replace(trial, config=config))
        except UserError:
            others.append(trial)
    members = with_curves(today.uri, members, today.metrics, whole=settings.max_t)
    found.known += [PriorTrial(one.config or {}, one.curve or {}) for one in members]
    found.alike += [study.name] if members else []
    if others:
        _add_source(found, today, study, others)


def _check(today: Today, config: Config) -> None:
    """UserError for a config that the searcher cannot be told of."""
    alone = replace(today.settings, points=(config,), known=(), sources=())
    check_searcher(today.searcher, alone)


def _add_source(
    found: Found, today: Today, study: EarlierStudy, trials: Sequence[EarlierTrial]
) -> None:
    """As a task of its own, of last values alone."""
    worth, fit = worth_by(today.settings.objectives[0]), []
    wide = best_and_spread(whole_first(trials), worth, 2 * MOST_OF_A_SOURCE)
    for trial in with_configs(today.uri, wide):
        try:
            fit.append(replace(trial, config=shared(today.settings.space, trial.config or {})))
        except UserError as error:
            found.left, found.strange = found.left + 1, str(error)
    chosen = best_and_spread(fit, worth, MOST_OF_A_SOURCE)
    if chosen:
        trials_of = [PriorTrial(one.config or {}, {one.step: one.metrics}) for one in chosen]
        found.sources.append((study.data, _named(Source(study.name, tuple(trials_of)), found)))


def _named(source: Source, found: Found) -> Source:
    """With a number behind its name, where another one has that."""
    names = [other.name for _, other in found.sources]
    again = sum(name == source.name or name.startswith(f"{source.name} (") for name in names)
    return replace(source, name=f"{source.name} ({again + 1})") if again else source


def _taken(
    settings: SearcherSettings, sources: tuple[Source, ...], searcher: str
) -> tuple[tuple[Source, ...], str]:
    """The sources, if the searcher takes them; else none, and why."""
    try:
        check_searcher(searcher, replace(settings, sources=sources))
    except UserError as error:
        return (), str(error).rstrip(".")
    return sources, ""


def _first(today: Today, sources: Sequence[Source]) -> tuple[Config, ...]:
    """The best of their configs, behind those that are given; none beyond a limit.

    As many as the searcher begins with.
    """
    # Brings scikit-learn and scipy, which no other study needs.
    from automl_on_ray.studies.transfer.portfolio import first_configs

    settings = today.settings
    given, meets = settings.points, settings.meets
    first = searcher_capabilities(today.searcher).first_configs
    room = min(first, max(0, (settings.samples or first) - len(given)))
    found: list[Config] = []
    # Some of them may be given, or beyond a limit.
    for config in first_configs(
        sources, settings.space, settings.objectives[0], len(given) + 4 * first
    ):
        fits = config not in given and (meets is None or meets(config))
        if fits and len(found) < room and _is_taken(today, config):
            found.append(config)
    return tuple(found)


def _is_taken(today: Today, config: Config) -> bool:
    try:
        _check(today, config)
    except UserError:
        return False
    return True


def _said(found: Found, sources: Sequence[Source], points: int, why: str) -> str:
    parts = []
    if found.known:
        parts.append(f"{_trials(len(found.known))} of {_list(found.alike)} known as results")
    if sources:
        count = _trials(sum(len(source.trials) for source in sources))
        told = f"{count} of {_list([source.name for source in sources])} on other data or space"
        parts.append(f"{told}, {f'not told ({why})' if why else 'to learn from beside its own'}")
    if points:
        parts.append(f"{points} of their configs first")
    if found.left:
        parts.append(f"{_trials(found.left)} left out ({found.strange.rstrip('.')})")
    return f"Warm start: {'; '.join(parts)}."


def _trials(count: int) -> str:
    return f"{count} trial{'s' * (count != 1)}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(repr, dict.fromkeys(names)))


def _nothing(earlier: Mapping[str, Any], found: Found) -> str:
    """What is said where `all` finds nothing. UserError where studies were named."""
    if earlier.get("asked") != ALL:
        names = _list([entry["study"] for entry in studies_in(earlier)])
        raise UserError(
            f"No trial of {names} can be learned from; {found.left} lie outside the space "
            f"({found.strange})"
        )
    return "Warm start: no earlier study of this store has trials of half of this space's keys."
