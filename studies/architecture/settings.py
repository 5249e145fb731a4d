"""Everything that a person may ask of an architecture search, and what holds if not asked."""

from dataclasses import dataclass
from typing import get_type_hints

from automl_on_ray.command_line import architecture_options as nas, options
from automl_on_ray.search_spaces.cells import operation_set
from automl_on_ray.search_spaces.core import check_choice, check_ranges
from automl_on_ray.trainables import BORDERS, SCHEDULED_BY
from automl_on_ray.trainables.differentiable_search import check_remedy, check_selection

STAGES = ("search", "select", "train", "all")
EVALUATIONS = ("supernet", "standalone")


@dataclass(frozen=True)
class NasSettings:
    """One field an option of `workflows/nas.py`. UserError for a number out of its range."""

    preset: nas.Preset = None
    stage: nas.Stage = "all"
    dataset: options.Dataset = "mnist"
    data_dir: options.DataDir = None
    seed: options.Seed = 0

    evaluation: nas.Evaluation = "supernet"
    cells: nas.Cells = None
    operations: nas.Operations = "darts"
    space: nas.SupernetSpace = "darts-supernet"
    searcher: options.Searcher = "bayesian"
    scheduler: options.Scheduler = "fifo"
    explore: options.Explore = None
    interval: options.Interval = None
    synchronous: options.Synchronous = False
    supernets: nas.Supernets = 4
    proposals: nas.Proposals = 16
    search_epochs: nas.SearchEpochs = 6
    search_images: nas.SearchImages = 2000
    search_channels: nas.SearchChannels = 8
    search_layers: nas.SearchLayers = 3
    remedy: nas.Remedy = "stop"
    eigenvalue_every: nas.EigenvalueEvery = 1
    select: nas.Select = "magnitude"
    recompute: nas.Recompute = False
    search_workers: nas.SearchWorkers = 1

    candidates: nas.Candidates = 3
    random_cells: nas.RandomCells = None
    select_epochs: nas.SelectEpochs = 3
    select_images: nas.SelectImages = 6000
    select_seeds: nas.SelectSeeds = 2

    channels: nas.Channels = 8
    layers: nas.Layers = 5
    stem_stride: nas.StemStride = 2
    epochs: nas.Epochs = 4
    seeds: nas.Seeds = 2
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
    train_workers: options.TrainWorkers = 1

    minutes: options.Minutes = None
    trial_minutes: options.TrialMinutes = None
    slots: options.Slots = None
    cpus_per_trial: options.CpusPerTrial = None
    gpus_per_trial: options.GpusPerTrial = None
    address: options.Address = None
    max_failures: options.MaxFailures = 1

    name: options.Name = None
    fresh: options.Fresh = False
    retry_failed: options.RetryFailed = False
    storage: options.Storage = "runs"
    trust_storage: options.TrustStorage = False
    tracking_uri: options.TrackingUri = None
    experiment: options.Experiment = "nas"
    register: options.Register = None

    def __post_init__(self) -> None:
        check_ranges(get_type_hints(type(self), include_extras=True), vars(self))


def check_words(asked: NasSettings) -> None:
    """UserError for an unknown word."""
    check_choice("stage", asked.stage, STAGES)
    check_choice("evaluation", asked.evaluation, EVALUATIONS)
    check_choice("crop border", asked.crop_border, BORDERS)
    check_choice("--schedule-by", asked.schedule_by, SCHEDULED_BY)
    check_remedy(asked.remedy)
    check_selection(asked.select)
    operation_set(asked.operations)
