"""Neural architecture search with DARTS supernets: python workflows/nas.py --help"""

import dataclasses
import json
import os
import random
from pathlib import Path
from typing import Any

import typer
from ray import tune

from schedulers._create import check_pair, create_scheduler, traits
from schedulers._settings import Settings as SchedulerSettings
from search_spaces import darts
from search_spaces._cell_text import cell_text
from search_spaces._cells import check_sizes
from search_spaces._errors import UserError
from search_spaces._objective import Objective
from search_spaces._operation_sets import operation_set
from searchers._create import create_searcher
from searchers._settings import Settings as SearcherSettings
from tracking._server import check_tracking, default_uri
from tracking._study import Study
from tracking.callback import TrackingCallback
from trainables._doctor import check_remedy
from trainables._perturbation import check_selection
from trainables.darts_supernet import DartsSupernet
from trainables.image_classifier import ImageClassifier
from workflows import _nas_options as nas_options
from workflows import _options as options
from workflows._budget import Budget, check_budget
from workflows._candidates import Searched, best_rows, candidates_of, judge, searched_of
from workflows._checks import (
    check_counts,
    check_images,
    check_supernet,
    data_source,
    study_name,
)
from workflows._cli import command_line, console, quiet_libraries, told_plainly
from workflows._conclude import conclude, say_how_to_go_on
from workflows._folder import open_study, write_json
from workflows._memory import bytes_per_trial, check_memory
from workflows._population import proposals
from workflows._progress import Progress
from workflows._resources import check_resources, share_out, start_ray
from workflows._resume import resume_config
from workflows._rows import Row
from workflows._run_config import run_config
from workflows._select import end_stage, keep_cell, print_judged, print_searched, train_candidates
from workflows._trainable import bind, facts, find_space, load_data

STAGES = ("search", "select", "train", "all")
SEARCH_OBJECTIVE = Objective("val_loss", "min")  # of a supernet
OBJECTIVE = Objective("val_accuracy")  # of a cell by itself


def nas(
    preset: nas_options.Preset = None,
    stage: nas_options.Stage = "all",
    dataset: options.Dataset = "mnist",
    data_dir: options.DataDir = None,
    seed: options.Seed = 0,
    operations: nas_options.Operations = "darts",
    space: nas_options.SupernetSpace = "darts-supernet",
    searcher: options.Searcher = "bayesian",
    scheduler: options.Scheduler = "fifo",
    supernets: nas_options.Supernets = 4,
    search_epochs: nas_options.SearchEpochs = 6,
    search_images: nas_options.SearchImages = 2000,
    search_channels: nas_options.SearchChannels = 8,
    search_layers: nas_options.SearchLayers = 3,
    remedy: nas_options.Remedy = "stop",
    eigenvalue_every: nas_options.EigenvalueEvery = 0,
    select: nas_options.Select = "magnitude",
    candidates: nas_options.Candidates = 3,
    random_cells: nas_options.RandomCells = 3,
    select_epochs: nas_options.SelectEpochs = 3,
    select_images: nas_options.SelectImages = 6000,
    select_seeds: nas_options.SelectSeeds = 2,
    channels: nas_options.Channels = 8,
    layers: nas_options.Layers = 5,
    stem_stride: nas_options.StemStride = 2,
    epochs: nas_options.Epochs = 5,
    seeds: nas_options.Seeds = 2,
    drop_path: nas_options.DropPath = 0.0,
    auxiliary_weight: nas_options.AuxiliaryWeight = 0.0,
    learning_rate: nas_options.LearningRate = 0.05,
    weight_decay: nas_options.WeightDecay = 3e-4,
    minutes: options.Minutes = None,
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
    experiment: options.Experiment = "nas",
    register: options.Register = None,
) -> None:
    """Search a network's cells with DARTS supernets on Ray Tune, every trial tracked in MLflow.

    Supernets are searched, their cells trained briefly beside random ones, and the best cell is
    trained from scratch, tested once and registered. --minutes bounds the search. Ctrl-C stops
    cleanly; the same command with the same --name goes on.
    """
    with told_plainly():
        quiet_libraries()
        # What was asked, checked before anything is started.
        if stage not in STAGES:
            raise UserError(f"Unknown stage {stage!r}. There are: {', '.join(STAGES)}.")
        check_counts(
            {
                "--supernets": supernets, "--search-epochs": search_epochs,
                "--candidates": candidates, "--select-epochs": select_epochs,
                "--select-seeds": select_seeds, "--epochs": epochs, "--seeds": seeds,
                "--channels": channels, "--layers": layers, "--search-channels": search_channels,
                "--search-layers": search_layers, "--stem-stride": stem_stride,
            },
            {
                "--random-cells": random_cells, "--max-failures": max_failures,
                "--search-images": search_images, "--select-images": select_images,
                "--eigenvalue-every": eigenvalue_every,
            },
        )  # fmt: skip
        check_budget(minutes=minutes, cost=None, price_per_hour=None)
        check_remedy(remedy)
        check_selection(select)
        supernet_space = find_space(space)
        check_supernet(supernet_space, channels=search_channels)
        operation_set(operations)
        cells = darts.space(
            operations=operations, channels=channels, layers=layers, stem_stride=stem_stride,
            drop_path=drop_path, auxiliary_weight=auxiliary_weight, learning_rate=learning_rate,
            weight_decay=weight_decay,
        )  # fmt: skip
        check_pair(scheduler, searcher)
        check_resources(slots=slots, cpus=cpus_per_trial, gpus=gpus_per_trial, address=address)
        uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or default_uri(storage)
        search_alg = create_searcher(
            searcher,
            SearcherSettings(
                supernet_space, (SEARCH_OBJECTIVE,), seed=seed, max_t=search_epochs,
                samples=supernets,
            ),
        )  # fmt: skip
        judge_of_trials = create_scheduler(
            scheduler,
            SchedulerSettings(supernet_space, SEARCH_OBJECTIVE, search_epochs, supernets, seed),
        )
        check_tracking(uri)
        common: dict[str, Any] = {
            "dataset": data_source(dataset),
            "data_dir": str(data_dir.expanduser().absolute()) if data_dir else None,
            "seed": seed,
        }
        offers = {**common, "space": cells, "subset": None, "epochs": epochs}
        data = load_data(ImageClassifier, offers)
        assert data is not None
        for depth in (layers, search_layers):
            check_sizes(data.image_shape, depth, stem_stride)
        if address is None:
            check_memory(
                supernet_space, bytes_per_trial(slots=slots, gpus=gpus_per_trial),
                channels=search_channels, layers=search_layers, stem_stride=stem_stride,
                image_shape=data.image_shape, classes=len(data.classes),
                operations=operation_set(operations).names,
            )  # fmt: skip
        check_images(
            {"--search-images": search_images, "--select-images": select_images}, data.classes
        )
        count = len(data.joined())
        search_subset, select_subset = (
            images if 0 < images < count else None for images in (search_images, select_images)
        )
        asked = {
            "workflow": "nas",
            "data": data.digest,
            "space": supernet_space.describe(),
            "operations": operations,
            "search": [searcher, scheduler, supernets, search_epochs, search_images],
            "supernet": [
                search_channels,
                search_layers,
                stem_stride,
                remedy,
                eigenvalue_every,
                select,
            ],
            "select": [candidates, random_cells, select_epochs, select_images, select_seeds],
            "network": [channels, layers, drop_path, auxiliary_weight],
            "training": [learning_rate, weight_decay],
            "seed": seed,
        }
        study = open_study(storage, study_name(name, "nas"), asked, fresh=fresh)
        budget = Budget(study.path / "spent.json", minutes=minutes, cost=None, price_per_hour=None)
        record = Study(
            name=study.path.name, objectives=(OBJECTIVE,), dataset=data.name,
            dataset_digest=data.digest, dataset_context=facts(data),
            space=f"darts cells of {operations}",
            space_text=json.dumps(supernet_space.describe(), indent=1), searcher=searcher,
            scheduler=scheduler, seed=seed, command=command_line(), study_id=study.study_id,
            max_t=select_epochs,
        )  # fmt: skip
        random.seed(seed)  # Ray's PBT draws from here
        start_ray(address)
        resources = share_out(slots=slots, cpus=cpus_per_trial, gpus=gpus_per_trial)

        def tracker(role: str) -> TrackingCallback:
            told = record
            if role == "supernet":
                told = dataclasses.replace(
                    record, objectives=(SEARCH_OBJECTIVE,), max_t=search_epochs
                )
            return TrackingCallback(
                uri=uri, experiment=experiment, study=told, folder=study.path / "journal",
                role=role,
            )  # fmt: skip

        # 1. Search: supernets, each with alphas of its own.
        found_file = study.path / "supernets.json"
        if not found_file.exists():
            folder = study.path / "search"
            proposing_alg, param_space = proposals(search_alg, supernet_space, scheduler, supernets)
            pausing = traits(scheduler).pauses_trials
            resume = resume_config(folder, retry_failed=retry_failed)
            tracking = tracker("supernet")
            progress = Progress(
                f"{study.path.name}: 1. search, {searcher} + {scheduler} on {record.dataset}, "
                f"{resources.slots} at once{', going on' if resume else ''}",
                objective=SEARCH_OBJECTIVE, total=supernets, epochs=search_epochs, budget=budget,
            )  # fmt: skip
            supernet_offers = {
                **common, "space": supernet_space, "epochs": search_epochs,
                "subset": search_subset, "operations": operations,
                "channels": search_channels, "layers": search_layers, "stem_stride": stem_stride,
                "remedy": remedy, "eigenvalue_every": eigenvalue_every, "select": select,
            }  # fmt: skip
            tuner = tune.Tuner(
                tune.with_resources(bind(DartsSupernet, supernet_offers), resources.per_trial),
                param_space=param_space,
                tune_config=tune.TuneConfig(
                    search_alg=proposing_alg,
                    scheduler=judge_of_trials,
                    num_samples=supernets,
                    max_concurrent_trials=None if pausing else resources.slots,
                    reuse_actors=True,
                ),
                run_config=run_config(
                    folder, [tracking, progress], keep=3, max_failures=max_failures, stop=budget
                ),
                _tuner_kwargs={"resume_config": resume} if resume else {},
            )
            budget.begin()
            with progress:
                trials = tuner.fit()._experiment_analysis.trials
            budget.save()
            stopped = progress.unfinished | progress.cut_by_budget
            searched = [
                searched_of(t, max_t=search_epochs, stopped=t.trial_id in stopped) for t in trials
            ]
            tracking.study_end("stopped")  # the study goes on with the next stage
            if progress.unfinished and budget.reason is None:
                say_how_to_go_on(study, [s.row for s in searched], [SEARCH_OBJECTIVE])
            write_json(found_file, [s.as_dict() for s in searched])
        searched = [Searched.from_dict(stored) for stored in json.loads(found_file.read_text())]
        print_searched(searched, SEARCH_OBJECTIVE)
        missing = [found.row for found in searched if found.row.outcome == "failed"]
        chosen = candidates_of(
            searched, SEARCH_OBJECTIVE, cells, most=candidates, random=random_cells, seed=seed
        )
        nothing = all(candidate.random for candidate in chosen)
        if stage == "search" or nothing:
            end_stage(missing, nothing=nothing)
            return

        # 2. Select: their cells by themselves, with random ones beside them.
        if not study.searched:
            tracking = tracker("trial")
            rows = train_candidates(
                bind(
                    ImageClassifier,
                    {**offers, "epochs": select_epochs, "subset": select_subset},
                ),
                chosen,
                cells.constants,
                seeds=select_seeds,
                epochs=select_epochs,
                folder=study.path / "select",
                resources=resources,
                tracking=tracking,
                progress=Progress(
                    f"{study.path.name}: 2. select, {len(chosen)} cells by themselves",
                    objective=OBJECTIVE, total=len(chosen) * select_seeds, epochs=select_epochs,
                ),
            )  # fmt: skip
            tracking.study_end("stopped")
            if any(row.outcome == "stopped" for row in rows):
                say_how_to_go_on(study, rows, [OBJECTIVE])
            study.write_rows([row.as_dict() for row in rows])
        rows = [Row(**row) for row in study.read_rows()]
        judged = judge(chosen, rows, OBJECTIVE)
        missing += [row for row in rows if row.outcome == "failed"]
        print_judged(judged, OBJECTIVE, SEARCH_OBJECTIVE)
        if stage == "select" or not judged:
            end_stage(missing, nothing=not judged)
            return

        # 3. Train the winner from scratch, test it once. 4. Keep it.
        winner = judged[0]
        console.print(cell_text(winner.candidate.cell), markup=False)
        keep_cell(tracker("trial"), winner.candidate.cell)
        conclude(
            study, record, [*best_rows(judged), *missing], klass=ImageClassifier, offers=offers,
            data=data, uri=uri, tracker=tracker, resources=resources, seeds=seeds, epochs=epochs,
            register=register or f"nas-{record.dataset}", ended_by=budget.reason,
            show_trials=False,
        )  # fmt: skip


if __name__ == "__main__":
    typer.run(nas)
