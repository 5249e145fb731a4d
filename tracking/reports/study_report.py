"""The report on the page of a study's run: a table of the best trials, and figures."""

import html
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from automl_on_ray.search_spaces.core import warn
from automl_on_ray.tracking import provenance
from automl_on_ray.tracking.reports.description import best_first, best_values, describe
from automl_on_ray.tracking.reports.figures import importance_bars, parallel_coordinates
from automl_on_ray.tracking.reports.links import run_links
from automl_on_ray.tracking.store import connect, find_studies, in_short
from automl_on_ray.tracking.study import Study, TrialRow

Figures = Mapping[str, go.Figure]


def log_report(
    uri: str,
    study: Study,
    *,
    trials: Sequence[TrialRow],
    figures: Figures,
    importance: Mapping[str, float],
    final: Mapping[str, Any] | None = None,
) -> bool:
    """Write the description and `report.html` of a study's run; False if the store is away.

    `figures` are a searcher's own (slices, say), `importance` its hyperparameters' shares, `final`
    what the repeats of the best config gave. Parallel coordinates are drawn here. May be repeated.
    """
    try:
        client = connect(uri)
        runs = find_studies(client, study.study_id)
        if not runs:
            warn("MLflow does not have the study yet; the same command reports again.")
            return False
        run = runs[0]
        text = describe(
            study,
            Counter(row.outcome for row in trials),
            best_first(trials, study.objectives),
            provenance.versions(),
            links=run_links("", run),
            runs=_run_pages(client, run),
            final=final,
        )
        client.set_tag(run.info.run_id, "mlflow.note.content", text)
        for name, value in best_values(trials, study.objectives).items():
            told = client.get_metric_history(run.info.run_id, name)
            client.log_metric(run.info.run_id, name, value, step=max([0, *(m.step for m in told)]))
        drawn = {"Parallel coordinates": parallel_coordinates(trials, study.objectives)}
        if importance:
            drawn["Importance of hyperparameters"] = importance_bars(importance)
            client.log_dict(run.info.run_id, dict(importance), "importance.json")
        page = report_page(study.name, {**drawn, **figures})
        client.log_text(run.info.run_id, page, "report.html")
        ranked = [vars(row) for row in best_first(trials, study.objectives)]
        table = json.dumps(ranked, indent=1, default=str)
        client.log_text(run.info.run_id, table, "trials.json")
    except Exception as error:
        warn(f"The report could not be stored at {uri}: {in_short(error)}")
        return False
    return True


def report_page(title: str, figures: Figures) -> str:
    """One page for all figures, which works without a network: plotly's script is inside, once."""
    parts = [
        f"<!doctype html><html><head><meta charset='utf-8'><title>{html.escape(title)}</title>",
        f"<script>{get_plotlyjs()}</script></head>",
        "<body style='font-family: sans-serif; margin: 1em'>",
    ]
    for name, figure in figures.items():
        parts.append(f"<h3>{html.escape(name)}</h3>")
        parts.append(figure.to_html(full_html=False, include_plotlyjs=False))
    return "\n".join([*parts, "</body></html>"])


def _run_pages(client: Any, study_run: Any) -> dict[str, str]:
    """Where each trial's own page is."""
    condition = f"tags.`mlflow.parentRunId` = '{study_run.info.run_id}'"
    found = client.search_runs([study_run.info.experiment_id], condition, max_results=5000)
    return {
        run.data.tags.get("automl.trial_id", ""): (
            f"#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
            "?workflowType=machine_learning"
        )
        for run in found
    }
