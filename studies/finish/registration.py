"""Stores a study's final model in MLflow and registers it."""

from automl_on_ray.command_line import console
from automl_on_ray.search_spaces.data_kinds import FinalModel
from automl_on_ray.studies.inputs import model_name
from automl_on_ray.studies.plan import StudyPlan
from automl_on_ray.studies.trial_rows import Row
from automl_on_ray.tracking.reports import ModelRecord, log_model


def register(plan: StudyPlan, best: Row, model: FinalModel, made: str) -> ModelRecord | None:
    """`made` is the name of what made it: its model is registered once. None if MLflow is away."""
    for remark in model.remarks:
        console.print(remark)
    return log_model(
        plan.uri,
        plan.record,
        model,
        config=best.config,
        registered_name=plan.asked.register or model_name(plan.asked.workflow, plan.record.dataset),
        trial_id=best.trial_id,
        training=made,
    )
