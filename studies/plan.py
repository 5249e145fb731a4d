"""The plan of any study: all settings, checked before anything is started."""

from collections.abc import Collection, Mapping, Sequence
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
from automl_on_ray.command_line import Change, same_command, step
from automl_on_ray.schedulers import (
    SchedulerCapabilities,
    SchedulerSettings,
    create_scheduler,
    scheduler_capabilities,
)
from automl_on_ray.schedulers.populations import Replay, Segment
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.search_spaces.data_kinds import Data
from automl_on_ray.searchers import SearcherSettings, create_searcher, searcher_capabilities
from automl_on_ray.searchers.ax import metric_names
from automl_on_ray.studies.budget import Budget
from automl_on_ray.studies.folder import StudyFolder, open_study, stored_study
from automl_on_ray.studies.identity import identity, option_of, options_of
from automl_on_ray.studies.inputs import (
    accepts,
    begun,
    beliefs_heeded,
    check_constrained,
    check_pair,
    draft_prior,
    final_objectives,
    limits_of,
    outcome_constraints_of,
    parted,
    placed,
    prior_asked,
    read_known,
    read_points,
    study_name,
    tell_beliefs,
)
from automl_on_ray.studies.populations import REPEATS, explorer_of, read_schedule
from automl_on_ray.studies.settings import StudySettings
from automl_on_ray.studies.transfer import Today, keep_gained, warm_start
from automl_on_ray.tracking import NO_DATA, Study, TrackingCallback
from automl_on_ray.tracking.store import check_tracking, default_uri

Settings = TypeVar("Settings", bound=StudySettings)
Schedule = Sequence[Segment]
# Of a search, so a replay takes none of them.
SEARCHING = ("explore", "interval", "synchronous", "population", "acquisition", "beta", "prior",
             "limit", "outcome_constraint", "try_first", "known", "warm_start", "hypergradient",
             "outer_optimizer", "outer_rate", "unroll")  # fmt: skip


@dataclass(frozen=True)
class Evaluation:
    """How the search judges what its searcher proposes: by `samples` trials of `klass`.

    `role` is that of their runs in MLflow. What an epoch is called otherwise, `klass` says as STEP.
    `trial_kwargs` are keywords for their `setup`. `starts` are configs that are tried first where
    nothing else is known, in place of the space's own start.
    """

    role: str
    klass: type[tune.Trainable]
    space: SearchSpace
    objectives: tuple[Objective, ...]
    samples: int
    epochs: int
    workers: int = 1
    trial_kwargs: Mapping[str, Any] = field(default_factory=dict)
    starts: Sequence[Config] = ()


@dataclass(frozen=True)
class Draft:
    """A study that was checked as far as it can be without data and servers.

    `klass` is what the final model is trained by; `schedule` is the one that trials go along
    instead of a search, if one was given.
    """

    asked: StudySettings
    klass: type[tune.Trainable]
    schedule: Schedule | None
    name: str
    gpus: GpusAsked
    storage: Storage
    uri: str
    proposing: SearcherSettings
    scheduler: TrialScheduler

    @property
    def names(self) -> dict[str, str]:
        """Of what proposes configs, and of what decides on trials."""
        if self.schedule:
            return {"searcher": "none: a schedule was given", "scheduler": "replay"}
        return {"searcher": self.asked.searcher, "scheduler": self.asked.scheduler}

    def reach_stores(self) -> None:
        """UserError if MLflow or the storage is not to be had. Fetches what is stored."""
        with step("Asking MLflow"):
            check_tracking(self.uri, self.asked.experiment, patience=patience(self.asked.address))
        with step("Fetching what is stored of the study"):
            self.storage.fetch(self.name)


@dataclass(frozen=True)
class StudyPlan:
    """`trial_kwargs` are the keywords of the final training, whose trainable is `klass`.

    `awaited` are the metrics that each trial of the search must report.
    """

    asked: StudySettings
    klass: type[tune.Trainable]
    schedule: Schedule | None
    gpus: GpusAsked
    storage: Storage
    uri: str
    scheduler: TrialScheduler
    searcher: Searcher | None  # none for a replay
    awaited: tuple[str, ...]
    evaluation: Evaluation
    data: Data | None
    trial_kwargs: dict[str, Any]
    study: StudyFolder
    record: Study

    @property
    def name(self) -> str:
        return self.study.path.name

    @property
    def can(self) -> SchedulerCapabilities:
        """What the scheduler can do."""
        return _capabilities(self.asked, self.schedule)

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


def replayed(
    asked: Settings, space: SearchSpace, tuned: Collection[str] = ()
) -> tuple[Settings, Schedule | None]:
    """With --replay nothing is searched, and trials are as long as the schedule.

    Keys that trials may have `tuned` change in it, whatever the space says of them. UserError for
    options of a search.
    """
    if asked.replay is None:
        return asked, None
    given = next((option_of(field) for field in SEARCHING if getattr(asked, field, None)), None)
    if given is not None:
        raise UserError(f"--{given} is for a search, and --replay searches nothing: leave it out.")
    schedule = read_schedule(asked.replay, space, tuned)
    fixed: dict[str, Any] = {"trials": REPEATS, "epochs": schedule[-1].end}
    return replace(asked, **fixed), schedule


def _capabilities(asked: StudySettings, schedule: Schedule | None) -> SchedulerCapabilities:
    return SchedulerCapabilities() if schedule else scheduler_capabilities(asked.scheduler)


def draft_study(
    asked: StudySettings,
    evaluation: Evaluation,
    klass: type[tune.Trainable],
    schedule: Schedule | None,
) -> Draft:
    """UserError for whatever its user can mend. No data are read yet, and no server is asked."""
    name = study_name(asked.name, asked.workflow)
    if asked.population is not None and asked.population > evaluation.samples:
        raise UserError(
            f"--population {asked.population} is more than the {evaluation.samples} trials asked."
        )
    check_constrained(asked.outcome_constraint or (), evaluation.klass)
    if schedule is None:
        check_pair(asked.scheduler, asked.searcher)
    gpus = gpus_asked(asked.gpus_per_trial)
    check_address(asked.address)
    check_resources(cpus=asked.cpus_per_trial, gpus=gpus, address=asked.address)
    refuse_idle_gpus(klass, gpus)
    storage = find_storage(asked.storage)
    proposing = _proposing(asked, evaluation, klass)
    scheduler = Replay(schedule) if schedule else _scheduler(asked, evaluation)
    if schedule is None:
        with step("Setting up the searcher"):
            create_searcher(asked.searcher, proposing)  # refuses what it cannot do
    uri = asked.tracking_uri or default_uri(storage.local)
    return Draft(asked, klass, schedule, name, gpus, storage, uri, proposing, scheduler)


def open_plan(
    draft: Draft,
    evaluation: Evaluation,
    data: Data | None,
    trial_kwargs: dict[str, Any],
    stands_for: Mapping[str, Any],
) -> StudyPlan:
    """The study's folder is found or made. Both stores were reached.

    `stands_for`: what options of this kind of study stand for (`identity`), beside those that all
    studies have. UserError if it was begun as another study.
    """
    asked, before = draft.asked, stored_study(draft.storage, draft.name)
    proposing = placed(draft.proposing, evaluation.trial_kwargs.get("limits", ()), data)
    today = Today(draft.name, draft.uri, proposing, asked.searcher, evaluation.role,
                  _trainable(draft), data, str(asked.subset or ""))  # fmt: skip
    folder = draft.storage.local / draft.name
    warm = warm_start(today, asked.warm_start, before, folder, fresh=asked.fresh)
    proposing = begun(warm.settings, asked.searcher, evaluation.starts)
    if not draft.schedule:
        tell_beliefs(proposing, asked.searcher)
    files = {
        "dataset": data.digest if data else None,
        "space": evaluation.space.describe(),
        "outcome_constraint": list(proposing.outcome_constraints),
        "try_first": list(draft.proposing.points),
        "known": [asdict(trial) for trial in draft.proposing.known],
        "warm_start": warm.meant,
        "prior": prior_asked(asked.prior, draft.proposing),
        "replay": [asdict(segment) for segment in draft.schedule or []],
        **draft.names,
    }
    searcher = None if draft.schedule else create_searcher(asked.searcher, proposing)
    can = _capabilities(asked, draft.schedule)
    fixed = draft.schedule or can.needs_all_configs_at_once
    study = open_study(
        draft.storage, draft.name, identity(asked, {**files, **stands_for}),
        # A study that begins with its own older trials takes their study's place.
        fresh=asked.fresh or warm.renews,
        trusted=asked.trust_storage,
        may_grow=() if fixed else options_of(type(asked), Change.GROWS),
        hint=f" (with --warm-start {draft.name} its trials are known to the new one)",
        tracking_uri=asked.tracking_uri or "",
    )  # fmt: skip
    if asked.warm_start is not None:
        keep_gained(warm.gained, study.path)
    return StudyPlan(
        asked, draft.klass, draft.schedule, draft.gpus, draft.storage, draft.uri, draft.scheduler,
        searcher, tuple(metric_names(proposing)), evaluation, data, trial_kwargs, study,
        replace(_record(draft, evaluation, data, study), warm_start=warm.gained.said),
    )  # fmt: skip


def _trainable(draft: Draft) -> str:
    """What trials run, as later studies will know it."""
    return draft.asked.trainable or draft.klass.__name__


def _proposing(
    asked: StudySettings, evaluation: Evaluation, klass: type[tune.Trainable]
) -> SearcherSettings:
    """Its prior cannot be asked before there are data (`placed`)."""
    proxy, beliefs = parted(asked.prior)
    settings = SearcherSettings(
        space=evaluation.space,
        objectives=evaluation.objectives,
        seed=asked.seed,
        max_t=evaluation.epochs,
        samples=evaluation.samples,
        points=read_points(asked.try_first, evaluation.space),
        outcome_constraints=(
            *outcome_constraints_of(asked.outcome_constraint or (), evaluation.klass),
            *_learned_limits(asked, evaluation, klass),
        ),
        prior=draft_prior(proxy, evaluation.space, klass),
        beliefs=read_beliefs(beliefs, evaluation.space.domains),
        acquisition=asked.acquisition,
        beta=asked.beta,
    )
    names = list(metric_names(settings))
    known = read_known(asked.known, evaluation.space, evaluation.epochs, names)
    return replace(settings, known=known)


def _learned_limits(
    asked: StudySettings, evaluation: Evaluation, klass: type[tune.Trainable]
) -> tuple[str, ...]:
    """Limits as constraints too, for a searcher that learns where these hold.

    Not those to the only objective.
    """
    limits = limits_of(asked.limit or (), klass)
    if not (
        searcher_capabilities(asked.searcher).takes_outcome_constraints
        and accepts(evaluation.klass, "limits")
    ):
        return ()
    only = evaluation.objectives[0].metric if len(evaluation.objectives) == 1 else None
    return tuple(str(limit) for limit in limits if limit.metric != only)


def _scheduler(asked: StudySettings, evaluation: Evaluation) -> TrialScheduler:
    space, epochs = evaluation.space, evaluation.epochs
    explorer = explorer_of(
        asked.explore, scheduler=asked.scheduler, space=space, epochs=epochs,
        interval=asked.interval, synchronous=asked.synchronous, seed=asked.seed,
        population=asked.population,
    )  # fmt: skip
    return create_scheduler(
        asked.scheduler,
        SchedulerSettings(
            space, evaluation.objectives[0], epochs, evaluation.samples, asked.seed,
            interval=asked.interval, synchronous=asked.synchronous, population=asked.population,
            explorer=explorer,
        ),
    )  # fmt: skip


def _record(draft: Draft, evaluation: Evaluation, data: Data | None, study: StudyFolder) -> Study:
    can = _capabilities(draft.asked, draft.schedule)
    return Study(
        name=study.path.name,
        objectives=evaluation.objectives,
        dataset=data.name if data else NO_DATA,
        dataset_digest=data.digest if data else "",
        dataset_context=data.facts() if data else {},
        space=evaluation.space.name,
        domains=evaluation.space.as_data(),
        believed="" if draft.schedule else beliefs_heeded(draft.proposing, draft.asked.searcher),
        searcher=draft.names["searcher"],
        scheduler=draft.names["scheduler"],
        seed=draft.asked.seed,
        command=same_command(study.path.name),
        study_id=study.study_id,
        max_t=evaluation.epochs,
        step=getattr(evaluation.klass, "STEP", "epoch"),
        changes_running_trials=can.changes_running_trials,
        test_metrics=final_objectives(draft.klass),
        trainable=_trainable(draft),
        subset=draft.asked.subset,
    )
