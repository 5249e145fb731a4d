"""What we use of the inside of MLflow; it is imported when it is needed.

Of its web pages, whose addresses `reports/links.py` makes, no version says what they understand.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.core import Internals

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.models import ModelSignature

MLFLOW = Internals(
    ("mlflow",),
    (
        "mlflow.store.artifact.artifact_repo:ArtifactRepository._download_file"
        "(remote_file_path, local_path)",
        "mlflow.entities.run_data:RunData._metric_objs",
        "mlflow.models.signature:ModelSignature._is_signature_from_type_hint",
        "mlflow.environment_variables:_MLFLOW_IS_IN_SERVING_ENVIRONMENT",
    ),
)


def check_mlflow() -> None:
    """UserError if the MLflow that is here does not do."""
    MLFLOW.check()


def download(store: Any, name: str, path: Path) -> None:
    """One file of an artifact repository; its public method asks the store which files to write."""
    store._download_file(name, str(path))


def last_metrics(run: "Run") -> list[Any]:
    """The newest of each metric, with its step; public are the values alone."""
    metrics: list[Any] = run.data._metric_objs
    return metrics


def leave_checks_to_the_model(signature: "ModelSignature") -> None:
    """MLflow would refuse all but the plainest input that a signature names."""
    signature._is_signature_from_type_hint = True
