"""Options of neural architecture search, beside those that all workflows have."""

from typing import Annotated

import typer

_SEARCH, _SELECT, _TRAIN = "1. Search: supernets", "2. Select: cells by themselves", "3. Train"

Stage = Annotated[
    str,
    typer.Option(help="all; or search, select, train: up to and with this one."),
]
Operations = Annotated[
    str,
    typer.Option(
        help="darts (all eight), s1, s2, s3, s4, or a list: sep_conv_3x3,skip_connect.",
        rich_help_panel=_SEARCH,
    ),
]
SupernetSpace = Annotated[
    str,
    typer.Option(
        help="How supernets are trained: a file of search_spaces/, or your own as "
        "package.module:SPACE.",
        rich_help_panel=_SEARCH,
    ),
]
Supernets = Annotated[int, typer.Option(help="How many to train.", rich_help_panel=_SEARCH)]
SearchEpochs = Annotated[int, typer.Option(help="Of a supernet.", rich_help_panel=_SEARCH)]
SearchImages = Annotated[
    int,
    typer.Option(
        help="Train and validation images together, drawn by seed. 0: all.",
        rich_help_panel=_SEARCH,
    ),
]
SelectImages = Annotated[int, typer.Option(help="As --search-images.", rich_help_panel=_SELECT)]
SearchChannels = Annotated[
    int, typer.Option(help="Of a supernet's first cells.", rich_help_panel=_SEARCH)
]
SearchLayers = Annotated[int, typer.Option(help="Cells of a supernet.", rich_help_panel=_SEARCH)]
Remedy = Annotated[
    str,
    typer.Option(
        help="Against collapse: warn, stop (and go back to the healthiest epoch) or regularise.",
        rich_help_panel=_SEARCH,
    ),
]
EigenvalueEvery = Annotated[
    int,
    typer.Option(
        help="Epochs between measurements of the Hessian's dominant eigenvalue; 0: never.",
        rich_help_panel=_SEARCH,
    ),
]
Select = Annotated[
    str,
    typer.Option(
        help="How cells are derived: magnitude of the mixing weights, or perturbation (what the "
        "supernet loses without an operation; costs minutes).",
        rich_help_panel=_SEARCH,
    ),
]

Candidates = Annotated[
    int, typer.Option(help="Best cells of the search to compare.", rich_help_panel=_SELECT)
]
RandomCells = Annotated[
    int,
    typer.Option(help="Random cells beside them, as control.", rich_help_panel=_SELECT),
]
SelectEpochs = Annotated[int, typer.Option(help="Of a cell.", rich_help_panel=_SELECT)]
SelectSeeds = Annotated[int, typer.Option(help="Trials of a cell.", rich_help_panel=_SELECT)]

Channels = Annotated[
    int, typer.Option(help="Of the first cells; the paper's is 36.", rich_help_panel=_TRAIN)
]
Layers = Annotated[
    int, typer.Option(help="Cells of the network; the paper's is 20.", rich_help_panel=_TRAIN)
]
StemStride = Annotated[
    int,
    typer.Option(
        help="2 halves images at once, for cheap work; the paper's is 1.", rich_help_panel=_TRAIN
    ),
]
Epochs = Annotated[int, typer.Option(help="The paper's is 600.", rich_help_panel=_TRAIN)]
Seeds = Annotated[
    int,
    typer.Option(help="How often the best cell is trained and tested.", rich_help_panel=_TRAIN),
]
DropPath = Annotated[
    float,
    typer.Option(help="Final probability; the paper's is 0.2.", rich_help_panel=_TRAIN),
]
AuxiliaryWeight = Annotated[
    float,
    typer.Option(
        help="Of the auxiliary head's loss; the paper's is 0.4. 0: no such head.",
        rich_help_panel=_TRAIN,
    ),
]
LearningRate = Annotated[float, typer.Option(help="Also of selection.", rich_help_panel=_TRAIN)]
WeightDecay = Annotated[float, typer.Option(help="Also of selection.", rich_help_panel=_TRAIN)]
