"""The settings of an architecture search, with their defaults."""

from dataclasses import dataclass
from typing import ClassVar

from automl_on_ray.command_line import architecture_options as nas, options
from automl_on_ray.search_spaces.cells import operation_set
from automl_on_ray.search_spaces.core import check_choice
from automl_on_ray.studies.settings import StudySettings
from automl_on_ray.trainables import BORDERS, SCHEDULED_BY
from automl_on_ray.trainables.differentiable_search import check_remedy, check_selection

STAGES = ("search", "select", "train", "all")
EVALUATIONS = ("supernet", "standalone")


@dataclass(frozen=True, kw_only=True)
class NasSettings(StudySettings):
    """What an architecture search has beside the rest: the options of `workflows/nas.py`."""

    workflow: ClassVar[str] = "nas"

    preset: nas.Preset = None
    stage: nas.Stage = "all"

    evaluation: nas.Evaluation = "supernet"
    cells: nas.Cells = None
    operations: nas.Operations = "darts"
    space: nas.SupernetSpace = "darts-supernet"
    scheduler: options.Scheduler = "fifo"
    supernets: nas.Supernets = 4
    proposals: nas.Proposals = 16
    epochs: nas.Epochs = 6
    search_images: nas.SearchImages = 2000
    search_channels: nas.SearchChannels = 8
    search_layers: nas.SearchLayers = 3
    remedy: nas.Remedy = "stop"
    eigenvalue_every: nas.EigenvalueEvery = 1
    select: nas.Select = "magnitude"
    recompute: nas.Recompute = False

    candidates: nas.Candidates = 3
    random_cells: nas.RandomCells = None
    select_epochs: nas.SelectEpochs = 3
    select_images: nas.SelectImages = 6000
    select_seeds: nas.SelectSeeds = 2

    channels: nas.Channels = 8
    layers: nas.Layers = 5
    stem_stride: nas.StemStride = 2
    final_epochs: nas.FinalEpochs = 4
    final_seeds: options.FinalSeeds = 2
    drop_path: nas.DropPath = 0.0
    auxiliary_weight: nas.AuxiliaryWeight = 0.0
    learning_rate: nas.LearningRate = 0.05
    weight_decay: nas.WeightDecay = 3e-4
    augmentation: nas.Augmentation = 0.5
    flip: nas.Flip = False
    crop: nas.Crop = 0
    cutout: nas.Cutout = None
    even_cutout: nas.EvenCutout = False
    crop_border: nas.CropBorder = "mirror"
    nesterov: nas.Nesterov = True
    gradient_clip: nas.GradientClip = 0.0
    decay_vectors: nas.DecayVectors = False
    schedule_by: nas.ScheduleBy = "batch"
    last_batch: nas.LastBatch = False
    experiment: options.Experiment = "nas"


def check_words(asked: NasSettings) -> None:
    """UserError for an unknown word."""
    check_choice("stage", asked.stage, STAGES)
    check_choice("evaluation", asked.evaluation, EVALUATIONS)
    check_choice("crop border", asked.crop_border, BORDERS)
    check_choice("--schedule-by", asked.schedule_by, SCHEDULED_BY)
    check_remedy(asked.remedy)
    check_selection(asked.select)
    operation_set(asked.operations)
