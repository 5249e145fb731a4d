"""The plan of an architecture search: all settings, checked before anything is started."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from automl_on_ray.clusters import AUTO, joins_cluster
from automl_on_ray.search_spaces import Config, SearchSpace, darts
from automl_on_ray.search_spaces.cells import check_sizes, operation_set
from automl_on_ray.search_spaces.core import Objective, UserError, check_no_secrets
from automl_on_ray.studies.architecture.memory import bytes_per_trial, check_memory
from automl_on_ray.studies.architecture.settings import NasSettings, check_words
from automl_on_ray.studies.inputs import (
    check_images,
    check_pixels,
    check_supernet,
    data_offers,
    find_space,
    load_data,
    read_cells,
)
from automl_on_ray.studies.plan import Evaluation, StudyPlan, draft_study, open_plan, replayed
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.differentiable_search import DEFAULTS as SUPERNET_DEFAULTS
from automl_on_ray.trainables.image_classifier import DEFAULTS, ImageClassifier
from automl_on_ray.trainables.multi_process import data_parallel

FOUND, COMPARED = "found.json", "compared.json"  # what the first two stages leave in the folder
OBJECTIVE = Objective("val_accuracy")  # of a cell by itself


@dataclass(frozen=True)
class NasPlan(StudyPlan):
    """`cells` are the space of cells by themselves, `given` those that take the search's place.

    The final training, with all images, is that of a cell by itself.
    """

    asked: NasSettings
    data: Dataset
    cells: SearchSpace
    given: Mapping[str, Config]


def prepare(asked: NasSettings) -> NasPlan:
    """Nothing is started yet. Raises UserError for whatever its user can mend."""
    check_no_secrets(vars(asked))  # all of it may be kept
    check_words(asked)
    supernet_space = _supernet_space(asked)
    check_supernet(supernet_space, channels=asked.search_channels)
    cells = _cell_space(asked)
    given = read_cells(asked.cells, cells)
    alone = asked.evaluation == "standalone"
    asked, recipe = replayed(asked, cells if alone else supernet_space, "supernets", "proposals")
    evaluation = _of_cells(asked, cells) if alone else _of_supernets(asked, supernet_space)
    draft = draft_study(asked, evaluation, ImageClassifier, recipe)
    offers: dict[str, Any] = {
        **data_offers(asked.dataset, asked.data_dir), "space": cells, "subset": asked.subset,
        "epochs": asked.epochs_of_final, "seed": asked.seed,
    }  # fmt: skip
    data, offers = load_data(ImageClassifier, offers)
    assert data is not None
    _check_data(asked, data, supernet_space, None if draft.gpus == AUTO else draft.gpus)
    images = asked.select_images if alone else asked.search_images
    own = {**evaluation.offers, "subset": subset_of(images, data, asked.subset)}
    evaluation = replace(evaluation, offers={**offers, **own})
    draft.reach_stores()
    _check_stage(asked, draft.storage.local / draft.name)
    stands_for = {"cells": dict(given), "space": {} if alone else supernet_space.describe()}
    plan = open_plan(draft, evaluation, data, offers, stands_for)
    record = replace(
        plan.record, objectives=(OBJECTIVE,), max_t=asked.select_epochs,
        space=f"darts cells of {asked.operations}",
        searcher="none: cells were given" if given else plan.record.searcher,
    )  # fmt: skip
    return NasPlan(**{**vars(plan), "record": record}, cells=cells, given=given)


def subset_of(images: int, data: Dataset, most: int | None) -> int | None:
    """As trainables take it: of `data` (themselves `most` images); None for all."""
    return images if 0 < images < len(data.joined()) else most


def _supernet_space(asked: NasSettings) -> SearchSpace:
    """With the augmentation that was asked for, where the space has none of its own."""
    space = find_space(asked.space)
    moves: Config = {"flip": asked.flip, "crop": asked.crop}
    if asked.crop_border != SUPERNET_DEFAULTS["crop_border"]:
        moves["crop_border"] = asked.crop_border
    own = {key: value for key, value in moves.items() if key not in space.all}
    return replace(space, training={**space.training, **own})


def _cell_space(asked: NasSettings) -> SearchSpace:
    rules: Config = {
        "even_cutout": asked.even_cutout, "crop_border": asked.crop_border,
        "nesterov": asked.nesterov, "gradient_clip": asked.gradient_clip,
        "decay_vectors": asked.decay_vectors, "schedule_by": asked.schedule_by,
        "last_batch": asked.last_batch,
    }  # fmt: skip
    own = {key: value for key, value in rules.items() if value != DEFAULTS[key]}
    if asked.cutout is not None:
        own["cutout"] = asked.cutout
    return darts.space(
        operations=asked.operations, channels=asked.channels, layers=asked.layers,
        stem_stride=asked.stem_stride, drop_path=asked.drop_path,
        auxiliary_weight=asked.auxiliary_weight, learning_rate=asked.learning_rate,
        weight_decay=asked.weight_decay, augmentation=asked.augmentation, flip=asked.flip,
        crop=asked.crop, **own,
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


def _of_cells(asked: NasSettings, cells: SearchSpace) -> Evaluation:
    """Each is trained by itself."""
    return Evaluation(
        "standalone", data_parallel(ImageClassifier, asked.search_workers), cells, (OBJECTIVE,),
        asked.proposals, asked.epochs, asked.search_workers, {"epochs": asked.epochs},
    )  # fmt: skip


def _of_supernets(asked: NasSettings, space: SearchSpace) -> Evaluation:
    """Each derives a cell."""
    offers = {
        "space": space, "epochs": asked.epochs, "operations": asked.operations,
        "channels": asked.search_channels, "layers": asked.search_layers,
        "stem_stride": asked.stem_stride, "remedy": asked.remedy,
        "eigenvalue_every": asked.eigenvalue_every, "select": asked.select,
        "recompute": asked.recompute,
    }  # fmt: skip
    return Evaluation(
        "supernet", data_parallel(DartsSupernet, asked.search_workers), space,
        (Objective("val_loss", "min"),), asked.supernets, asked.epochs, asked.search_workers,
        offers,
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
