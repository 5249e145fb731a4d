"""The plan of any study: all settings, checked before anything is started."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from automl_on_ray.clusters import (
    GpusAsked,
    Storage,
    check_address,
    check_resources,
    find_storage,
    gpus_asked,
    patience,
    refuse_idle_gpus,
)
from automl_on_ray.command_line import Change, command_line
from automl_on_ray.schedulers import SchedulerSettings, create_scheduler, scheduler_capabilities
from automl_on_ray.schedulers.populations import Replay, Segment
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.searchers.ax import metric_names
from automl_on_ray.studies.budget import Budget, check_budget
from automl_on_ray.studies.folder import StudyFolder, open_study, stored_study
from automl_on_ray.studies.identity import identity, options_of
from automl_on_ray.studies.inputs import (
    check_constrained,
    check_experiment,
    check_model,
    check_pair,
    facts,
    find_earlier,
    outcome_constraints_of,
    read_known,
    read_points,
    study_name,
    warmed,
)
from automl_on_ray.studies.populations import REPEATS, explorer_of, read_schedule
from automl_on_ray.studies.settings import StudySettings
from automl_on_ray.tracking import NO_DATA, Study, TrackingCallback
from automl_on_ray.tracking.store import check_tracking, default_uri
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.image_classifier import ImageClassifier

Settings = TypeVar("Settings", bound=StudySettings)
Schedule = Sequence[Segment]


@dataclass(frozen=True)
class Evaluation:
    """How the search judges what its searcher proposes: by `samples` trials of `klass`.

    `role` is that of their runs in MLflow; `offers` are keywords for their `setup`.
    """

    role: str
    klass: type[tune.Trainable]
    space: SearchSpace
    objectives: tuple[Objective, ...]
    samples: int
    epochs: int
    workers: int = 1
    offers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """A study that was checked as far as it can be without data and servers.

    `klass` is what the final model is trained by; `recipe` the schedule that trials go along
    instead of a search, if one was given.
    """

    asked: StudySettings
    klass: type[tune.Trainable]
    recipe: Schedule | None
    name: str
    gpus: GpusAsked
    storage: Storage
    uri: str
    proposing: SearcherSettings
    scheduler: TrialScheduler

    def reach_stores(self) -> None:
        """UserError if MLflow or the storage is not to be had. Fetches what is stored."""
        check_tracking(self.uri, self.asked.experiment, patience=patience(self.asked.address))
        self.storage.fetch(self.name)


@dataclass(frozen=True)
class StudyPlan:
    """`offers` are the keywords of the final training, whose trainable is `klass`.

    `awaited` are the metrics that each trial of the search must report.
    """

    asked: StudySettings
    klass: type[tune.Trainable]
    recipe: Schedule | None
    gpus: GpusAsked
    storage: Storage
    uri: str
    scheduler: TrialScheduler
    searcher: Searcher
    awaited: tuple[str, ...]
    evaluation: Evaluation
    data: Dataset | None
    offers: dict[str, Any]
    study: StudyFolder
    record: Study

    @property
    def name(self) -> str:
        return self.study.path.name

    @property
    def makes_networks(self) -> bool:
        """Whether the final model is one of ours, to be registered."""
        return self.data is not None and issubclass(self.klass, ImageClassifier)

    def tracker(self, role: str, stage: str = "") -> TrackingCallback:
        """Trials of the search are judged by its own objectives."""
        record, own = self.record, self.evaluation
        if role == own.role:
            record = replace(record, objectives=own.objectives, max_t=own.epochs)
        return TrackingCallback(
            uri=self.uri, experiment=self.asked.experiment, study=record,
            folder=self.study.path / "journal", role=role, stage=stage,
        )  # fmt: skip

    def budget(self) -> Budget:
        """Of the search, with what former sessions have spent."""
        return Budget(
            self.study.path / "spent.json", minutes=self.asked.minutes, cost=self.asked.cost,
            price_per_hour=self.asked.price_per_hour,
        )  # fmt: skip


def replayed(asked: Settings, space: SearchSpace, *counts: str) -> tuple[Settings, Schedule | None]:
    """With --replay nothing is searched, and trials are as long as the schedule.

    `counts` are the fields that say how many there are.
    """
    if asked.replay is None:
        return asked, None
    recipe = read_schedule(asked.replay, space)
    own: dict[str, Any] = dict.fromkeys(counts, REPEATS)
    fixed = replace(asked, searcher="random", scheduler="fifo", epochs=recipe[-1].end, **own)
    return fixed, recipe


def draft_study(
    asked: StudySettings,
    evaluation: Evaluation,
    klass: type[tune.Trainable],
    recipe: Schedule | None,
) -> Draft:
    """UserError for whatever its user can mend. No data are read yet, and no server is asked."""
    check_experiment(asked.experiment)
    check_model(asked.register)
    name = study_name(asked.name, asked.workflow)
    check_budget(cost=asked.cost, price_per_hour=asked.price_per_hour)
    if asked.population is not None and asked.population > evaluation.samples:
        raise UserError(
            f"--population {asked.population} is more than the {evaluation.samples} trials asked."
        )
    check_constrained(asked.outcome_constraint or (), evaluation.klass)
    check_pair(asked.scheduler, asked.searcher)
    gpus = gpus_asked(asked.gpus_per_trial)
    check_address(asked.address)
    check_resources(cpus=asked.cpus_per_trial, gpus=gpus, address=asked.address)
    refuse_idle_gpus(klass, gpus)
    storage = find_storage(asked.storage)
    proposing = _proposing(asked, evaluation)
    scheduler = _scheduler(asked, evaluation, recipe)
    create_searcher(asked.searcher, proposing)  # refuses what it cannot do
    uri = asked.tracking_uri or default_uri(storage.local)
    return Draft(asked, klass, recipe, name, gpus, storage, uri, proposing, scheduler)


def open_plan(
    draft: Draft,
    evaluation: Evaluation,
    data: Dataset | None,
    offers: dict[str, Any],
    stands_for: Mapping[str, Any],
) -> StudyPlan:
    """The study's folder is found or made. Both stores were reached.

    `stands_for`: what options of this kind of study stand for (`identity`), beside those that all
    studies have. UserError if it was begun as another study.
    """
    asked, proposing = draft.asked, draft.proposing
    before, earlier = stored_study(draft.storage, draft.name), None
    if asked.warm_start is not None:
        earlier = find_earlier(asked.warm_start, draft.name, before, draft.uri, fresh=asked.fresh)
        proposing = warmed(
            proposing, earlier, draft.uri, data, searcher=asked.searcher, role=evaluation.role
        )
    files = {
        "dataset": data.digest if data else None,
        "space": evaluation.space.describe(),
        "outcome_constraint": list(proposing.outcome_constraints),
        "try_first": list(draft.proposing.points),
        "known": [asdict(trial) for trial in draft.proposing.known],
        "warm_start": earlier,
        "replay": [asdict(segment) for segment in draft.recipe or []],
    }
    searcher = create_searcher(asked.searcher, proposing)
    can = scheduler_capabilities(asked.scheduler)
    fixed = draft.recipe or can.needs_all_configs_at_once
    study = open_study(
        draft.storage, draft.name, identity(asked, {**files, **stands_for}),
        # A study that begins with its own older trials takes their study's place.
        fresh=asked.fresh or bool(earlier and earlier["id"] == before.get("study_id")),
        trusted=asked.trust_storage,
        may_grow=() if fixed else options_of(type(asked), Change.GROWS),
        hint=f" (with --warm-start {draft.name} its trials are known to the new one)",
    )  # fmt: skip
    return StudyPlan(
        asked, draft.klass, draft.recipe, draft.gpus, draft.storage, draft.uri, draft.scheduler,
        searcher, tuple(metric_names(proposing)), evaluation, data, offers, study,
        _record(asked, evaluation, data, study),
    )  # fmt: skip


def _proposing(asked: StudySettings, evaluation: Evaluation) -> SearcherSettings:
    settings = SearcherSettings(
        space=evaluation.space,
        objectives=evaluation.objectives,
        seed=asked.seed,
        max_t=evaluation.epochs,
        samples=evaluation.samples,
        points=read_points(asked.try_first, evaluation.space),
        outcome_constraints=outcome_constraints_of(
            asked.outcome_constraint or (), evaluation.klass
        ),
        acquisition=asked.acquisition,
        beta=asked.beta,
    )
    names = list(metric_names(settings))
    known = read_known(asked.known, evaluation.space, evaluation.epochs, names)
    return replace(settings, known=known)


def _scheduler(
    asked: StudySettings, evaluation: Evaluation, recipe: Schedule | None
) -> TrialScheduler:
    space, epochs = evaluation.space, evaluation.epochs
    explorer = explorer_of(
        asked.explore, scheduler=asked.scheduler, space=space, epochs=epochs,
        interval=asked.interval, synchronous=asked.synchronous, seed=asked.seed,
        population=asked.population,
    )  # fmt: skip
    if recipe:
        return Replay(recipe)
    return create_scheduler(
        asked.scheduler,
        SchedulerSettings(
            space, evaluation.objectives[0], epochs, evaluation.samples, asked.seed,
            interval=asked.interval, synchronous=asked.synchronous, population=asked.population,
            explorer=explorer,
        ),
    )  # fmt: skip


def _record(
    asked: StudySettings, evaluation: Evaluation, data: Dataset | None, study: StudyFolder
) -> Study:
    return Study(
        name=study.path.name,
        objectives=evaluation.objectives,
        dataset=data.name if data else NO_DATA,
        dataset_digest=data.digest if data else "",
        dataset_context=facts(data),
        space=evaluation.space.name,
        space_text=json.dumps(evaluation.space.describe(), indent=1),
        searcher="none: a schedule was given" if asked.replay else asked.searcher,
        scheduler="replay" if asked.replay else asked.scheduler,
        seed=asked.seed,
        command=command_line(),
        study_id=study.study_id,
        max_t=evaluation.epochs,
        changes_running_trials=scheduler_capabilities(asked.scheduler).changes_running_trials,
    )
