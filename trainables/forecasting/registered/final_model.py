"""The model that a study of series registers."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.trainables.forecasting.panel import Panel
from automl_on_ray.trainables.forecasting.reading import JOINED
from automl_on_ray.trainables.forecasting.registered.bagged import Bagged
from automl_on_ray.trainables.forecasting.registered.frames import FORECAST, NAMED_LEVELS, Columns
from automl_on_ray.trainables.registered_models import Brought, bring_code

PACKAGES = ("numpy", "pandas", "scipy")
LIBRARIES = {"mlp": "torch", "tcn": "torch", "lstm": "torch", "trees": "lightgbm"}
BROUGHT = Brought(
    "automl_on_ray.trainables.forecasting",
    Path(__file__).parents[1],
    ("history.py", "levels.py", "frequency.py", "cells.py", "baselines/*.py", "models/*.py",
     "registered/bagged.py", "registered/frames.py", "registered/forecast_model.py"),
    entry="registered.forecast_model",
    start="automl_forecasting",
    beside=("automl_on_ray.trainables.tables.conform",),
)  # fmt: skip
# Of a collection by name, whose series have no columns.
SERIES, TIME, TARGET = "series", "time", "value"
EXAMPLE_SEASONS = 2
PAGE = """Forecasts the {horizon} steps of `{target}` that follow a history{frequency}.

`mlflow.pyfunc.load_model("models:/{{name}}/{{version}}").predict(frame)` takes a long DataFrame, \
one row a series and time, and answers one row a series and step ahead: {answered}. `forecast` is \
the median, and `q0.1` to `q0.9` are the levels of the forecast: 80 % of the values should lie \
between the first and the last.

The frame has these columns, with others beside them: {columns}. Its series need not be those that \
the model was made of, and need {least} values or more to be forecast well; the latest ones are \
what counts. A value that is missing is taken as the one before it.{known}

To a server (`mlflow models serve`), send JSON `{{"dataframe_records": [{{...}}, ...]}}`.
"""
KNOWN = """

{names} must be known ahead: give rows for the {horizon} times after the last value as well, \
without `{target}`."""


def final_model_of(
    bagged: Bagged,
    panel: Panel,
    metrics: Mapping[str, float],
    *,
    folder: Path,
    remarks: tuple[str, ...] = (),
) -> FinalModel:
    """`metrics` are those of the test part. The code that goes with it is written to `folder`."""
    code, columns = bring_code(BROUGHT, folder), bagged.columns
    names = [*columns.series, columns.time]
    return FinalModel(
        write=partial(_write, bagged),
        code=(code,),
        # The model itself reads texts of times and numbers, as training did.
        inputs=tuple((name, "any") for name in columns.needed),
        outputs=(
            *((name, "any") for name in names),
            *((name, "double") for name in (FORECAST, *NAMED_LEVELS)),
        ),
        example=_example(panel, columns),
        requirements=(*PACKAGES, *_libraries(bagged)),
        facts={
            "kind": "forecast",
            "target": columns.target,
            "horizon": columns.horizon,
            "season": columns.season,
            "frequency": columns.frequency,
            "series": len(panel.ids),
            "members": {trial: weight for trial, (weight, _) in bagged.members.items()},
        },
        page=_page(columns),
        remarks=remarks,
        metrics=metrics,
    )


def columns_of(panel: Panel) -> Columns:
    """Those of the user's own table, or of a collection's series as a long frame has them."""
    asked, by_name = panel.asked, panel.by_name
    target = asked.get("target") or by_name.get("target")
    series = asked.get("series") or [by_name[role] for role in ("series",) if role in by_name]
    return Columns(
        time=asked.get("time") or by_name.get("time") or TIME,
        series=tuple(series) if target else (SERIES,),
        target=target or TARGET,
        known=panel.known_names,
        past=panel.past_names,
        horizon=panel.horizon,
        season=panel.season,
        frequency=panel.frequency,
        dated=panel.starts.dtype.kind == "M",
        time_format=panel.time_format,
        decimal_comma=panel.decimal_comma,
    )


def _write(bagged: Bagged, folder: Path) -> Path:
    place = folder / "model"
    bagged.save(place)
    return place


def _libraries(bagged: Bagged) -> list[str]:
    models = {forecaster.model for _, forecaster in bagged.members.values()}
    return sorted({LIBRARIES[name] for name in models if name in LIBRARIES})


def _example(panel: Panel, columns: Columns) -> pd.DataFrame:
    """The end of the first series before the test part, and what is known of the part itself."""
    cut = len(panel.values[0]) - panel.horizon
    start = max(0, cut - EXAMPLE_SEASONS * max(panel.season, panel.horizon))
    end = cut + (panel.horizon if columns.known else 0)
    times = panel.times(0)[start:end]
    parts = [panel.ids[0]] if len(columns.series) == 1 else panel.ids[0].split(JOINED)
    values = np.where(np.arange(start, end) < cut, panel.values[0][start:end], np.nan)
    return pd.DataFrame({
        **dict(zip(columns.series, parts, strict=False)),
        columns.time: times,
        columns.target: values,
        **{name: panel.known[0][start:end, at] for at, name in enumerate(columns.known)},
        **{name: panel.past[0][start:end, at] for at, name in enumerate(columns.past)},
    })  # fmt: skip


def _page(columns: Columns) -> str:
    known = KNOWN.format(
        names=", ".join(f"`{name}`" for name in columns.known),
        horizon=columns.horizon,
        target=columns.target,
    )
    answered = [*columns.series, columns.time, FORECAST, NAMED_LEVELS[0], "...", NAMED_LEVELS[-1]]
    return PAGE.format(
        horizon=columns.horizon,
        target=columns.target,
        frequency=f", of the frequency `{columns.frequency}`" if columns.frequency else "",
        answered=", ".join(f"`{name}`" for name in answered).replace("`...`", "..."),
        columns=", ".join(f"`{name}`" for name in columns.needed),
        least=max(2 * columns.season, columns.horizon),
        known=known if columns.known else "",
    )
