"""Links to MLflow's pages that show a study.

The interface opens in a mode for language models and folds trials under their parent; these ask
for the one for training, and for the trials alone, best first.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from automl_on_ray.search_spaces.core import Objective, parse_objectives
from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.study import Study

if TYPE_CHECKING:
    from mlflow.entities import Run

_MODE = "workflowType=machine_learning"
_VIEW = "viewStateShareKey"


def addresses(
    base: str, *, experiment_id: str, run_id: str, study_id: str, objective: Objective
) -> dict[str, str]:
    """What a link shows -> its address, the most wanted first. `base` "" makes them relative."""
    runs = f"{base}/#/experiments/{experiment_id}/runs"
    order = (
        f"&orderByKey={quote(_column(objective))}"
        f"&orderByAsc={'true' if objective.mode == 'min' else 'false'}"
    )
    charts = f"{runs}?{_MODE}&searchFilter={quote(trials_of(study_id))}{order}"
    return {
        "trials": f"{runs}?{_MODE}&{_VIEW}={quote(study_id)}",
        "charts": f"{charts}&compareRunsMode=CHART",
        "study": f"{runs}/{run_id}?{_MODE}",
        "report": f"{runs}/{run_id}/artifacts/report.html?{_MODE}",
        "models": f"{base}/#/experiments/{experiment_id}/models?{_MODE}",
    }


def trials_of(study_id: str) -> str:
    """MLflow's filter for a study's trials."""
    return f"tags.`automl.study_id` = '{study_id}' AND tags.`automl.role` = 'trial'"


def shared_view(study: Study, params: Iterable[str]) -> tuple[str, str]:
    """The tag of an experiment by which MLflow's table opens with these columns: key, value.

    What its own Share button stores; without it a list of trials shows neither values nor params.
    """
    metrics = [_column(objective) for objective in study.objectives]
    columns = [*metrics, "tags.`automl.outcome`", *(f"params.`{key}`" for key in params)]
    state = {
        "searchFilter": trials_of(study.study_id),
        "orderByKey": metrics[0],
        "orderByAsc": study.objectives[0].mode == "min",
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": columns,
    }
    return f"mlflow.sharedViewState.{study.study_id}", json.dumps(state)


def _column(objective: Objective) -> str:
    """Of MLflow's table of runs."""
    return f"metrics.`{mlflow_name(objective.metric)}`"


def run_links(base: str, run: "Run") -> dict[str, str]:
    """The same for a study's run, as MLflow has it."""
    return addresses(
        base,
        experiment_id=run.info.experiment_id,
        run_id=run.info.run_id,
        study_id=run.data.tags.get("automl.study_id", ""),
        objective=parse_objectives(run.data.params.get("objective", "accuracy"))[0],
    )


def experiment_note(studies: Iterable["Run"]) -> str:
    """Markdown: one line a study, with relative links, so that any host and port will do."""
    lines = ["Each study is one run; its trials are folded under it. Trials alone, best first:", ""]
    for run in studies:
        links = " · ".join(f"[{name}]({link})" for name, link in run_links("", run).items())
        lines.append(f"- **{run.info.run_name}** {links}")
    return "\n".join(lines)
