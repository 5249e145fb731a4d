"""Exploits of population-based training, as Ray's PBT leaves them on a trial."""

from collections.abc import Mapping
from typing import Any

from ray.tune.experiment import Trial

from automl_on_ray.tracking.mlflow_names import mlflow_name
from automl_on_ray.tracking.trial_states import TrialState


def exploit_of(trial: Trial, known: TrialState) -> dict[str, Any] | None:
    """What a trial took over from another, told by the checkpoint that it is to start from.

    None if the checkpoint is its own, or the exploit was seen before.
    """
    manager = trial.run_metadata.checkpoint_manager
    latest = manager.latest_checkpoint_result if manager else None
    metrics: Mapping[str, Any] = (latest.metrics if latest else None) or {}
    donor, since = metrics.get("trial_id"), int(metrics.get("training_iteration", 0))
    if not donor or donor == trial.trial_id or known.cloned == [donor, since]:
        return None
    return {
        "trial": trial.trial_id,
        "donor": donor,
        "donor_iteration": since,
        "step": known.step,
        "offset": known.step - since,
        "generation": known.exploits + 1,
        "config": dict(trial.config),
        "changed": {
            key: [known.config.get(key), value]
            for key, value in trial.config.items()
            if known.config.get(key) != value
        },
    }


def exploit_tags(exploit: Mapping[str, Any]) -> dict[str, str]:
    """MLflow's tags of a trial after an exploit: its donor, generation and new hyperparameters."""
    tags = {"pbt.parent_trial": exploit["donor"], "pbt.generation": str(exploit["generation"])}
    changed = exploit["changed"].items()
    return tags | {f"hp.{mlflow_name(key)}": str(new)[:5000] for key, (_, new) in changed}
