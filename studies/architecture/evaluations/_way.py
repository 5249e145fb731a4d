"""How a search judges what its searcher proposes: what each file of this folder offers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from ray.tune import Trainable
from ray.tune.experiment import Trial

from automl_on_ray.clusters import Resources
from automl_on_ray.command_line import architecture_options
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective, choices, find
from automl_on_ray.search_spaces.drawings import TABLE, Form
from automl_on_ray.studies.architecture.settings import NasSettings
from automl_on_ray.studies.inputs import find_space
from automl_on_ray.studies.plan import Evaluation, StudyPlan
from automl_on_ray.trainables.datasets import Dataset

ROOM = "studies.architecture.evaluations"
USUAL = "standalone"  # where no other is meant by a space

Objectives = tuple[Objective, ...]


class Way(ABC):
    """Derived from in a file of this folder, whose name is the choice, and given there as WAY.

    `asked` are the settings with all that this evaluation takes. The searcher proposes members of
    `proposed`; what comes of its trials are members of `candidates`, to be trained by themselves.
    """

    TRIALS: ClassVar[int]  # of a search, by default
    SPACE: ClassVar[str]  # that is searched where none is named
    USUAL: ClassVar[Mapping[str, Any]]  # what else the settings leave to it, where not given
    TITLE: ClassVar[str] = ""  # of the table of its trials; else after the space's noun
    COLUMNS: ClassVar[Mapping[str, str]] = {}  # headers by metric, beside the objective's

    asked: NasSettings
    proposed: SearchSpace
    candidates: SearchSpace

    @abstractmethod
    def __init__(self, asked: NasSettings) -> None:
        """Makes both spaces. UserError for what cannot be searched so."""

    @classmethod
    def is_meant_by(cls, space: SearchSpace, *, trained: bool) -> bool:
        """Whether to name such a space is to ask for this evaluation.

        `trained`: whether the user has a trainable.
        """
        return False

    @property
    def samples(self) -> int:
        """Configs that the search tries."""
        return self.TRIALS if self.asked.trials is None else self.asked.trials

    @property
    def form(self) -> Form:
        """Of candidates."""
        return self.candidates.form or TABLE

    @property
    def images(self) -> int:
        """That a trial of the search learns from; 0: all."""
        return self.asked.select_images

    @property
    def described(self) -> Mapping[str, str]:
        """What --space stands for in a study's identity, beside the other options."""
        return self.proposed.describe()

    def data_for(self, klass: type[Trainable]) -> type[Trainable]:
        """What the data are read for, where `klass` trains candidates by themselves."""
        return klass

    @abstractmethod
    def evaluation(self, klass: type[Trainable], objectives: Objectives) -> Evaluation:
        """What the search runs. `klass` and `objectives` are those of candidates by themselves."""

    def check(self, data: Dataset, gpus: float | None) -> None:  # noqa: B027
        """UserError if a trial of the search cannot take these data, or has not memory enough.

        `gpus` that a trial has, or None if that is still to be measured.
        """

    @abstractmethod
    def candidate_of(self, trial: Trial) -> Config | None:
        """What varies of the candidate that a trial came to; None if it came to none."""

    @property
    def spread(self) -> int:
        """Candidates of other ranks than the best that are trained too: the score must be tested.

        The best alone cannot tell: they were chosen for being alike in it.
        """
        return 0

    def made_ready(self, plan: StudyPlan, resources: Resources) -> Evaluation:
        """What the search runs, once there is what its trials need; resumable."""
        return plan.evaluation

    def pictures(self, trial: Trial, folder: Path) -> dict[str, bytes]:
        """Of a trial that has ended, by file name; written to `folder`, too."""
        return {}


def way_of(asked: NasSettings) -> Way:
    """The evaluation that is asked for, or meant by the space that is searched."""
    name = asked.evaluation
    if name is None:
        space = asked.space or architecture_options.DEFAULT_SPACE
        asked, name = replace(asked, space=space), _meant_by(space, asked)
    way: type[Way] = find(ROOM, name, kind="evaluation").WAY
    usual = {key: value for key, value in way.USUAL.items() if getattr(asked, key) is None}
    own = replace(asked, evaluation=name, space=asked.space or way.SPACE, **usual)
    return way(replace(own, select_epochs=own.select_epochs or own.epochs))


def _meant_by(name: str, asked: NasSettings) -> str:
    space = find_space(name)
    for other, module in choices(ROOM).items():
        way: type[Way] = import_module(module).WAY
        if way.is_meant_by(space, trained=asked.trainable is not None):
            return other
    return USUAL
