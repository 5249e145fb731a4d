"""Hyperparameter optimisation: python workflows/hpo.py --help"""

import os
import random
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from ray import tune

from schedulers._create import check_pair, create_scheduler, traits
from schedulers._settings import Settings as SchedulerSettings
from search_spaces._objective import Objective
from search_spaces._space import SearchSpace
from searchers._create import create_searcher
from searchers._settings import Settings as SearcherSettings
from workflows import _options as options
from workflows._budget import Budget
from workflows._checks import check_counts
from workflows._cli import INTERRUPTED, console, quiet_libraries, told_plainly
from workflows._folder import StudyFolder, open_study
from workflows._given import read_known, read_points
from workflows._population import first_population, placeholders
from workflows._progress import Progress
from workflows._report import Report
from workflows._resources import Resources, check_resources, share_out, start_ray
from workflows._resume import StateKeeper, resume_config
from workflows._rows import row_of
from workflows._tracked import Tracked
from workflows._trainable import accepts, bind, find_space, find_trainable, objectives_of


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
    acquisition: options.Acquisition = None,
    beta: options.Beta = None,
    outcome_constraint: options.OutcomeConstraint = None,
    try_first: options.TryFirst = None,
    known: options.Known = None,
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
    storage: options.Storage = Path("runs"),
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
    with told_plainly():
        quiet_libraries()
        final_epochs = epochs if final_epochs is None else final_epochs
        check_counts(
            {"--trials": trials, "--epochs": epochs, "--final-epochs": final_epochs},
            {"--final-seeds": final_seeds, "--max-failures": max_failures},
        )
        the_space = find_space(space)
        klass = find_trainable(trainable)
        objectives = objectives_of(objective, klass)
        check_pair(scheduler, searcher)
        check_resources(slots=slots, cpus=cpus_per_trial, gpus=gpus_per_trial, address=address)
        proposals = SearcherSettings(
            space=the_space,
            objectives=objectives,
            seed=seed,
            max_t=epochs,
            samples=trials,
            points=read_points(try_first, the_space),
            known=read_known(known, the_space),
            outcome_constraints=tuple(outcome_constraint or ()),
            acquisition=acquisition,
            beta=beta,
        )
        judging = SchedulerSettings(the_space, objectives[0], epochs, trials, seed)
        offers: dict[str, Any] = {
            "space": the_space,
            "dataset": data_source(dataset),
            "data_dir": str(data_dir.expanduser().absolute()) if data_dir else None,
            "subset": subset,
            "epochs": epochs,
            "seed": seed,
        }
        asked = {
            "workflow": "hpo",
            "space": the_space.describe(),
            "trainable": trainable or "image classifier",
            "objective": [str(o) for o in objectives],
            "searcher": searcher,
            "scheduler": scheduler,
            "acquisition": acquisition,
            "beta": beta,
            "outcome constraints": list(proposals.outcome_constraints),
            "points to try first": list(proposals.points),
            "trials": trials,
            "epochs": epochs,
            "subset": subset,
            "seed": seed,
        }
        uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or default_uri(storage)
        check_tracking(uri)
        data = load_data(klass, offers)
        asked["data"] = data.digest if data else None
        search_alg = create_searcher(searcher, proposals)
        judge = create_scheduler(scheduler, judging)
        study = open_study(storage, study_name(name, "hpo"), asked, fresh=fresh)
        budget = Budget(
            study.path / "spent.json", minutes=minutes, cost=cost, price_per_hour=price_per_hour
        )
        random.seed(seed)  # Ray's PBT draws from here
        start_ray(address)
        resources = share_out(slots=slots, cpus=cpus_per_trial, gpus=gpus_per_trial)
        record = Study(
            name=study.path.name,
            objectives=objectives,
            dataset=dataset if data else "the trainable's own",
            dataset_digest=data.digest if data else "",
            dataset_context=facts(data),
            space=the_space.name,
            space_text=json.dumps(the_space.describe(), indent=1),
            searcher=searcher,
            scheduler=scheduler,
            seed=seed,
            command=shlex.join(["python", *sys.argv]),
            study_id=study.study_id,
            max_t=epochs,
        )
        tracking = TrackingCallback(
            uri=uri, experiment=experiment, study=record, folder=study.path / "journal"
        )
        # The study itself.
        if not study.searched:
            pausing = traits(scheduler).pauses_trials
            population = traits(scheduler).searchers is not None
            folder = study.path / "search"
            resume = resume_config(folder, retry_failed=retry_failed)
            title = f"{study.path.name}: {searcher} + {scheduler} on {dataset}"
            progress = Progress(
                title, objective=objectives[0], total=trials, epochs=epochs, budget=budget
            )
            tuner = tune.Tuner(
                tune.with_resources(bind(klass, offers), resources.per_trial),
                param_space=placeholders(the_space) if population else the_space.constants,
                tune_config=tune.TuneConfig(
                    search_alg=first_population(search_alg, trials) if population else search_alg,
                    scheduler=judge,
                    num_samples=trials,
                    # A limit would starve a scheduler that pauses trials until others catch up.
                    max_concurrent_trials=None if pausing else resources.slots,
                    reuse_actors=True,
                ),
                run_config=tune.RunConfig(
                    name=folder.name,
                    storage_path=str(folder.parent),
                    stop=budget,
                    callbacks=[tracking, progress, StateKeeper(folder)],
                    checkpoint_config=tune.CheckpointConfig(
                        num_to_keep=3, checkpoint_frequency=1, checkpoint_at_end=True
                    ),
                    failure_config=tune.FailureConfig(max_failures=max_failures),
                    verbose=0,
                ),
                _tuner_kwargs={"resume_config": resume} if resume else {},
            )
            budget.begin()
            with progress:
                results = tuner.fit()
            budget.save()
