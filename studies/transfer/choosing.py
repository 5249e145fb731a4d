"""Which earlier studies and files a new study begins from."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.data_kinds import Data
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.ax import metric_names
from automl_on_ray.tracking import NO_DATA
from automl_on_ray.tracking.store import (
    EarlierData,
    EarlierStudy,
    EarlierTrial,
    earlier_studies,
    earlier_trials,
    newest_of,
    space_keys,
)

ALL = "all"
FILES = (".json", ".parquet", ".csv")
MOST_OF_THE_SAME, MOST_OF_OTHERS = 10, 5  # studies, on the same data and on other data
LOOKED_AT = 200  # of the newest studies of a store


@dataclass
class Today:
    """A study that is to begin, and what it asks of the store at `uri`: each question once.

    `role` is that of its search's trials, `trainable` what they run.
    """

    name: str
    uri: str
    settings: SearcherSettings
    searcher: str
    role: str
    trainable: str
    data: Data | None
    subset: str = ""  # of the data, as a study's tag has it
    _trials: dict[str, list[EarlierTrial]] = field(default_factory=dict, init=False, repr=False)

    @property
    def metrics(self) -> list[str]:
        """All that its searcher learns from."""
        return list(metric_names(self.settings))

    @cached_property
    def studies(self) -> list[EarlierStudy]:
        """Of the store, the newest first."""
        return earlier_studies(self.uri)

    def trials(self, study: EarlierStudy) -> list[EarlierTrial]:
        if study.study_id not in self._trials:
            self._trials |= earlier_trials(self.uri, [study], self.metrics, self.role)
        return self._trials[study.study_id]

    @property
    def facts(self) -> EarlierData:
        """Of its data, as a later study will find them."""
        data = self.data
        return EarlierData(data.name, data.digest, data.facts()) if data else EarlierData(NO_DATA)

    def is_alike(self, study: EarlierStudy) -> bool:
        """Whether its results are results of today: it was on the same data, and as many of them.

        Where one has no digest, by name. What was trained must not be known to be another.
        """
        own, its = self.facts, study.data
        if study.trainable and (study.trainable, study.subset) != (self.trainable, self.subset):
            return False
        if own.digest and its.digest:
            return own.digest.startswith(its.digest)  # which MLflow may have cut
        return own.name == its.name


def find_earlier(
    asked: str, today: Today, stored: Mapping[str, Any], *, fresh: bool
) -> dict[str, Any]:
    """The earlier studies that are meant, by id, and files, by content: what identity goes by.

    `asked` are names and files separated by commas, or "all". `stored` is what there is of the
    study of today's name. Where it goes on, it stays with those that it began with; else its own
    name means it itself, any other the newest of that name. UserError if there is none.
    """
    told = stored.get("asked", {}).get("warm-start")
    if told is not None and told.get("asked") == asked and not fresh:
        return {
            **told,
            "files": {file: _digest(file, known) for file, known in told["files"].items()},
        }
    words, named = _words(asked, today, stored)
    files = {w: _digest(w) for w in words if w not in named and w.lower().endswith(FILES)}
    if words == [ALL]:
        own = None if fresh else stored.get("study_id")
        found = [_entry(study) for study in _all(today, own)]
    else:
        names = [word for word in dict.fromkeys(words) if word not in files]
        found = [_named(name, today, stored) for name in names]
    return {"asked": asked, "studies": found, "files": files}


def _words(
    asked: str, today: Today, stored: Mapping[str, Any]
) -> tuple[Sequence[str], Collection[str]]:
    """What is asked for, and all names of studies: they may hold commas, or look like files.

    UserError for `all` beside others.
    """
    named = {study.name for study in today.studies} | ({today.name} if stored else set())
    if asked in named and asked != ALL:
        return [asked], named
    words = [word.strip() for word in asked.split(",") if word.strip()]
    if not words or (ALL in words and len(words) > 1):
        raise UserError(f"--warm-start {asked!r} must be names of studies, or all alone.")
    return words, named


def studies_in(earlier: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    """Name and id of each study that `find_earlier` found."""
    found: Sequence[Mapping[str, str]] = earlier["studies"]
    return found


def _named(name: str, today: Today, stored: Mapping[str, Any]) -> dict[str, str]:
    if name == today.name and stored:
        return {"study": name, "id": stored["study_id"]}
    return _entry(newest_of(today.studies, name, today.uri))


def _entry(study: EarlierStudy) -> dict[str, str]:
    return {"study": study.name, "id": study.study_id}


def _all(today: Today, own: str | None) -> list[EarlierStudy]:
    """Those with trials to learn from, and half of their space's keys at least."""
    rooms = {True: MOST_OF_THE_SAME, False: MOST_OF_OTHERS}
    found = []
    for study in today.studies[:LOOKED_AT]:
        alike = today.is_alike(study)
        if study.study_id != own and rooms[alike] and _shares(today, study):
            found.append(study)
            rooms[alike] -= 1
    return found


def _shares(today: Today, study: EarlierStudy) -> bool:
    own, keys = today.settings.space.domains.keys(), space_keys(today.uri, study)
    shared = len(own & keys)
    return 2 * shared >= max(len(own), len(keys)) and bool(today.trials(study))


def _digest(file: str, known: str | None = None) -> str:
    """Of one that is gone, the one that is `known`."""
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        if known is not None:
            return known
        raise UserError(f"--warm-start {file} cannot be read: {error.strerror}.") from error
