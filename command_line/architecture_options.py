"""Options of neural architecture search, beside those of all commands."""

from typing import Annotated, Any

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.command_line.errors_and_exit_codes import user_errors_to_exit_codes
from automl_on_ray.search_spaces.core import Between, UserError, choices

_SEARCH, _SELECT, _TRAIN = "1. Search", "2. Select: cells by themselves", "3. Train"

# What is searched where neither --space nor --evaluation is given.
DEFAULT_SPACE = "macro"

Stage = Annotated[
    str,
    Change.ALLOWED,
    typer.Option(
        help=(
            "Which part to run: search, select, train, or all. One alone uses what earlier "
            "parts left under the same --name. Example: --stage select"
        )
    ),
]
# Defaults of another setting; what is given beside them wins, in a --config file too.
PRESETS: dict[str, dict[str, Any]] = {
    # Liu et al. 2019, section 3, and their program: four searches by seed, all their cells for 100
    # epochs, the best for 600.
    "darts-cifar10": {
        "dataset": "cifar10", "space": "darts-second-order", "searcher": "random", "trials": 4,
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
    context.default_map = {**PRESETS.get(name or "", {}), **(context.default_map or {})}
    return name


Preset = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        callback=_apply_preset,
        is_eager=True,
        help=(
            "Other defaults for many options; what is given beside them wins. darts-cifar10 "
            "has those of DARTS's authors, and takes GPU days. Example: --preset "
            "darts-cifar10"
        ),
    ),
]
Evaluation = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="How what the searcher proposes is judged. With supernet it proposes hyperparameters "
        "of supernets, each of which yields a cell. With standalone it proposes architectures, "
        "each trained by itself. With one-shot it proposes cells, with weights that they inherit "
        "from one supernet, trained first. Default: by --space. Example: --evaluation one-shot",
        rich_help_panel=_SEARCH,
    ),
]
Trainable = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="What trains a cell by itself: your own trainable, as package.module:NAME. Supernets "
        "are trained by ours. Default: the image classifier. Example: --trainable mine:Mine",
        rich_help_panel=_SEARCH,
    ),
]
ObjectiveText = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--objective",
        help="The metric of cells by themselves to maximise; with a minus in front, to minimise. "
        "Several, separated by commas, seek a Pareto front. Default: accuracy; supernets alone are "
        "compared by -val_loss, unless it is given. Example: --objective=accuracy,-parameters",
        rich_help_panel=_SEARCH,
    ),
]
Cells = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Architectures to compare instead of a search, separated by commas: files of JSON, "
        "or as the space writes them. DARTS's cells: published ones by name, "
        "Genotype(normal=...) as papers print it, or files of genotypes. Example: --cells "
        "darts_v2,mine.json",
        rich_help_panel=_SEARCH,
    ),
]
Operations = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="What an edge of a DARTS cell may be: darts (all eight operations), s1, s2, s3, "
        "s4, or a list of operations. Default: darts. Example: --operations "
        "sep_conv_3x3,skip_connect",
        rich_help_panel=_SEARCH,
    ),
]
Space = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="What is searched: architectures (darts, nas-bench-201, macro), how DARTS supernets "
        "are trained (darts-supernet, darts-first-order, darts-second-order), or your own as "
        f"package.module:NAME. Default: {DEFAULT_SPACE}, or by --evaluation. Example: --space "
        "nas-bench-201",
        rich_help_panel=_SEARCH,
    ),
]
# These four have a default by --evaluation.
Searcher = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            f"Who proposes the configs: {', '.join(choices('searchers'))}. Default: "
            "gaussian-process for architectures by themselves, bayesian (Ax) for supernets. "
            "Example: --searcher evolution"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Scheduler = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            f"Who stops weak trials, or changes them: {', '.join(choices('schedulers'))}. Default: "
            "asha for architectures by themselves, and fifo, which lets each run to its end, for "
            "supernets. Example: --scheduler median-stopping"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Epochs = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Epochs of one trial of the search: of a supernet, or of an architecture that is "
            "tried. Default: 6 of a supernet, 40 where cells inherit its weights, 9 of an "
            "architecture. Example: --epochs 20"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Trials = Annotated[
    int | None,
    Between(1, 1e6),
    Change.GROWS,
    typer.Option(
        help="How many configs to try. Default: 4 supernets, 64 architectures by themselves, 200 "
        "cells with inherited weights. Example: --trials 8",
        rich_help_panel=_SEARCH,
    ),
]
SearchImages = Annotated[
    int,
    Between(0, 1e9),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Images that the search learns from, train and validation together, drawn by "
            "--seed. 0: all. Example: --search-images 5000"
        ),
        rich_help_panel=_SEARCH,
    ),
]
SelectImages = Annotated[
    int,
    Between(0, 1e9),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Images that the cells by themselves learn from, train and validation together, "
            "drawn by --seed. 0: all. Example: --select-images 10000"
        ),
        rich_help_panel=_SELECT,
    ),
]
SearchChannels = Annotated[
    int,
    Between(1, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Channels of a supernet's first cell: its width. Later cells have more. "
            "Example: --search-channels 16"
        ),
        rich_help_panel=_SEARCH,
    ),
]
SearchLayers = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=("Cells in a row in a supernet: its depth. Example: --search-layers 8"),
        rich_help_panel=_SEARCH,
    ),
]
Remedy = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What to do against a collapsing supernet: warn, stop (and go back to its "
            "healthiest epoch) or regularise. Example: --remedy warn"
        ),
        rich_help_panel=_SEARCH,
    ),
]
EigenvalueEvery = Annotated[
    int,
    Between(0, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Epochs between two measurements of the Hessian's largest eigenvalue, a sign of "
            "collapse. 0: never. Example: --eigenvalue-every 5"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Select = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "How a supernet's cell is chosen. magnitude: by the mixing weights. "
            "perturbation: by what the supernet loses without an operation, which takes "
            "minutes. Example: --select perturbation"
        ),
        rich_help_panel=_SEARCH,
    ),
]

Recompute = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--recompute",
        help=("Compute some values of a supernet twice, to save about a quarter of its memory."),
        rich_help_panel=_SEARCH,
    ),
]
Candidates = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "How many of the search's best cells are trained by themselves and compared. "
            "Example: --candidates 5"
        ),
        rich_help_panel=_SELECT,
    ),
]
SpreadCells = Annotated[
    int,
    Between(0, 1e3),
    Change.ALLOWED,
    typer.Option(
        help="Cells of other ranks than the best that are trained by themselves too, to see "
        "whether inherited weights rank cells. They are taken evenly from all that were tried "
        "with --evaluation one-shot. Example: --spread-cells 10",
        rich_help_panel=_SELECT,
    ),
]
RandomCells = Annotated[
    int | None,
    Between(0, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Random cells that are trained beside them, as control. Default: as many as fit "
            "in the time that the search and its cells took. Example: --random-cells 5"
        ),
        rich_help_panel=_SELECT,
    ),
]
SelectEpochs = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Epochs for which each candidate is trained by itself. Default: those of the search, "
        "or 3 after supernets. Example: --select-epochs 10",
        rich_help_panel=_SELECT,
    ),
]
SelectSeeds = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "How many times each cell is trained by itself, each with another seed. "
            "Example: --select-seeds 3"
        ),
        rich_help_panel=_SELECT,
    ),
]

Channels = Annotated[
    int | None,
    Between(1, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Channels of the final network's first cell: its width. DARTS has 36. Default: 8, "
        "or the space's own. Example: --channels 16",
        rich_help_panel=_TRAIN,
    ),
]
Layers = Annotated[
    int | None,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Cells in a row in the final network: its depth. DARTS has 20. Default: 5. "
        "Example: --layers 8",
        rich_help_panel=_TRAIN,
    ),
]
StemStride = Annotated[
    int | None,
    Between(1, 8),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Step of the final network's first convolution. 2 halves the images, which is four "
        "times cheaper; DARTS has 1. Default: 2. Example: --stem-stride 1",
        rich_help_panel=_TRAIN,
    ),
]
FinalEpochs = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Epochs for which the winner is trained from scratch. Default: those of the search, or "
            "4 after supernets. Example: --final-epochs 40"
        ),
        rich_help_panel=_TRAIN,
    ),
]
DropPath = Annotated[
    float | None,
    Between(0, 0.99),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Probability that a path of a cell is left out in the last epoch of training; it "
        "grows from 0. DARTS has 0.2. Default: 0. Example: --drop-path 0.2",
        rich_help_panel=_TRAIN,
    ),
]
AuxiliaryWeight = Annotated[
    float | None,
    Between(0, 10),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Weight of the loss of a second head, two thirds up the network. 0: no such head; "
        "DARTS has 0.4. Default: 0. Example: --auxiliary-weight 0.4",
        rich_help_panel=_TRAIN,
    ),
]
LearningRate = Annotated[
    float | None,
    Between(0, 10, above=True),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="First learning rate of networks by themselves and of the final training. A space "
        "that varies it then varies it no more. Default: 0.05 for DARTS's cells, where it falls "
        "to 0 along a cosine; else the space's own. Example: --learning-rate 0.025",
        rich_help_panel=_TRAIN,
    ),
]
WeightDecay = Annotated[
    float | None,
    Between(0, 1),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Weight decay of networks by themselves and of the final training. Default: 0.0003 "
        "for DARTS's cells, else the space's own. Example: --weight-decay 0.0003",
        rich_help_panel=_TRAIN,
    ),
]
Augmentation = Annotated[
    float | None,
    Between(0, 4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Strength of random shifts, turns and cutout of the images, for networks by "
        "themselves and the final training. 0: none. Default: 0.5, or the space's own. Example: "
        "--augmentation 1",
        rich_help_panel=_TRAIN,
    ),
]
Flip = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--flip",
        help=("Mirror half of the images at random, in the search too. Not for digits or letters."),
        rich_help_panel=_TRAIN,
    ),
]
Crop = Annotated[
    int | None,
    Between(0, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Shift images by up to so many pixels at random, in the search too, as is usual "
        "for CIFAR. 0: not at all. Default: 0, or the space's own. Example: --crop 4",
        rich_help_panel=_TRAIN,
    ),
]
Cutout = Annotated[
    int | None,
    Between(0, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Side, in pixels, of a square that is blackened at a random place. DARTS has "
            "16. Default: by --augmentation. Example: --cutout 16"
        ),
        rich_help_panel=_TRAIN,
    ),
]
EvenCutout = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=("Make the square of an odd --cutout one pixel smaller, as DARTS's program does."),
        rich_help_panel=_TRAIN,
    ),
]
CropBorder = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="What --crop shows beyond an image's border, in the search too: mirror (its mirror "
        "image), or black as in DARTS. Default: mirror. Example: --crop-border black",
        rich_help_panel=_TRAIN,
    ),
]
Nesterov = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=("Train with Nesterov's momentum. DARTS has plain momentum."), rich_help_panel=_TRAIN
    ),
]
GradientClip = Annotated[
    float | None,
    Between(0, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Largest norm that a gradient may have; a longer one is shortened. 0: no limit; "
        "DARTS has 5. Default: 0. Example: --gradient-clip 5",
        rich_help_panel=_TRAIN,
    ),
]
DecayVectors = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=("Apply --weight-decay to biases and batch normalisation too, as DARTS does."),
        rich_help_panel=_TRAIN,
    ),
]
ScheduleBy = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="How often learning rate and drop path change: with each batch, or with each epoch "
        "as in DARTS. Default: batch. Example: --schedule-by epoch",
        rich_help_panel=_TRAIN,
    ),
]
LastBatch = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Train on the smaller batch at an epoch's end too, as DARTS does. Without it an epoch "
            "leaves those few images out."
        ),
        rich_help_panel=_TRAIN,
    ),
]
