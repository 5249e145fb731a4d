"""Options of neural architecture search, beside those of all commands."""

from typing import Annotated, Any

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.command_line.errors_and_exit_codes import user_errors_to_exit_codes
from automl_on_ray.search_spaces.core import Between, UserError

_SEARCH, _SELECT, _TRAIN = "1. Search", "2. Select: cells by themselves", "3. Train"

Stage = Annotated[
    str,
    Change.ALLOWED,
    typer.Option(
        help="all, or one stage alone: search, select or train. It uses what earlier stages "
        "left under the same --name."
    ),
]
# Defaults of another setting; what is given beside them wins.
PRESETS: dict[str, dict[str, Any]] = {
    # Liu et al. 2019, section 3, and their program: four searches by seed, all their cells for 100
    # epochs, the best for 600.
    "darts-cifar10": {
        "dataset": "cifar10", "space": "darts-second-order", "searcher": "random", "supernets": 4,
        "epochs": 50, "search_images": 0, "search_channels": 16, "search_layers": 8,
        "remedy": "warn", "eigenvalue_every": 0, "stem_stride": 1, "candidates": 4,
        "select_images": 0, "select_epochs": 100, "select_seeds": 1, "channels": 36, "layers": 20,
        "final_epochs": 600, "drop_path": 0.2, "auxiliary_weight": 0.4, "learning_rate": 0.025,
        "weight_decay": 3e-4, "augmentation": 0.0, "flip": True, "crop": 4, "cutout": 16,
        "nesterov": False, "gradient_clip": 5.0, "decay_vectors": True, "crop_border": "black",
        "even_cutout": True, "schedule_by": "epoch", "last_batch": True,
    },
}  # fmt: skip


def _apply_preset(context: typer.Context, name: str | None) -> str | None:
    if name is not None and name not in PRESETS:
        with user_errors_to_exit_codes():
            raise UserError(f"Unknown preset {name!r}. There are: {', '.join(PRESETS)}.")
    context.default_map = {**(context.default_map or {}), **PRESETS.get(name or "", {})}
    return name


Preset = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        callback=_apply_preset,
        is_eager=True,
        help="Other defaults for many options. darts-cifar10: those of DARTS's authors (GPU days).",
    ),
]
Evaluation = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="What the searcher proposes. supernet: hyperparameters of supernets, each of which "
        "yields a cell. standalone: cells, each trained by itself (--proposals of them).",
        rich_help_panel=_SEARCH,
    ),
]
Proposals = Annotated[
    int,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(help="Cells to try with --evaluation standalone.", rich_help_panel=_SEARCH),
]
Cells = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Cells to take instead of a search, separated by commas. Published ones by name "
        "(darts_v2), Genotype(normal=...) as papers print it, files of genotypes (mine.txt, "
        "genotypes.py:NAME), or JSON files (cell.json in MLflow).",
        rich_help_panel=_SEARCH,
    ),
]
Operations = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="darts (all eight), s1, s2, s3, s4, or a list: sep_conv_3x3,skip_connect.",
        rich_help_panel=_SEARCH,
    ),
]
SupernetSpace = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="How supernets are trained: a file of search_spaces/, or your own as "
        "package.module:SPACE.",
        rich_help_panel=_SEARCH,
    ),
]
Epochs = Annotated[
    int,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Epochs of a trial of the search: of a supernet, or of a cell that is tried.",
        rich_help_panel=_SEARCH,
    ),
]
Supernets = Annotated[
    int,
    Between(1, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(help="How many supernets to train.", rich_help_panel=_SEARCH),
]
SearchImages = Annotated[
    int,
    Between(0, 1e9),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Maximum of train and validation images together, drawn by seed. 0: all.",
        rich_help_panel=_SEARCH,
    ),
]
SelectImages = Annotated[
    int,
    Between(0, 1e9),
    Change.ANOTHER_STUDY,
    typer.Option(help="As --search-images, for the cells by themselves.", rich_help_panel=_SELECT),
]
SearchChannels = Annotated[
    int,
    Between(1, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(help="Channels of a supernet's first cells.", rich_help_panel=_SEARCH),
]
SearchLayers = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(help="Cells of a supernet.", rich_help_panel=_SEARCH),
]
Remedy = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Against collapse: warn, stop (and go back to the healthiest epoch) or regularise.",
        rich_help_panel=_SEARCH,
    ),
]
EigenvalueEvery = Annotated[
    int,
    Between(0, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Epochs between measurements of the Hessian's dominant eigenvalue; 0: never.",
        rich_help_panel=_SEARCH,
    ),
]
Select = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="How cells are derived: magnitude of the mixing weights, or perturbation (what the "
        "supernet loses without an operation; costs minutes).",
        rich_help_panel=_SEARCH,
    ),
]

Recompute = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--recompute",
        help="Save memory of supernets by computing some values twice.",
        rich_help_panel=_SEARCH,
    ),
]
Candidates = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(help="Best cells of the search to compare.", rich_help_panel=_SELECT),
]
RandomCells = Annotated[
    int | None,
    Between(0, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Random cells as control. Default: as many as can be trained in the time that the "
        "search and its cells took.",
        rich_help_panel=_SELECT,
    ),
]
SelectEpochs = Annotated[
    int,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(help="Epochs of a cell.", rich_help_panel=_SELECT),
]
SelectSeeds = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(help="Trials of a cell.", rich_help_panel=_SELECT),
]

Channels = Annotated[
    int,
    Between(1, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Channels of the network's first cells; the paper has 36.", rich_help_panel=_TRAIN
    ),
]
Layers = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(help="Cells of the network; the paper has 20.", rich_help_panel=_TRAIN),
]
StemStride = Annotated[
    int,
    Between(1, 8),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="2 halves the images at once, which is cheaper; the paper has 1.",
        rich_help_panel=_TRAIN,
    ),
]
FinalEpochs = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ALLOWED,
    typer.Option(
        help="Epochs of the winner's training from scratch; the paper has 600.",
        rich_help_panel=_TRAIN,
    ),
]
DropPath = Annotated[
    float,
    Between(0, 0.99),
    Change.ANOTHER_STUDY,
    typer.Option(help="Final probability of drop path; the paper has 0.2.", rich_help_panel=_TRAIN),
]
AuxiliaryWeight = Annotated[
    float,
    Between(0, 10),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Weight of the auxiliary head's loss; the paper has 0.4. 0: no such head.",
        rich_help_panel=_TRAIN,
    ),
]
LearningRate = Annotated[
    float,
    Between(0, 10, above=True),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Learning rate of selection and of the final training.", rich_help_panel=_TRAIN
    ),
]
WeightDecay = Annotated[
    float,
    Between(0, 1),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Weight decay of selection and of the final training.", rich_help_panel=_TRAIN
    ),
]
Augmentation = Annotated[
    float,
    Between(0, 4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Strength of shifts, turns and cutout for cells by themselves; 0: none.",
        rich_help_panel=_TRAIN,
    ),
]
Flip = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option("--flip", help="Mirror half of the images.", rich_help_panel=_TRAIN),
]
Crop = Annotated[
    int,
    Between(0, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Shift images by up to this many pixels, as for CIFAR.", rich_help_panel=_TRAIN
    ),
]
Cutout = Annotated[
    int | None,
    Between(0, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Side of the square that is cut out, in pixels; the paper has 16. Default: by "
        "--augmentation.",
        rich_help_panel=_TRAIN,
    ),
]
EvenCutout = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(help="Make an odd --cutout one less, as DARTS does.", rich_help_panel=_TRAIN),
]
CropBorder = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="What --crop finds beyond an image's border, in the search too: mirror (its "
        "mirror image), or black as in DARTS.",
        rich_help_panel=_TRAIN,
    ),
]
Nesterov = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(help="Use Nesterov's momentum; DARTS's is plain.", rich_help_panel=_TRAIN),
]
GradientClip = Annotated[
    float,
    Between(0, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Largest norm of the gradient; DARTS has 5. 0: no limit.", rich_help_panel=_TRAIN
    ),
]
DecayVectors = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Weight decay of biases and batch normalisation too, as in DARTS.",
        rich_help_panel=_TRAIN,
    ),
]
ScheduleBy = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="When learning rate and drop path change: with each batch, or with each epoch "
        "as in DARTS.",
        rich_help_panel=_TRAIN,
    ),
]
LastBatch = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Train on an epoch's smaller last batch too, as DARTS does.", rich_help_panel=_TRAIN
    ),
]
