"""Options of a study of labelled series."""

from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between

_STUDY, _SEARCH, _BUDGET = ("What is tuned", "How it is searched", "When it ends")

Data = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Argument(
        help=(
            "Labelled series: gunpoint, italy-power-demand, arrow-head, osu-leaf, acsf1, "
            "basic-motions, japanese-vowels or pickup-gesture. Or a .ts, .tsv, .npz, CSV, Parquet "
            "or Arrow file, also in a bucket, or a folder with NAME_TRAIN.ts or .tsv. Example: "
            "gunpoint"
        ),
        rich_help_panel=_STUDY,
        show_default=False,
    ),
]
TestData = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Another file, with the test part. Default: what stands as NAME_TEST beside "
            "NAME_TRAIN, or the arrays x_test and y_test; else a fifth of each class is drawn "
            "by --seed. Example: --test-data later.csv"
        ),
        rich_help_panel=_STUDY,
    ),
]
Label = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column of a table with the class; series without one are left out. "
            "Example: --label gesture"
        ),
        rich_help_panel=_STUDY,
    ),
]
Series = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column that tells which series a row of a long table is a point of; all columns but "
            "--label and --time are channels. Default: a row is a whole series. "
            "Example: --series recording"
        ),
        rich_help_panel=_STUDY,
    ),
]
Time = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column by which the points of a series are put in order. Default: as in the file. "
            "Example: --time at"
        ),
        rich_help_panel=_STUDY,
    ),
]
Folds = Annotated[
    int,
    Between(2, 100),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Folds of the cross-validation: a model is fitted once for each, and the scheduler "
            "looks at it after each. Example: --folds 3"
        ),
        rich_help_panel=_STUDY,
    ),
]
Subset = Annotated[
    int | None,
    Between(1, 1e9),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Learn from only so many series, drawn by --seed; for a quick try. Default: all. "
            "Example: --subset 200"
        ),
        rich_help_panel=_STUDY,
    ),
]
ObjectiveText = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--objective",
        help=(
            "The metric that the study maximises; with a minus in front it minimises: accuracy, "
            "balanced_accuracy, log_loss, fit_seconds or predict_seconds. Several, separated by "
            "commas, seek a Pareto front. Example: --objective=accuracy,-predict_seconds"
        ),
        rich_help_panel=_STUDY,
    ),
]
Space = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What may vary: series, or your own as package.module:NAME. Example: --space "
            "my_spaces:CNNS"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Trials = Annotated[
    int,
    Between(1, 1e6),
    Change.GROWS,
    typer.Option(
        help=(
            "Models to try in all, unless --minutes are over before. A study that is resumed may "
            "ask for more. Example: --trials 50"
        ),
        rich_help_panel=_BUDGET,
    ),
]
Minutes = Annotated[
    float | None,
    Between(0, 1e7, above=True),
    Change.ALLOWED,
    typer.Option(
        help=(
            "Minutes after which the search ends with the folds that are at work, those before a "
            "resume included. The last fits and the test come after. One fit has no limit of its "
            "own: --trial-minutes ends a trial whose fits take too long, as failed. Example: "
            "--minutes 30"
        ),
        rich_help_panel=_BUDGET,
    ),
]
