"""Hyperparameter optimisation: python workflows/hpo.py --help"""

import json
import os
import random
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import typer
from ray import tune

from schedulers._create import check_pair, create_scheduler, traits
from schedulers._population_based import PopulationBased
from schedulers._replay import Replay
from schedulers._settings import Settings as SchedulerSettings
from schedulers._surviving import Surviving
from search_spaces._errors import UserError
from searchers._create import create_searcher
from searchers._settings import Settings as SearcherSettings
from tracking._server import check_tracking, default_uri
from tracking._study import Study
from tracking.callback import TrackingCallback
from workflows import _options as options
from workflows._budget import Budget, check_budget
from workflows._checks import check_counts, data_offers, study_name
from workflows._cli import command_line, quiet_libraries, told_plainly
from workflows._cluster import check_data, check_shared, patience, start_ray
from workflows._conclude import conclude, say_how_to_go_on
from workflows._folder import open_study, stored_study
from workflows._given import read_known, read_points
from workflows._gpu_share import measured_share
from workflows._lives import REPEATS, keep_lives, lives_of, read_schedule, seeds_along
from workflows._population import explorer_of, proposals
from workflows._progress import Progress
from workflows._resources import (
    AUTO,
    check_resources,
    gpus_asked,
    share_out,
    wait_for_workers,
)
from workflows._resume import resume_config
from workflows._rows import Row, row_of
from workflows._run_config import run_config
from workflows._storage import find_storage
from workflows._trainable import (
    bind,
    facts,
    find_space,
    find_trainable,
    is_reusable,
    load_data,
    objectives_of,
    taken_of,
)
from workflows._warm_start import find_earlier, warmed


def hpo(
    dataset: options.Dataset = "mnist",
    data_dir: options.DataDir = None,
    subset: options.Subset = None,
    trainable: options.Trainable = None,
    space: options.Space = "mnist-cnn",
    objective: options.ObjectiveText = "accuracy",
    seed: options.Seed = 0,
    searcher: options.Searcher = "bayesian",
    scheduler: options.Scheduler = "asha",
    explore: options.Explore = None,
    interval: options.Interval = None,
    synchronous: options.Synchronous = False,
    population: options.Population = None,
    replay: options.ReplayFile = None,
    acquisition: options.Acquisition = None,
    beta: options.Beta = None,
    outcome_constraint: options.OutcomeConstraint = None,
    try_first: options.TryFirst = None,
    known: options.Known = None,
    warm_start: options.WarmStart = None,
    trials: options.Trials = 16,
    epochs: options.Epochs = 4,
    minutes: options.Minutes = None,
    cost: options.Cost = None,
    price_per_hour: options.PricePerHour = None,
    slots: options.Slots = None,
    cpus_per_trial: options.CpusPerTrial = None,
    gpus_per_trial: options.GpusPerTrial = None,
    address: options.Address = None,
    max_failures: options.MaxFailures = 1,
    name: options.Name = None,
    fresh: options.Fresh = False,
    retry_failed: options.RetryFailed = False,
    storage: options.Storage = "runs",
    tracking_uri: options.TrackingUri = None,
    experiment: options.Experiment = "hpo",
    final_seeds: options.FinalSeeds = 3,
    final_epochs: options.FinalEpochs = None,
    register: options.Register = None,
) -> None:
    """Tune hyperparameters on Ray Tune, with Ax's proposals, every trial tracked in MLflow.

    The best config is trained again with several seeds and tested once. Ctrl-C stops cleanly; the
    same command with the same --name goes on.
    """
    with told_plainly(), ExitStack() as ends:
        quiet_libraries()
        # What was asked, checked before anything is started.
        the_space = find_space(space)
        recipe = read_schedule(replay, the_space) if replay else None
        if recipe:  # nothing is searched
            searcher, scheduler, trials, epochs = "random", "fifo", REPEATS, recipe[-1].end
        final_epochs = epochs if final_epochs is None else final_epochs
        check_counts(
            {
                "--trials": trials,
                "--epochs": epochs,
                "--final-epochs": final_epochs,
                "--interval": 1 if interval is None else interval,
            },
            {"--final-seeds": final_seeds, "--max-failures": max_failures},
        )
        check_budget(minutes=minutes, cost=cost, price_per_hour=price_per_hour)
        klass = find_trainable(trainable)
        objectives = objectives_of(objective, klass)
        check_pair(scheduler, searcher)
        gpus = gpus_asked(gpus_per_trial)
        check_resources(slots=slots, cpus=cpus_per_trial, gpus=gpus, address=address)
        place = find_storage(storage)
        uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or default_uri(place.local)
        proposing = SearcherSettings(
            space=the_space,
            objectives=objectives,
            seed=seed,
            max_t=epochs,
            samples=trials,
            points=read_points(try_first, the_space),
            known=read_known(known, the_space, epochs),
            outcome_constraints=tuple(outcome_constraint or ()),
            acquisition=acquisition,
            beta=beta,
        )
        offers: dict[str, Any] = {
            "space": the_space,
            **data_offers(dataset, data_dir),
            "subset": subset,
            "epochs": epochs,
            "seed": seed,
        }
        explorer = explorer_of(
            explore, scheduler=scheduler, space=the_space, epochs=epochs, interval=interval,
            synchronous=synchronous, seed=seed, population=population,
        )  # fmt: skip
        judge = Replay(recipe) if recipe else create_scheduler(
            scheduler,
            SchedulerSettings(
                the_space, objectives[0], epochs, trials, seed, interval=interval,
                synchronous=synchronous, population=population, explorer=explorer,
            ),
        )  # fmt: skip
        check_tracking(uri, patience=patience(address))
        study_is = study_name(name, "hpo")
        place.fetch(study_is)
        before = stored_study(place, study_is)
        if warm_start:
            earlier = find_earlier(warm_start, study_is, before, uri, fresh=fresh)
            proposing = warmed(proposing, earlier, uri)
            # A study that begins with its own older trials takes their study's place.
            fresh = fresh or earlier["id"] == before.get("study_id")
        search_alg = create_searcher(searcher, proposing)
        data, offers = load_data(klass, offers)
        asked = {
            "workflow": "hpo",
            "data": data.digest if data else None,
            "subset": subset,
            "space": the_space.describe(),
            "trainable": trainable or klass.__name__,
            "objective": [str(o) for o in objectives],
            "searcher": [searcher, acquisition, beta],
            "scheduler": [scheduler, explore, interval, synchronous],
            "population": population,
            "outcome constraints": list(proposing.outcome_constraints),
            "points to try first": list(proposing.points),
            "warm start": earlier if warm_start else None,
            "replay": [asdict(segment) for segment in recipe or []],
            "trials": trials,
            "epochs": epochs,
            "seed": seed,
        }
        fixed = recipe or traits(scheduler).searchers is not None  # Ray's PB2 has all at once
        study = ends.enter_context(
            open_study(
                place, study_is, asked, fresh=fresh, may_grow=None if fixed else "trials",
                hint=f" (with --warm-start {study_is} its trials are known to the new one)",
            )
        )  # fmt: skip
        budget = Budget(
            study.path / "spent.json", minutes=minutes, cost=cost, price_per_hour=price_per_hour
        )
        if retry_failed and study.searched and any(row["error"] for row in study.read_rows()):
            if budget.stop_all():
                raise UserError(f"No failed trial can be tried again: {budget.reason}.")
            study.reopen()
        record = Study(
            name=study.path.name,
            objectives=objectives,
            dataset=data.name if data else "the trainable's own",
            dataset_digest=data.digest if data else "",
            dataset_context=facts(data),
            space=the_space.name,
            space_text=json.dumps(the_space.describe(), indent=1),
            searcher="none: a schedule was given" if recipe else searcher,
            scheduler="replay" if recipe else scheduler,
            seed=seed,
            command=command_line(),
            study_id=study.study_id,
            max_t=epochs,
        )
        random.seed(seed)  # Ray's PB2 draws from here
        start_ray(address, modules=[klass.__module__, space.partition(":")[0]])
        wait_for_workers(address)
        check_shared(place)
        if data:
            check_data(offers)
        if gpus == AUTO:
            gpus = measured_share(klass, taken_of(klass, offers), the_space, cpus=cpus_per_trial)
        resources = share_out(slots=slots, cpus=cpus_per_trial, gpus=gpus)

        def tracker(role: str, stage: str = "") -> TrackingCallback:
            return TrackingCallback(
                uri=uri, experiment=experiment, study=record, folder=study.path / "journal",
                role=role, stage=stage,
            )  # fmt: skip

        # The study itself.
        if not study.searched:
            stage = study.stage("search")
            proposing_alg, param_space = (
                (None, seeds_along(recipe, seed)) if recipe
                else proposals(search_alg, the_space, scheduler, trials)
            )  # fmt: skip
            pausing = recipe is not None or traits(scheduler).pauses_trials
            surviving = Surviving(judge)
            resume = resume_config(stage, retry_failed=retry_failed, trials=trials)
            tracking = tracker("trial")
            progress = Progress(
                f"{study.path.name}: {record.searcher} + {record.scheduler} on {record.dataset}, "
                f"{resources.slots} at once{', going on' if resume else ''}",
                objective=objectives[0], total=trials, epochs=epochs, budget=budget,
            )  # fmt: skip
            tuner = tune.Tuner(
                tune.with_resources(bind(klass, offers), resources.per_trial),
                param_space=param_space,
                tune_config=tune.TuneConfig(
                    search_alg=proposing_alg,
                    scheduler=surviving,
                    num_samples=1 if recipe else trials,
                    # A limit would starve a scheduler that pauses trials until others catch up.
                    max_concurrent_trials=population if pausing else resources.slots,
                    reuse_actors=is_reusable(klass),
                ),
                run_config=run_config(
                    stage,
                    [tracking, progress],
                    keep=traits(scheduler).keep,
                    max_failures=max_failures,
                    stop=budget,
                    # A replay remembers nothing: it goes by the checkpoint that it begins with.
                    scheduler=None if recipe else surviving,
                ),
                _tuner_kwargs={"resume_config": resume} if resume else {},
            )
            budget.begin()
            with progress:
                finished = tuner.fit()._experiment_analysis.trials
            budget.save()
            stopped = progress.unfinished | progress.cut_by_budget
            rows = [row_of(t, max_t=epochs, stopped=t.trial_id in stopped) for t in finished]
            if progress.unfinished and budget.reason is None:
                tracking.study_end("stopped")
                say_how_to_go_on(study, rows, objectives)
            if isinstance(judge, PopulationBased):
                surviving.awake()
                keep_lives(study, judge, rows, objectives, tracking)
            tracking.study_end("completed")
            study.write_rows([row.as_dict() for row in rows])
        rows = [Row(**row) for row in study.read_rows()]
        lives = {row.trial_id: recipe for row in rows} if recipe else lives_of(study)
        conclude(
            study, record, rows, klass=klass, offers=offers, data=data, uri=uri,
            tracker=tracker, resources=resources, seeds=final_seeds, epochs=final_epochs,
            register=register or f"hpo-{record.dataset}", ended_by=budget.reason, lives=lives,
        )  # fmt: skip


if __name__ == "__main__":
    typer.run(hpo)
