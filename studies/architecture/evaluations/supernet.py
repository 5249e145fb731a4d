"""DARTS supernets: what is proposed is how one is trained, and what comes of it is a cell."""

import json
from dataclasses import replace
from pathlib import Path

from ray.tune import Trainable
from ray.tune.experiment import Trial

from automl_on_ray.clusters import joins_cluster
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.cells import check_sizes, operation_set
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.studies.architecture.evaluations._spaces import darts_space
from automl_on_ray.studies.architecture.evaluations._way import Objectives, Way
from automl_on_ray.studies.architecture.memory import bytes_per_trial, check_memory
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.architecture.supernet_pictures import search_pictures
from automl_on_ray.studies.inputs import check_supernet, find_space
from automl_on_ray.studies.plan import Evaluation
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.differentiable_search import DEFAULTS
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.multi_process import data_parallel

OWN_OBJECTIVE = Objective("val_loss", "min")  # where none is given
TOLD = ("val_accuracy", "val_loss", "train_loss")  # of their cells; the rest is theirs


class Supernets(Way):
    TRIALS = 4
    SPACE = "darts-supernet"
    USUAL = {  # noqa: RUF012
        "searcher": "bayesian", "scheduler": "fifo", "epochs": 6, "select_epochs": 3,
        "final_epochs": 4,
    }  # fmt: skip
    TITLE = "Supernets"
    COLUMNS = {  # noqa: RUF012
        "val_accuracy": "accuracy", "discretised_accuracy": "derived", "skip_connections": "skips",
    }  # fmt: skip

    def __init__(self, asked: NasSettings) -> None:
        self.asked = asked.for_darts()
        self.proposed = _with_moves(self.asked)
        if self.proposed.build is not None:
            raise UserError(
                f"--evaluation supernet searches how DARTS supernets are trained, which space "
                f"{self.proposed.name!r} does not tell, as it is of networks: leave out one of the "
                "two."
            )
        check_supernet(self.proposed, channels=asked.search_channels)
        self.candidates = darts_space(self.asked)

    @classmethod
    def is_meant_by(cls, space: SearchSpace, *, trained: bool) -> bool:
        return space.build is None and (not trained or set(space.all) <= set(DEFAULTS))

    @property
    def images(self) -> int:
        return self.asked.search_images

    def data_for(self, klass: type[Trainable]) -> type[Trainable]:
        """Supernets need images, also where what trains their cells takes none from us."""
        return klass if self.asked.cells else ImageClassifier

    def evaluation(self, klass: type[Trainable], objectives: Objectives) -> Evaluation:
        """UserError for an objective of cells that no supernet can tell."""
        asked = self.asked
        searched = asked.objective is not None and not asked.cells
        untold = [o.metric for o in objectives if o.metric not in TOLD]
        if searched and untold:
            raise UserError(
                f"A supernet cannot tell {untold[0]!r} of a cell, which --objective asks for, only "
                f"{', '.join(TOLD)}; use --evaluation standalone, which trains each cell by itself."
            )
        trial_kwargs = {
            "space": self.proposed, "epochs": asked.epochs_of_search,
            "operations": asked.operations, "channels": asked.search_channels,
            "layers": asked.search_layers,
            "stem_stride": asked.stem_stride, "remedy": asked.remedy,
            "eigenvalue_every": asked.eigenvalue_every, "select": asked.select,
            "recompute": asked.recompute,
        }  # fmt: skip
        return Evaluation(
            "supernet", data_parallel(DartsSupernet, asked.search_workers), self.proposed,
            objectives if searched else (OWN_OBJECTIVE,), self.samples, asked.epochs_of_search,
            asked.search_workers, trial_kwargs,
        )  # fmt: skip

    def check(self, data: Dataset, gpus: float | None) -> None:
        asked = self.asked
        if asked.cells:
            return
        stem_stride = self.candidates.constants["stem_stride"]
        check_sizes(data.image_shape, asked.search_layers, stem_stride)
        searches = asked.stage not in ("select", "train")
        if searches and not joins_cluster(asked.address):  # a cluster has other machines
            check_memory(
                self.proposed, bytes_per_trial(slots=asked.slots, gpus=gpus),
                channels=asked.search_channels, layers=asked.search_layers,
                stem_stride=stem_stride, image_shape=data.image_shape, classes=len(data.classes),
                operations=operation_set(asked.operations or "").names, recompute=asked.recompute,
            )  # fmt: skip

    def candidate_of(self, trial: Trial) -> Config | None:
        result = trial.last_result or {}
        found: Config | None = json.loads(result["cell"]) if "cell" in result else None
        return found

    def pictures(self, trial: Trial, folder: Path) -> dict[str, bytes]:
        return search_pictures(trial, folder)


def _with_moves(asked: NasSettings) -> SearchSpace:
    """With the augmentation that was asked for, where the space has none of its own."""
    assert asked.space is not None
    space = find_space(asked.space)
    moves: Config = {"flip": asked.flip, "crop": asked.crop}
    if asked.crop_border != DEFAULTS["crop_border"]:
        moves["crop_border"] = asked.crop_border
    own = {key: value for key, value in moves.items() if key not in space.all}
    return replace(space, training={**space.training, **own})


WAY = Supernets
