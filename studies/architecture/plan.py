"""What an architecture search will do: all that was asked, checked before anything is started."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from automl_on_ray.clusters import (
    AUTO,
    GpusAsked,
    Storage,
    check_address,
    check_resources,
    find_storage,
    gpus_asked,
    joins_cluster,
    patience,
    refuse_idle_gpus,
)
from automl_on_ray.command_line import command_line
from automl_on_ray.schedulers import SchedulerSettings, create_scheduler, scheduler_capabilities
from automl_on_ray.search_spaces import Config, SearchSpace, darts
from automl_on_ray.search_spaces.cells import check_sizes, operation_set
from automl_on_ray.search_spaces.core import Objective, UserError, check_no_secrets
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.studies.architecture.memory import bytes_per_trial, check_memory
from automl_on_ray.studies.architecture.settings import NasSettings, check_words
from automl_on_ray.studies.folder import StudyFolder, open_study
from automl_on_ray.studies.inputs import (
    check_experiment,
    check_images,
    check_model,
    check_pair,
    check_pixels,
    check_supernet,
    data_offers,
    facts,
    find_space,
    load_data,
    read_cells,
    study_name,
)
from automl_on_ray.studies.populations import explorer_of
from automl_on_ray.tracking import Study, TrackingCallback
from automl_on_ray.tracking.store import check_tracking, default_uri
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.differentiable_search import DEFAULTS as SUPERNET_DEFAULTS
from automl_on_ray.trainables.image_classifier import DEFAULTS, ImageClassifier
from automl_on_ray.trainables.multi_process import data_parallel

FOUND, COMPARED = "found.json", "compared.json"  # what the first two stages leave in the folder
OBJECTIVE = Objective("val_accuracy")  # of a cell by itself


@dataclass(frozen=True)
class CellEvaluation:
    """How the search judges what its searcher proposes: by `samples` trials of `klass`."""

    role: str  # of their runs in MLflow
    klass: type[tune.Trainable]
    space: SearchSpace
    objective: Objective
    samples: int
    epochs: int
    offers: Mapping[str, Any]
    workers: int = 1


@dataclass(frozen=True)
class NasPlan:
    """`offers` are the keywords of a cell's own training, with all images for `asked.epochs`."""

    asked: NasSettings
    gpus: GpusAsked
    uri: str
    data: Dataset
    cells: SearchSpace
    given: Mapping[str, Config]
    offers: dict[str, Any]
    judging: CellEvaluation
    searcher: Searcher
    scheduler: TrialScheduler
    storage: Storage
    study: StudyFolder
    record: Study

    def tracker(self, role: str, stage: str = "") -> TrackingCallback:
        record = self.record
        if role == self.judging.role:
            record = replace(
                record, objectives=(self.judging.objective,), max_t=self.judging.epochs
            )
        return TrackingCallback(
            uri=self.uri, experiment=self.asked.experiment, study=record,
            folder=self.study.path / "journal", role=role, stage=stage,
        )  # fmt: skip


def prepare(asked: NasSettings) -> NasPlan:
    """Nothing is started yet. Raises UserError for whatever its user can mend."""
    check_no_secrets(vars(asked))  # all of it may be kept
    check_words(asked)
    check_experiment(asked.experiment)
    check_model(asked.register)
    name = study_name(asked.name, "nas")
    supernet_space = _supernet_space(asked)
    check_supernet(supernet_space, channels=asked.search_channels)
    cells = _cell_space(asked)
    given = read_cells(asked.cells, cells)
    check_pair(asked.scheduler, asked.searcher)
    gpus = gpus_asked(asked.gpus_per_trial)
    check_address(asked.address)
    check_resources(cpus=asked.cpus_per_trial, gpus=gpus, address=asked.address)
    refuse_idle_gpus(ImageClassifier, gpus)
    place = find_storage(asked.storage)
    uri = asked.tracking_uri or default_uri(place.local)
    offers: dict[str, Any] = {
        **data_offers(asked.dataset, asked.data_dir),
        "seed": asked.seed, "space": cells, "subset": None, "epochs": asked.epochs,
    }  # fmt: skip
    data, offers = load_data(ImageClassifier, offers)
    assert data is not None
    _check_data(asked, data, supernet_space, None if gpus == AUTO else gpus)
    judging = _judging(asked, supernet_space, cells, offers, data)
    searcher = create_searcher(
        asked.searcher,
        SearcherSettings(
            judging.space, (judging.objective,), seed=asked.seed, max_t=judging.epochs,
            samples=judging.samples,
        ),
    )  # fmt: skip
    scheduler = create_scheduler(
        asked.scheduler,
        SchedulerSettings(
            judging.space, judging.objective, judging.epochs, judging.samples, asked.seed,
            interval=asked.interval, synchronous=asked.synchronous,
            explorer=explorer_of(
                asked.explore, scheduler=asked.scheduler, space=judging.space,
                epochs=judging.epochs, interval=asked.interval, synchronous=asked.synchronous,
                seed=asked.seed,
            ),
        ),
    )  # fmt: skip
    check_tracking(uri, asked.experiment, patience=patience(asked.address))
    place.fetch(name)
    _check_stage(asked, place.local / name)
    study = open_study(place, name, _identity(asked, data, supernet_space, given),
                       fresh=asked.fresh, trusted=asked.trust_storage)  # fmt: skip
    record = Study(
        name=name, objectives=(OBJECTIVE,), dataset=data.name, dataset_digest=data.digest,
        dataset_context=facts(data), space=f"darts cells of {asked.operations}",
        space_text=json.dumps(judging.space.describe(), indent=1),
        searcher="none: cells were given" if given else asked.searcher,
        scheduler=asked.scheduler, seed=asked.seed, command=command_line(),
        study_id=study.study_id, max_t=asked.select_epochs,
        changes_running_trials=scheduler_capabilities(asked.scheduler).changes_running_trials,
    )  # fmt: skip
    return NasPlan(
        asked, gpus, uri, data, cells, given, offers, judging, searcher, scheduler, place, study,
        record,
    )  # fmt: skip


def subset_of(images: int, data: Dataset) -> int | None:
    """As trainables take it: None for all."""
    return images if 0 < images < len(data.joined()) else None


def _supernet_space(asked: NasSettings) -> SearchSpace:
    """With the augmentation that was asked for, where the space has none of its own."""
    space = find_space(asked.space)
    moves: Config = {"flip": asked.flip, "crop": asked.crop}
    if asked.crop_border != SUPERNET_DEFAULTS["crop_border"]:
        moves["crop_border"] = asked.crop_border
    own = {key: value for key, value in moves.items() if key not in space.all}
    return replace(space, training={**space.training, **own})


def _cell_space(asked: NasSettings) -> SearchSpace:
    rules = {
        "even_cutout": asked.even_cutout, "crop_border": asked.crop_border,
        "nesterov": asked.nesterov, "gradient_clip": asked.gradient_clip,
        "decay_vectors": asked.decay_vectors, "schedule_by": asked.schedule_by,
        "last_batch": asked.last_batch,
    }  # fmt: skip
    return darts.space(
        more={key: value for key, value in rules.items() if value != DEFAULTS[key]},
        operations=asked.operations, channels=asked.channels, layers=asked.layers,
        stem_stride=asked.stem_stride, drop_path=asked.drop_path,
        auxiliary_weight=asked.auxiliary_weight, learning_rate=asked.learning_rate,
        weight_decay=asked.weight_decay, augmentation=asked.augmentation, flip=asked.flip,
        crop=asked.crop, cutout=asked.cutout,
    )  # fmt: skip


def _check_data(
    asked: NasSettings, data: Dataset, supernet_space: SearchSpace, gpus: float | None
) -> None:
    """Against the sizes of images, networks and this machine's memory."""
    depths = [asked.layers]
    if asked.evaluation == "supernet" and not asked.cells:
        depths.append(asked.search_layers)
    for depth in depths:
        check_sizes(data.image_shape, depth, asked.stem_stride)
    check_pixels({"--crop": asked.crop, "--cutout": asked.cutout}, data.image_shape)
    if not joins_cluster(asked.address) and len(depths) == 2:  # a cluster has other machines
        check_memory(
            supernet_space, bytes_per_trial(slots=asked.slots, gpus=gpus),
            channels=asked.search_channels, layers=asked.search_layers,
            stem_stride=asked.stem_stride, image_shape=data.image_shape,
            classes=len(data.classes), operations=operation_set(asked.operations).names,
            recompute=asked.recompute,
        )  # fmt: skip
    images = {"--search-images": asked.search_images, "--select-images": asked.select_images}
    check_images(images, data.classes)


def _judging(
    asked: NasSettings,
    space: SearchSpace,
    cells: SearchSpace,
    offers: dict[str, Any],
    data: Dataset,
) -> CellEvaluation:
    own: dict[str, Any]
    if asked.evaluation == "standalone":
        own = {"epochs": asked.select_epochs, "subset": subset_of(asked.select_images, data)}
        return CellEvaluation(
            "standalone", ImageClassifier, cells, OBJECTIVE, asked.proposals, asked.select_epochs,
            {**offers, **own},
        )  # fmt: skip
    own = {
        "space": space, "epochs": asked.search_epochs,
        "subset": subset_of(asked.search_images, data), "operations": asked.operations,
        "channels": asked.search_channels, "layers": asked.search_layers,
        "stem_stride": asked.stem_stride, "remedy": asked.remedy,
        "eigenvalue_every": asked.eigenvalue_every, "select": asked.select,
        "recompute": asked.recompute,
    }  # fmt: skip
    klass = data_parallel(DartsSupernet, asked.search_workers)
    return CellEvaluation(
        "supernet", klass, space, Objective("val_loss", "min"), asked.supernets,
        asked.search_epochs, {**offers, **own}, asked.search_workers,
    )  # fmt: skip


def _check_stage(asked: NasSettings, folder: Path) -> None:
    """A stage alone needs what those before it left."""
    left = {"select": FOUND, "train": COMPARED}.get(asked.stage)
    before = {"select": "search", "train": "select"}
    if asked.stage == "search" and asked.cells:
        raise UserError("--cells leaves the search out, so there is no --stage search.")
    if left is None or (folder / left).exists() or (asked.stage == "select" and asked.cells):
        return
    raise UserError(
        f"--stage {asked.stage} goes on with what --stage {before[asked.stage]} left, but "
        f"{folder} has none; run that one first with the same --name"
        f"{', or give --cells' if asked.stage == 'select' else ''}."
    )


def _identity(
    asked: NasSettings, data: Dataset, space: SearchSpace, given: Mapping[str, Config]
) -> dict[str, Any]:
    """All whose change makes it another study."""
    search: dict[str, Any] = {"cells": dict(given)}
    if not given:
        search = {
            "evaluation": asked.evaluation,
            "space": space.describe() if asked.evaluation == "supernet" else {},
            "search": [asked.searcher, asked.scheduler, asked.supernets, asked.proposals],
            "perturbations": [asked.explore, asked.interval, asked.synchronous],
            "supernet": [
                asked.search_epochs, asked.search_images, asked.search_channels,
                asked.search_layers, asked.remedy, asked.eigenvalue_every, asked.select,
            ],
        }  # fmt: skip
    return {
        "workflow": "nas",
        "data": data.digest,
        "operations": asked.operations,
        **search,
        "select": [
            asked.candidates, asked.random_cells, asked.select_epochs, asked.select_images,
            asked.select_seeds,
        ],
        "network": _cell_space(asked).constants,
        "seed": asked.seed,
    }  # fmt: skip
