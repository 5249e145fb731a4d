"""Options of a study of a table, beside those of all commands."""

from typing import Annotated

import typer

from automl_on_ray.command_line.change import Change
from automl_on_ray.search_spaces.core import Between

_STUDY, _SEARCH, _BUDGET, _FINAL = (
    "What is tuned",
    "How it is searched",
    "When it ends",
    "The final model",
)

Table = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Argument(
        help=(
            "The table: a CSV, Parquet, Arrow or Feather file, here or in a bucket. Example: "
            "s3://bucket/sales.parquet"
        ),
        rich_help_panel=_STUDY,
        show_default=False,
    ),
]
Target = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help="Column to predict; rows without a value in it are left out. Example: --target churn",
        rich_help_panel=_STUDY,
    ),
]
Task = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What the target is: binary, multiclass or regression. Default: found by its values. "
            "Example: --task regression"
        ),
        rich_help_panel=_STUDY,
    ),
]
Time = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column with the time of a row: later rows are held out, in folds and test part. "
            "Default: rows are drawn at random. Example: --time date"
        ),
        rich_help_panel=_STUDY,
    ),
]
Group = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "Column whose values keep rows together, such as customers: none is in two folds, or "
            "in the test part too. Example: --group store"
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
            "Folds of the cross-validation: a pipeline is fitted once for each, and the scheduler "
            "looks at it after each. Example: --folds 8"
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
            "Learn from only so many rows, drawn by --seed; for a quick try. Default: all. "
            "Example: --subset 2000"
        ),
        rich_help_panel=_STUDY,
    ),
]
ObjectiveText = Annotated[
    str | None,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--objective",
        help=(
            "The metric that the study maximises; with a minus in front it minimises. Several, "
            "separated by commas, seek a Pareto front. Default: auc, -log_loss or -rmse, by the "
            "task. Example: --objective=auc,-predict_seconds"
        ),
        rich_help_panel=_STUDY,
    ),
]
Space = Annotated[
    str,
    Change.ANOTHER_STUDY,
    typer.Option(
        help=(
            "What may vary: tables (all that is installed with AutoML on Ray), tables-all (XGBoost "
            "and CatBoost too), or your own as package.module:NAME. Example: --space tables-all"
        ),
        rich_help_panel=_SEARCH,
    ),
]
Portfolio = Annotated[
    bool,
    Change.ANOTHER_STUDY,
    typer.Option(
        "--portfolio/--no-portfolio",
        help=(
            "Try first what did best on other tables: configs that benchmarks/ has found, unless "
            "--try-first, --known or --warm-start say more. For searchers that learn."
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
            "Pipelines to try in all, unless --minutes are over before. A study that is resumed "
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
            "Minutes after which the search ends with the fits that are at work, those before a "
            "resume included. Ensemble and test come after. Example: --minutes 30"
        ),
        rich_help_panel=_BUDGET,
    ),
]
Refit = Annotated[
    bool,
    Change.ALLOWED,
    typer.Option(
        "--refit",
        help=(
            "Register a small model: the best pipeline alone, fitted once more to all training "
            "rows, instead of the ensemble of all folds' models."
        ),
        rich_help_panel=_FINAL,
    ),
]
