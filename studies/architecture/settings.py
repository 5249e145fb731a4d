"""The settings of an architecture search, with their defaults."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from automl_on_ray.command_line import architecture_options as nas, options
from automl_on_ray.search_spaces.core import check_choice
from automl_on_ray.studies.settings import StudySettings
from automl_on_ray.trainables.differentiable_search import check_remedy, check_selection

STAGES = ("search", "select", "train", "all")
# Options of networks by themselves, and what they are for DARTS's cells where they are not given.
# Other spaces have their own.
OF_DARTS: dict[str, Any] = {
    "operations": "darts", "channels": 8, "layers": 5, "stem_stride": 2, "drop_path": 0.0,
    "auxiliary_weight": 0.0, "learning_rate": 0.05, "weight_decay": 3e-4, "augmentation": 0.5,
    "crop": 0, "crop_border": "mirror", "gradient_clip": 0.0, "schedule_by": "batch",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class NasSettings(StudySettings):
    """What an architecture search has beside the rest: the options of `workflows/nas.py`."""

    workflow: ClassVar[str] = "nas"

    preset: nas.Preset = None
    stage: nas.Stage = "all"

    evaluation: nas.Evaluation = None
    cells: nas.Cells = None
    operations: nas.Operations = None
    space: nas.Space = None
    searcher: nas.Searcher = None  # type: ignore[assignment]  # way_of fills it in, and the next
    scheduler: nas.Scheduler = None  # type: ignore[assignment]
    trainable: nas.Trainable = None
    objective: nas.ObjectiveText = None
    trials: nas.Trials = None
    epochs: nas.Epochs = None  # type: ignore[assignment]
    search_images: nas.SearchImages = 2000
    search_channels: nas.SearchChannels = 8
    search_layers: nas.SearchLayers = 3
    remedy: nas.Remedy = "stop"
    eigenvalue_every: nas.EigenvalueEvery = 1
    select: nas.Select = "magnitude"
    recompute: nas.Recompute = False

    candidates: nas.Candidates = 3
    spread_cells: nas.SpreadCells = 5
    random_cells: nas.RandomCells = None
    select_epochs: nas.SelectEpochs = None
    select_images: nas.SelectImages = 6000
    select_seeds: nas.SelectSeeds = 2

    channels: nas.Channels = None
    layers: nas.Layers = None
    stem_stride: nas.StemStride = None
    final_epochs: nas.FinalEpochs = None
    final_seeds: options.FinalSeeds = 2
    drop_path: nas.DropPath = None
    auxiliary_weight: nas.AuxiliaryWeight = None
    learning_rate: nas.LearningRate = None
    weight_decay: nas.WeightDecay = None
    augmentation: nas.Augmentation = None
    flip: nas.Flip = False
    crop: nas.Crop = None
    cutout: nas.Cutout = None
    even_cutout: nas.EvenCutout = False
    crop_border: nas.CropBorder = None
    nesterov: nas.Nesterov = True
    gradient_clip: nas.GradientClip = None
    decay_vectors: nas.DecayVectors = False
    schedule_by: nas.ScheduleBy = None
    last_batch: nas.LastBatch = False
    experiment: options.Experiment = "nas"

    def check(self) -> None:
        super().check()
        check_choice("stage", self.stage, STAGES)
        check_remedy(self.remedy)
        check_selection(self.select)

    @property
    def epochs_of_search(self) -> int:
        assert self.epochs is not None  # nor the next: way_of has filled them in
        return self.epochs

    @property
    def epochs_of_selection(self) -> int:
        assert self.select_epochs is not None
        return self.select_epochs

    def for_darts(self) -> "NasSettings":
        """The same with what DARTS's networks have where nothing is given."""
        missing = {key: value for key, value in OF_DARTS.items() if getattr(self, key) is None}
        return replace(self, **missing)
