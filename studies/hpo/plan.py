"""What a study of hyperparameters will do: all that was asked, checked before anything starts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

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
from automl_on_ray.command_line import command_line
from automl_on_ray.schedulers import SchedulerSettings, create_scheduler, scheduler_capabilities
from automl_on_ray.schedulers.populations import Replay, Segment
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError, check_no_secrets
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.searchers.ax import metric_names
from automl_on_ray.studies.budget import check_budget
from automl_on_ray.studies.folder import StudyFolder, open_study, stored_study
from automl_on_ray.studies.hpo.settings import HpoSettings
from automl_on_ray.studies.inputs import (
    check_constrained,
    check_data_parallel,
    check_experiment,
    check_model,
    check_pair,
    data_offers,
    facts,
    find_earlier,
    find_space,
    find_trainable,
    load_data,
    objectives_of,
    outcome_constraints_of,
    read_known,
    read_points,
    study_name,
    warmed,
)
from automl_on_ray.studies.populations import REPEATS, explorer_of, read_schedule
from automl_on_ray.tracking import NO_DATA, Study, TrackingCallback
from automl_on_ray.tracking.store import check_tracking, default_uri
from automl_on_ray.trainables.datasets import Dataset


@dataclass(frozen=True)
class HpoPlan:
    """`offers` are the keywords of trials; `recipe` is the schedule given, None for a search.

    `awaited` are the metrics that each trial must report.
    """

    asked: HpoSettings
    klass: type[tune.Trainable]
    space: SearchSpace
    recipe: Sequence[Segment] | None
    gpus: GpusAsked
    uri: str
    data: Dataset | None
    offers: dict[str, Any]
    searcher: Searcher
    scheduler: TrialScheduler
    awaited: tuple[str, ...]
    storage: Storage
    study: StudyFolder
    record: Study

    def tracker(self, role: str, stage: str = "") -> TrackingCallback:
        return TrackingCallback(
            uri=self.uri, experiment=self.asked.experiment, study=self.record,
            folder=self.study.path / "journal", role=role, stage=stage,
        )  # fmt: skip


def prepare(asked: HpoSettings) -> HpoPlan:
    """Nothing is started yet. Raises UserError for whatever its user can mend."""
    check_no_secrets(vars(asked))  # all of it may be kept
    space = find_space(asked.space)
    recipe = read_schedule(asked.replay, space) if asked.replay else None
    if recipe:  # nothing is searched
        asked = replace(
            asked, searcher="random", scheduler="fifo", trials=REPEATS, epochs=recipe[-1].end
        )
    check_experiment(asked.experiment)
    check_model(asked.register)
    name = study_name(asked.name, "hpo")
    check_budget(cost=asked.cost, price_per_hour=asked.price_per_hour)
    if asked.population is not None and asked.population > asked.trials:
        raise UserError(f"--population {asked.population} is more than --trials {asked.trials}.")
    klass = find_trainable(asked.trainable)
    objectives = objectives_of(asked.objective, klass)
    check_constrained(asked.outcome_constraint or (), klass)
    check_pair(asked.scheduler, asked.searcher)
    gpus = gpus_asked(asked.gpus_per_trial)
    check_address(asked.address)
    check_resources(cpus=asked.cpus_per_trial, gpus=gpus, address=asked.address)
    refuse_idle_gpus(klass, gpus)
    check_data_parallel(klass, asked.train_workers)
    place = find_storage(asked.storage)
    uri = asked.tracking_uri or default_uri(place.local)
    outcomes = outcome_constraints_of(asked.outcome_constraint or (), klass)
    proposing = _proposing(asked, space, objectives, outcomes)
    offers: dict[str, Any] = {
        "space": space, **data_offers(asked.dataset, asked.data_dir), "subset": asked.subset,
        "epochs": asked.epochs, "seed": asked.seed,
    }  # fmt: skip
    scheduler = _scheduler(asked, space, objectives[0], recipe)
    check_tracking(uri, asked.experiment, patience=patience(asked.address))
    place.fetch(name)
    before = stored_study(place, name)
    earlier: dict[str, str] | None = None
    if asked.warm_start is not None:
        earlier = find_earlier(asked.warm_start, name, before, uri, fresh=asked.fresh)
    searcher = create_searcher(asked.searcher, proposing)  # refuses before data are read
    data, offers = load_data(klass, offers)
    if earlier:
        told = warmed(proposing, earlier, uri, data, searcher=asked.searcher)
        searcher = create_searcher(asked.searcher, told)
    can = scheduler_capabilities(asked.scheduler)
    fixed = recipe or can.needs_all_configs_at_once
    study = open_study(
        place, name, _identity(asked, data, klass, proposing, earlier, recipe),
        # A study that begins with its own older trials takes their study's place.
        fresh=asked.fresh or bool(earlier and earlier["id"] == before.get("study_id")),
        trusted=asked.trust_storage,
        may_grow=None if fixed else "trials",
        hint=f" (with --warm-start {name} its trials are known to the new one)",
    )  # fmt: skip
    return HpoPlan(
        asked, klass, space, recipe, gpus, uri, data, offers, searcher, scheduler,
        tuple(metric_names(proposing)), place, study, _record(asked, study, proposing, data),
    )  # fmt: skip


def _proposing(
    asked: HpoSettings,
    space: SearchSpace,
    objectives: tuple[Objective, ...],
    outcomes: tuple[str, ...],
) -> SearcherSettings:
    settings = SearcherSettings(
        space=space,
        objectives=objectives,
        seed=asked.seed,
        max_t=asked.epochs,
        samples=asked.trials,
        points=read_points(asked.try_first, space),
        outcome_constraints=outcomes,
        acquisition=asked.acquisition,
        beta=asked.beta,
    )
    names = list(metric_names(settings))
    return replace(settings, known=read_known(asked.known, space, asked.epochs, names))


def _scheduler(
    asked: HpoSettings, space: SearchSpace, objective: Objective, recipe: Sequence[Segment] | None
) -> TrialScheduler:
    explorer = explorer_of(
        asked.explore, scheduler=asked.scheduler, space=space, epochs=asked.epochs,
        interval=asked.interval, synchronous=asked.synchronous, seed=asked.seed,
        population=asked.population,
    )  # fmt: skip
    if recipe:
        return Replay(recipe)
    return create_scheduler(
        asked.scheduler,
        SchedulerSettings(
            space, objective, asked.epochs, asked.trials, asked.seed, interval=asked.interval,
            synchronous=asked.synchronous, population=asked.population, explorer=explorer,
        ),
    )  # fmt: skip


def _identity(
    asked: HpoSettings,
    data: Dataset | None,
    klass: type[tune.Trainable],
    proposing: SearcherSettings,
    earlier: Mapping[str, str] | None,
    recipe: Sequence[Segment] | None,
) -> dict[str, Any]:
    """All whose change makes it another study."""
    return {
        "workflow": "hpo",
        "data": data.digest if data else None,
        "subset": asked.subset,
        "space": proposing.space.describe(),
        "trainable": asked.trainable or klass.__name__,
        "objective": [str(o) for o in proposing.objectives],
        "searcher": [asked.searcher, asked.acquisition, asked.beta],
        "scheduler": [asked.scheduler, asked.explore, asked.interval, asked.synchronous],
        "population": asked.population,
        "outcome constraints": list(proposing.outcome_constraints),
        "points to try first": list(proposing.points),
        "warm start": earlier,
        "replay": [asdict(segment) for segment in recipe or []],
        "trials": asked.trials,
        "epochs": asked.epochs,
        "seed": asked.seed,
    }


def _record(
    asked: HpoSettings, study: StudyFolder, proposing: SearcherSettings, data: Dataset | None
) -> Study:
    return Study(
        name=study.path.name,
        objectives=proposing.objectives,
        dataset=data.name if data else NO_DATA,
        dataset_digest=data.digest if data else "",
        dataset_context=facts(data),
        space=proposing.space.name,
        space_text=json.dumps(proposing.space.describe(), indent=1),
        searcher="none: a schedule was given" if asked.replay else asked.searcher,
        scheduler="replay" if asked.replay else asked.scheduler,
        seed=asked.seed,
        command=command_line(),
        study_id=study.study_id,
        max_t=asked.epochs,
        changes_running_trials=scheduler_capabilities(asked.scheduler).changes_running_trials,
    )
