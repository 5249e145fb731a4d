"""What the page of a study's run has at its end: a description, a report, a table of trials."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from automl_on_ray.search_spaces.core import warn
from automl_on_ray.tracking import provenance
from automl_on_ray.tracking.reports.description import best_first, best_values, describe
from automl_on_ray.tracking.reports.links import run_links
from automl_on_ray.tracking.reports.notes import NOTE, ours, placed
from automl_on_ray.tracking.store import connect, find_studies, in_short
from automl_on_ray.tracking.study import Study, TrialRow


def log_report(
    uri: str,
    study: Study,
    *,
    trials: Sequence[TrialRow],
    page: str,
    importance: Mapping[str, float],
    final: Mapping[str, Mapping[str, Any]] | None = None,
    verdict: Sequence[str] = (),
) -> bool:
    """Write the description and `report.html` of a study's run; False if the store is away.

    `page` is that report, if there is one, `importance` the hyperparameters' shares, `final` what
    the final model gave (tables by title), `verdict` what the search was worth. May be repeated.
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
            verdict=verdict,
        )
        there = run.data.tags.get(NOTE, "")
        client.set_tag(run.info.run_id, NOTE, placed(ours(text), there))
        for name, value in best_values(trials, study.objectives).items():
            told = client.get_metric_history(run.info.run_id, name)
            client.log_metric(run.info.run_id, name, value, step=max([0, *(m.step for m in told)]))
        if importance:
            client.log_dict(run.info.run_id, dict(importance), "importance.json")
        if page:
            client.log_text(run.info.run_id, page, "report.html")
        ranked = [vars(row) for row in best_first(trials, study.objectives)]
        table = json.dumps(ranked, indent=1, default=str)
        client.log_text(run.info.run_id, table, "trials.json")
    except Exception as error:
        warn(f"The report could not be stored at {uri}: {in_short(error)}")
        return False
    return True


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
