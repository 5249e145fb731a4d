"""Analyses a study with Ax: importance of hyperparameters, and slices.

Works for the trials of any searcher. It takes seconds: for the end of a study, not Tune's loop.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import plotly.graph_objects as go

from automl_on_ray.search_spaces import Config, SearchSpace, is_log
from automl_on_ray.search_spaces.core import Objective, warn
from automl_on_ray.searchers._domains import varying
from automl_on_ray.searchers._settings import PriorTrial, SearcherSettings
from automl_on_ray.searchers.ax.encoding import Encoding

MIN_ROWS, MAX_ROWS = 5, 500  # a fit's time grows with the cube of them
# Sobol indices take time and memory by samples x columns²: 4 s and 0.5 GB for so many of these,
# one hundred parameters with 1000 samples (measured on one core).
MAX_WORK, MIN_SAMPLES, MAX_SAMPLES = 10**7, 64, 1000
MAX_SLICES = 6
SLICE_POINTS = 40


@dataclass(frozen=True)
class Analysis:
    """`importance`: each parameter's share of the first objective's variation, 0 to 1.

    `left_out` says what was too much to analyse.
    """

    importance: dict[str, float] = field(default_factory=dict)
    figures: dict[str, go.Figure] = field(default_factory=dict)
    left_out: str = ""


def analyse(
    space: SearchSpace,
    objectives: Sequence[Objective],
    rows: Sequence[tuple[Config, dict[str, float]]],
) -> Analysis:
    """Total Sobol indices of Ax's model, and a slice through the best trial per main parameter.

    `rows` are configs of `space` with metrics that hold every objective. With fewer than five of
    them, or where no model can be had, nothing: never raises. So it is with more parameters than
    can be analysed in seconds; of many rows it takes a part.
    """
    if len(rows) < MIN_ROWS:
        return Analysis()
    every = -(-len(rows) // MAX_ROWS)
    left_out = f"What matters was told from {len(rows[::every])} of {len(rows)} trials."
    try:
        if _samples(space) < MIN_SAMPLES:
            count = len(space.domains)
            return Analysis(left_out=f"{count} hyperparameters are too many to tell what matters.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _analysed(space, tuple(objectives), rows[::every])
            return replace(found, left_out=left_out if every > 1 else "")
    except Exception as error:  # a figure is not worth the end of a study
        warn(f"Hyperparameters were not analysed: {error!r}")
        return Analysis()


def _analysed(
    space: SearchSpace,
    objectives: tuple[Objective, ...],
    rows: Sequence[tuple[Config, dict[str, float]]],
) -> Analysis:
    from ax.core.observation import ObservationFeatures
    from ax.utils.sensitivity.sobol_measures import ax_parameter_sens

    from automl_on_ray.searchers.ax.internals import column_of
    from automl_on_ray.searchers.ax.model import AxModel

    first = objectives[:1]
    plain = replace(space, constraints=())
    known = [(varying(plain, config), dict(metrics)) for config, metrics in rows]
    model = AxModel(
        SearcherSettings(plain, first, known=tuple(PriorTrial(c, {1: m}) for c, m in known))
    )
    adapter = model.adapter()
    keys = model.encoding.keys()
    raw = ax_parameter_sens(adapter, order="total", num_mc_samples=_samples(space))
    metric = next(iter(raw))
    shares = dict.fromkeys(keys.values(), 0.0)
    for name, value in raw[metric].items():
        key = keys.get(column_of(name))
        if key is not None:
            shares[key] += abs(float(value))
    total = sum(shares.values()) or 1.0
    ranked = sorted(shares, key=lambda key: -shares[key])
    importance = {key: shares[key] / total for key in ranked}
    best = max(known, key=lambda row: first[0].sign() * row[1][first[0].metric])[0]
    figures = {}
    for key in ranked[:MAX_SLICES]:
        points = model.encoding.slice(key, best, SLICE_POINTS)
        features = [ObservationFeatures(parameters=dict(codes)) for _, codes in points]
        means, covariances = adapter.predict(features)
        spread = [2 * max(v, 0.0) ** 0.5 for v in covariances[metric][metric]]
        seen = [
            (config[key], metrics[first[0].metric]) for config, metrics in known if key in config
        ]
        figures[f"Slice: {key}"] = _slice(
            key, first[0].metric, [value for value, _ in points], means[metric], spread, seen,
            log=is_log(space.domains[key]),
        )  # fmt: skip
    return Analysis(importance, figures)


def _samples(space: SearchSpace) -> int:
    """How many samples may be drawn for Sobol indices."""
    columns = sum(len(each.get("values", [1])) for each in Encoding(space).parameters())
    return min(MAX_SAMPLES, MAX_WORK // columns**2)


def _slice(
    key: str,
    metric: str,
    x: list[object],
    mean: list[float],
    spread: list[float],
    seen: list[tuple[object, float]],
    *,
    log: bool,
) -> go.Figure:
    """Prediction with two standard deviations along one parameter, and the trials."""
    text = [v if isinstance(v, int | float) and not isinstance(v, bool) else str(v) for v in x]
    dots = [
        v if isinstance(v, int | float) and not isinstance(v, bool) else str(v) for v, _ in seen
    ]
    error = {"type": "data", "array": spread, "color": "rgba(31,119,180,0.3)"}
    figure = go.Figure(
        [
            go.Scatter(x=text, y=list(mean), error_y=error, name="model, the rest as in the best"),
            go.Scatter(x=dots, y=[v for _, v in seen], mode="markers", name="trials"),
        ]
    )
    figure.update_layout(
        xaxis_title=key, yaxis_title=metric, height=360, template="plotly_white",
        xaxis_type="log" if log else None,
    )  # fmt: skip
    return figure
