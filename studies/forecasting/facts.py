"""What was read of the series and what will be done with them, told before anything starts."""

from collections.abc import Iterator, Sequence

import numpy as np

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.facts_table import REMARK, aims, search_told
from automl_on_ray.studies.forecasting.settings import ForecastSettings, names_in
from automl_on_ray.trainables.forecasting import Panel

BASELINES_TOLD = "beside it seasonal naive, Theta and ETS"


def facts_told(
    panel: Panel, asked: ForecastSettings, objectives: Sequence[Objective]
) -> Iterator[tuple[str, str]]:
    """Lines of it, each with a word for what it is about."""
    lengths = [len(values) for values in panel.history(None)[0].values]
    shortest, middle, longest = (int(n) for n in np.quantile(lengths, [0, 0.5, 1]))
    spread = f"{shortest:,} to {longest:,} steps to learn from, median {middle:,}"
    if shortest == longest:
        spread = f"{shortest:,} steps to learn from"
    yield "series", f"{len(lengths):,}, with {spread}"
    every = f", one every {panel.frequency}" if panel.frequency else ""
    yield "horizon", f"{panel.horizon} step{'s' * (panel.horizon > 1)}{every}"
    yield "season", f"{panel.season} steps" if panel.season > 1 else "none"
    yield "objective", f"{aims(objectives)}, of steps that are held out"
    yield "test part", f"the last {panel.horizon} steps of each series; {BASELINES_TOLD}"
    yield (
        "origins",
        f"{panel.folds} before the test part, the latest first; each forecasts {panel.horizon} "
        "steps from what comes before it",
    )
    for what, text in (("known ahead", asked.known_ahead), ("known past", asked.known_past)):
        if text:
            yield what, ", ".join(names_in(text))
    for remark in panel.remarks:
        yield REMARK, remark
    yield "search", search_told(asked)
