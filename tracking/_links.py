"""Addresses of MLflow's pages that show a study at once.

The interface opens in a mode for language models and folds trials under their parent; these ask
for the one for training, and for the trials alone, best first.
"""

from urllib.parse import quote

from search_spaces._objective import Objective

_MODE = "workflowType=machine_learning"


def study_links(
    base: str, *, experiment_id: str, run_id: str, study_id: str, objective: Objective
) -> dict[str, str]:
    """What a link shows -> its address, the most wanted first."""
    runs = f"{base}/#/experiments/{experiment_id}/runs"
    condition = f"tags.`automl.study_id` = '{study_id}' AND tags.`automl.role` = 'trial'"
    order = (
        f"&orderByKey={quote(f'metrics.`{objective.metric}`')}"
        f"&orderByAsc={'true' if objective.mode == 'min' else 'false'}"
    )
    trials = f"{runs}?{_MODE}&searchFilter={quote(condition)}{order}"
    return {
        "trials": trials,
        "charts": f"{trials}&compareRunsMode=CHART",
        "study": f"{runs}/{run_id}?{_MODE}",
        "models": f"{base}/#/experiments/{experiment_id}/models?{_MODE}",
    }
