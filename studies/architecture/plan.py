"""The plan of an architecture search: all settings, checked before anything is started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from automl_on_ray.clusters import AUTO
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import operation_set
from automl_on_ray.search_spaces.core import (
    Objective,
    UserError,
    check_choice,
    parse_objectives,
)
from automl_on_ray.search_spaces.data_kinds import Data
from automl_on_ray.studies.architecture.evaluations import Way, way_of
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.folder import stored_study
from automl_on_ray.studies.inputs import (
    check_data_parallel,
    check_images,
    check_pixels,
    data_kwargs,
    find_trainable,
    images_of,
    load_data,
    network_kwargs,
    objectives_of,
    read_architectures,
)
from automl_on_ray.studies.plan import Draft, StudyPlan, draft_study, open_plan, replayed
from automl_on_ray.trainables import BORDERS, SCHEDULED_BY
from automl_on_ray.trainables.datasets import Dataset

COMPARED = "compared.json"  # what the second stage leaves in the folder
OBJECTIVE = "accuracy"  # of a candidate by itself, where none is given


@dataclass(frozen=True)
class NasPlan(StudyPlan):
    """`way` has the space of candidates; `given` are those that take the search's place.

    The final training, with all images, is that of a candidate by itself.
    """

    asked: NasSettings
    way: Way
    given: Mapping[str, Config]

    @property
    def candidates(self) -> SearchSpace:
        """What is trained by itself: all of its members' keys, of architecture and training."""
        return self.way.candidates

    @property
    def objectives(self) -> Sequence[Objective]:
        """Of candidates by themselves. The best by the first of them is trained in the end."""
        return self.record.objectives


def prepare(asked: NasSettings) -> NasPlan:
    """Nothing is started yet. Raises UserError for whatever its user can mend."""
    asked.check()
    check_words(asked)
    way = way_of(asked)
    given = read_architectures(asked.cells, way.candidates)
    way.asked, schedule = replayed(way.asked, way.proposed)
    asked = way.asked
    aims = asked.objective or OBJECTIVE
    klass = find_trainable(asked.trainable, parse_objectives(aims)[0].metric)
    objectives = objectives_of(aims, klass)
    check_data_parallel(klass, train_workers=asked.train_workers)
    evaluation = way.evaluation(klass, objectives)
    draft = draft_study(asked, evaluation, klass, schedule)
    trial_kwargs: dict[str, Any] = {
        **data_kwargs(asked.dataset, asked.data_dir), "space": way.candidates,
        "subset": asked.subset, "epochs": asked.epochs_of_final, "seed": asked.seed,
        **network_kwargs(asked.limit or (), objectives, asked.outcome_constraint or (), klass),
    }  # fmt: skip
    data, trial_kwargs = load_data(way.data_for(klass), trial_kwargs)
    images = images_of(data)
    if images is not None:
        _check_data(asked, images)
        way.check(images, None if draft.gpus == AUTO else draft.gpus)
    own = {**evaluation.trial_kwargs, "subset": subset_of(way.images, data, asked.subset)}
    evaluation = replace(evaluation, trial_kwargs={**trial_kwargs, **own})
    draft.reach_stores()
    _check_stage(asked, draft)
    stands_for = {
        "cells": dict(given), "space": dict(way.described), "trials": evaluation.samples,
        "objective": [str(objective) for objective in objectives],
    }  # fmt: skip
    plan = open_plan(draft, evaluation, data, trial_kwargs, stands_for)
    record = replace(
        plan.record, objectives=objectives, max_t=asked.epochs_of_selection,
        space=way.candidates.name,
        searcher="none: cells were given" if given else plan.record.searcher,
    )  # fmt: skip
    return NasPlan(**{**vars(plan), "record": record}, way=way, given=given)


def check_words(asked: NasSettings) -> None:
    """UserError for an unknown word."""
    check_choice("crop border", asked.crop_border or BORDERS[0], BORDERS)
    check_choice("--schedule-by", asked.schedule_by or SCHEDULED_BY[0], SCHEDULED_BY)
    if asked.operations is not None:
        operation_set(asked.operations)


def subset_of(images: int, data: Data | None, most: int | None) -> int | None:
    """As trainables take it: of `data` (themselves `most` images); None for all."""
    known = images_of(data)
    return images if known is not None and 0 < images < len(known.joined()) else most


def _check_data(asked: NasSettings, data: Dataset) -> None:
    """Against the number and size of the images."""
    check_pixels({"--crop": asked.crop, "--cutout": asked.cutout}, data.image_shape)
    images = {"--search-images": asked.search_images, "--select-images": asked.select_images}
    check_images(images, data.classes)


def _check_stage(asked: NasSettings, draft: Draft) -> None:
    """A stage alone needs what those before it left."""
    if asked.stage == "search" and asked.cells:
        raise UserError("--cells leaves the search out, so there is no --stage search.")
    folder = draft.storage.local / draft.name
    searched = asked.cells or stored_study(draft.storage, draft.name).get("searched")
    if asked.stage == "select" and not searched:
        before, instead = "search", ", or give --cells"
    elif asked.stage == "train" and not (folder / COMPARED).exists():
        before, instead = "select", ""
    else:
        return
    raise UserError(
        f"--stage {asked.stage} goes on with what --stage {before} left, but {folder} has none; "
        f"run that one first with the same --name{instead}."
    )
