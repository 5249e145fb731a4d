"""Options of a study of forecasts, beside those of all commands."""

from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between

_STUDY, _SEARCH, _BUDGET = "What is tuned", "How it is searched", "When it ends"

Series = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Argument(
        help=(
            "The series: a long table with a row for each series and time (CSV, Parquet, Arrow or "
            "Feather, here or in a bucket), or a collection by name. Example: m3-monthly"
        ),
        rich_help_panel=_STUDY,
        show_default=False,
    ),
]
Time = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column with the time of a row. Default: the one that is called time, date, datetime, "
            "timestamp or ds. Example: --time day"
        ),
        rich_help_panel=_STUDY,
    ),
]
SeriesColumns = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--series",
        help=(
            "Columns that together say which series a row is of, separated by commas. Default: "
            "the one that is called series, series_id or unique_id, else all rows are one series. "
            "Example: --series store,item"
        ),
        rich_help_panel=_STUDY,
    ),
]
Target = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column with the values to forecast. Default: the one that is called target, y or "
            "value. Example: --target units"
        ),
        rich_help_panel=_STUDY,
    ),
]
Horizon = Annotated[
    int | None,
    Between(1, 10_000),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Steps to forecast; so many last ones of each series are the test part. A file needs "
            "it, a collection has its own. Example: --horizon 28"
        ),
        rich_help_panel=_STUDY,
    ),
]
Season = Annotated[
    int | None,
    Between(1, 100_000),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Steps after which a pattern comes again; 1 for none. Default: by the frequency, such "
            "as 12 of months and 7 of days. Example: --season 24"
        ),
        rich_help_panel=_STUDY,
    ),
]
Frequency = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Step between two times, in pandas' words: D, W, MS, QS, h. Default: found in the "
            "times. Example: --frequency MS"
        ),
        rich_help_panel=_STUDY,
    ),
]
KnownAhead = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Columns of numbers that are known for the times to forecast too, separated by "
            "commas. Example: --known-ahead price,holiday"
        ),
        rich_help_panel=_STUDY,
    ),
]
KnownPast = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Columns of numbers that are known up to the present only, separated by commas. "
            "Example: --known-past visitors,rain"
        ),
        rich_help_panel=_STUDY,
    ),
]
Origins = Annotated[
    int,
    Between(1, 100),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Points in time from which each config forecasts before the test part, the latest "
            "first; the scheduler looks at it after each. Example: --origins 4"
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
            "Take only so many series, drawn by --seed; for a quick try. Default: all. Example: "
            "--subset 100"
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
            "The metric that the study minimises, with a minus in front: -mase, -smape, -wql (of "
            "quantiles), -fit_seconds, -predict_seconds. Several, separated by commas, seek a "
            "Pareto front. Example: --objective=-mase,-predict_seconds"
        ),
        rich_help_panel=_STUDY,
    ),
]
Space = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What may vary: forecast, or your own as package.module:NAME. Example: --space "
            "mine:SPACE"
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
            "Configs to try in all, unless --minutes are over before. A study that is resumed may "
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
            "Minutes after which the search ends, those before a resume included. The best are "
            "fitted again and tested after. One fit has no limit of its own: --trial-minutes "
            "ends a trial whose fits take too long, as failed. Example: --minutes 30"
        ),
        rich_help_panel=_BUDGET,
    ),
]
