"""Options of comparisons of methods, beside those of all commands."""

from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between

_ON, _HOW, _TRAINING = "What methods are compared on", "What is compared", "By real training"

Table = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "NAS-Bench-201's table as a Parquet file, with the columns architecture, "
            "DATASET_valid_accuracy_12 and DATASET_test_accuracy_200. Nothing is trained. "
            "Example: --table nasbench201.parquet"
        ),
        rich_help_panel=_ON,
    ),
]
Function = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Instead of a table, a function of a config that returns a number or its metrics, as "
            "package.module:NAME. It needs --space. Example: --function mine:branin"
        ),
        rich_help_panel=_ON,
    ),
]
Space = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What may vary, for --function or for real training: a file of search_spaces/ by "
            "name, or your own as package.module:NAME. Example: --space mnist-cnn"
        ),
        rich_help_panel=_ON,
    ),
]
Dataset = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "With --table: cifar10 (default), cifar100 or imagenet16_120. Else images to train "
            "on, as for hpo.py; default: mnist. Example: --dataset digits"
        ),
        rich_help_panel=_ON,
    ),
]
Methods = Annotated[
    list[str] | None,
    Change.ALLOWED,
    typer.Option(
        "--method",
        help=(
            "A searcher, with options of its own behind a colon; give it once a method. Default: "
            "random, local, evolution, reinforce. Example: --method evolution:population=20"
        ),
        rich_help_panel=_HOW,
    ),
]
Base = Annotated[
    str,
    Change.ALLOWED,
    typer.Option(
        help=(
            "The method whose results are taken from the others', seed by seed; it is run too. "
            "Example: --base random"
        ),
        rich_help_panel=_HOW,
    ),
]
Seeds = Annotated[
    int | None,
    Between(1, 1e6),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Runs of each method, each with a seed of its own. Default: 50, or 3 by real training. "
            "Example: --seeds 200"
        ),
        rich_help_panel=_HOW,
    ),
]
FirstSeed = Annotated[
    int,
    Between(0, 2**31 - 1),
    Change.ALLOWED,
    typer.Option(
        help=(
            "The first of the seeds. Tune a method on others than you judge it by. Example: "
            "--first-seed 10000"
        ),
        rich_help_panel=_HOW,
    ),
]
Budgets = Annotated[
    str | None,
    Between(1, 1e6, several=True),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Evaluations of a run; several, separated by commas, have runs of their own, as "
            "methods are told their budget. Default: 100,300; by real training 16 trials. Example: "
            "--budgets 50,100"
        ),
        rich_help_panel=_HOW,
    ),
]
Pending = Annotated[
    int,
    Between(1, 1e4),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Evaluations at once, without rounds: a method is told of each when that ends on the "
            "table's virtual clock; of a function in the order they began. Example: --pending 8"
        ),
        rich_help_panel=_HOW,
    ),
]
Reference = Annotated[
    str | None,
    Change.ALLOWED,
    typer.Option(
        help=(
            "For several objectives: the point from which the hypervolume is measured. Default: "
            "the front's worst values, less a tenth of its extent. Example: --reference 50,230e6"
        ),
        rich_help_panel=_HOW,
    ),
]
Processes = Annotated[
    int | None,
    Between(1, 1e3),
    Change.ALLOWED,
    typer.Option(
        help="Processes for the runs on a table or function. Default: one a core. Example: "
        "--processes 2",
        rich_help_panel=_HOW,
    ),
]
Epochs = Annotated[
    int,
    Between(1, 1e6),
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Epochs of each trial of a search. Example: --epochs 4",
        rich_help_panel=_TRAINING,
    ),
]
Retrain = Annotated[
    int,
    Between(1, 1e3),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "How many times the best of each search is trained anew with each recipe, each time "
            "with another seed, and tested. Example: --retrain 3"
        ),
        rich_help_panel=_TRAINING,
    ),
]
Recipe = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "JSON files, separated by commas, with epochs and what else of a config is the same "
            "for all retrainings. Default: as found, --epochs. Example: --recipe long.json"
        ),
        rich_help_panel=_TRAINING,
    ),
]
