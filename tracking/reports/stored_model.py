"""A model as MLflow stores it: its data, the code that runs it, what it takes and answers."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.data_kinds import ArrayInput, FinalModel
from automl_on_ray.tracking.store import connect, leave_checks_to_the_model
from automl_on_ray.tracking.study import Study

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema

FACTS = "automl.interface"  # what a stored model's metadata call them


def store(uri: str, run: Any, model: FinalModel, details: dict[str, Any]) -> Any:
    """MLflow's description of the stored model. The run's status stays what it was."""
    import mlflow

    told = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if told is None:
        # MLflow writes it into the environment, where the process's next study would find it.
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    status = run.info.status
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_id=run.info.run_id):
        code = [_brought(path, Path(folder)) for path in model.code]
        place = Path(folder) / "data"
        place.mkdir()
        stored = mlflow.pyfunc.log_model(
            name="model",
            loader_module=code[0].stem,
            data_path=str(model.write(place)),
            code_paths=[str(path) for path in code],
            signature=_signature(model),
            input_example=model.example,
            pip_requirements=[
                f"{name}=={metadata.version(name)}" for name in ("mlflow", *model.requirements)
            ],
            metadata={**details, FACTS: json.dumps(dict(model.facts))},
        )
    client = connect(uri)
    if status == "RUNNING":
        client.update_run(run.info.run_id, status=status)
    else:
        client.set_terminated(run.info.run_id, status, run.info.end_time)
    return stored


def log_metrics(
    uri: str, run: Any, stored: Any, metrics: Mapping[str, float], study: Study
) -> None:
    """Beside the model, as `final_...`."""
    from mlflow.entities import Metric

    now = run.info.end_time or run.info.start_time
    points = [
        Metric(
            f"final_{key}",
            float(value),
            now,
            0,
            model_id=stored.model_id,
            dataset_name=study.dataset,
            dataset_digest=study.dataset_digest[:36],
            run_id=run.info.run_id,
        )
        for key, value in metrics.items()
    ]
    connect(uri).log_batch(run.info.run_id, points, synchronous=True)


def _brought(code: Path, folder: Path) -> Path:
    """A copy. A file's name tells its content: one process may load models of several versions."""
    if code.is_dir():
        return Path(shutil.copytree(code, folder / code.name))
    digest = hashlib.sha256(code.read_bytes()).hexdigest()[:8]
    return Path(shutil.copyfile(code, folder / f"automl{code.stem}_{digest}.py"))


def _signature(model: FinalModel) -> "ModelSignature":
    """The plainest input, and the answer."""
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec

    named = [ParamSpec(name, _TYPES[type(value)], value) for name, value in model.params.items()]
    params: Any = ParamSchema(named) if named else None
    signature = ModelSignature(
        inputs=_inputs(model), outputs=_columns(model.outputs), params=params
    )
    if isinstance(model.inputs, ArrayInput):
        leave_checks_to_the_model(signature)
    return signature


_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "long", float: "double"}


def _inputs(model: FinalModel) -> "Schema":
    import numpy as np
    from mlflow.types import Schema, TensorSpec

    inputs = model.inputs
    if isinstance(inputs, ArrayInput):
        return Schema([TensorSpec(np.dtype(inputs.dtype), inputs.shape)])
    return _columns(inputs, model.optional)


def _columns(columns: tuple[tuple[str, str], ...], optional: tuple[str, ...] = ()) -> "Schema":
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    return Schema(
        [
            ColSpec(AnyType() if kind == "any" else kind, name, required=name not in optional)
            for name, kind in columns
        ]
    )
