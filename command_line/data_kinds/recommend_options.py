"""Options of a study of a recommender, beside those of all commands."""

from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between

_STUDY, _SEARCH, _BUDGET = "What is tuned", "How it is searched", "When it ends"

Events = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Argument(
        help=(
            "Who took what, and when: a CSV, Parquet, Arrow or Feather file with a row an event, "
            "here or in a bucket; or movielens-100k. Example: s3://bucket/clicks.parquet"
        ),
        rich_help_panel=_STUDY,
        show_default=False,
    ),
]
User = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column with the user of an event. Default: the one that is called user or user_id. "
            "Example: --user who"
        ),
        rich_help_panel=_STUDY,
    ),
]
Item = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column with the item of an event. Default: the one that is called item, item_id, "
            "movie_id or product_id. Example: --item what"
        ),
        rich_help_panel=_STUDY,
    ),
]
Time = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column with the time of an event: dates, or numbers that grow. Later events are held "
            "out. Default: the one that is called time, date, datetime, timestamp or ds. Example: "
            "--time when"
        ),
        rich_help_panel=_STUDY,
    ),
]
Rating = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column with a number that says how much the user liked the item, 0 or more. The "
            "model ials heeds it; all metrics count events alike. Example: --rating stars"
        ),
        rich_help_panel=_STUDY,
    ),
]
Split = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What is held out: time (the last tenth of all events is the test part, the tenth "
            "before it the first fold) or leave-last-out (each user's last item). With the latter "
            "models know what others did later. Example: --split leave-last-out"
        ),
        rich_help_panel=_STUDY,
    ),
]
Folds = Annotated[
    int,
    Between(1, 8),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Points in time before the test part at which a model is fitted anew and judged by "
            "what came after; the scheduler looks at it after each. Example: --folds 2"
        ),
        rich_help_panel=_STUDY,
    ),
]
Core = Annotated[
    int | None,
    Between(0, 1000),
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Leave out users and items with fewer events than that, again and again until none is "
            "left; 0 keeps all. Default: 5 for movielens-100k, else 0. Example: --core 10"
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
            "Learn from the events of only so many users, drawn by --seed; for a quick try. "
            "Default: all. Example: --subset 2000"
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
            "The metric that the study maximises: ndcg (of 10 items), recall (of 20) or coverage "
            "(share of items that anybody is shown). With a minus in front it minimises, such as "
            "-predict_seconds. Several, separated by commas, seek a Pareto front. Example: "
            "--objective=ndcg,coverage"
        ),
        rich_help_panel=_STUDY,
    ),
]
Space = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What may vary: recommend (popularity, neighbours, EASE, factorisations, a two-tower "
            "network), or your own as package.module:NAME. Example: --space mine:SPACE"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Baselines = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--baselines/--no-baselines",
        help=(
            "Try first a few configs of each classical method, unless --try-first, --known or "
            "--warm-start say more. For searchers that learn."
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
            "Recommenders to try in all, unless --minutes are over before. A study that is resumed "
            "may ask for more. Example: --trials 50"
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
            "Minutes after which the search ends, those before a resume included. The test comes "
            "after. One fit has no limit of its own: --trial-minutes "
            "ends a trial whose fits take too long, as failed. Example: --minutes 30"
        ),
        rich_help_panel=_BUDGET,
    ),
]
