"""A network as MLflow stores it: an exported graph, the code that runs it, a description."""

import copy
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from automl_on_ray.tracking.store import connect, leave_checks_to_the_model
from automl_on_ray.tracking.study import Study

NEEDED = ("mlflow", "torch", "numpy", "pandas", "pillow")
PAGE = """A picture classifier: {classes}.

`mlflow.pyfunc.load_model("models:/{name}/{version}").predict(images)` answers a DataFrame, one \
row a picture: `class`, `probability`, and `P(NAME)` of each class.

It takes pictures {width} wide and {height} high, {channels}; others are refused, not resized.

- PIL images, paths, bytes of image files, `"data:image/png;base64,..."`; on a server no paths.
- Arrays and tensors of one picture, (H, W), (H, W, C) or (C, H, W), or of several, (N, H, W), \
(N, H, W, C) or (N, C, H, W); what may be read in two ways is refused.
- Lists of these, or a DataFrame: one column of them, or one column a pixel for grey pictures.
- Grey and coloured pictures, made what the network takes; transparent ones are put on white.

Pixels are 0..255 or floats 0..1, told apart by their values: whole numbers above 1 and floats \
above 2 are 0..255, other floats up to 1 are 0..1. What may be either, is on both scales in one \
call, or is darker than any training picture is refused: say `params={{"scale": "0..1"}}` or \
`"0..255"`. Pixels below 0, above 255 or NaN are refused.

To a server (`mlflow models serve`), send JSON `{{"inputs": [...]}}`.
"""


@dataclass(frozen=True)
class Interface:
    """What a stored model takes and answers.

    `code` is a module with `_load_pyfunc(folder)` that needs nothing of this project, which the
    model brings along. `brightness` is the brightest pixel that nearly every training picture has.
    """

    code: Path
    classes: tuple[str, ...]
    brightness: float = 0


def store(
    uri: str,
    run: Any,
    network: torch.nn.Module,
    example: torch.Tensor,
    details: dict[str, Any],
    interface: Interface,
) -> Any:
    """MLflow's description of the stored model. The run's status stays what it was."""
    import mlflow

    batch = example.detach().cpu()
    if len(batch) == 1:  # the export would take a batch of one for the only size there is
        batch = batch.repeat(2, *[1] * (batch.dim() - 1))
    told = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    if told is None:
        # MLflow writes it into the environment, where the process's next study would find it.
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    status = run.info.status
    with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_id=run.info.run_id):
        code = _brought(interface.code, Path(folder))
        program = _export(network, batch, Path(folder) / "model.pt2")
        facts = {
            "classes": list(interface.classes),
            "image_shape": list(batch.shape[1:]),
            "brightness": interface.brightness,
        }
        stored = mlflow.pyfunc.log_model(
            name="model",
            loader_module=code.stem,
            data_path=str(program),
            code_paths=[str(code)],
            signature=_signature(batch, interface.classes),
            input_example=batch.round().to(torch.uint8).numpy(),
            pip_requirements=[f"{name}=={metadata.version(name)}" for name in NEEDED],
            metadata={**details, "automl.interface": json.dumps(facts)},
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


def page(name: str, version: str, image_shape: tuple[int, ...], classes: tuple[str, ...]) -> str:
    """The description of a version, in Markdown."""
    channels, height, width = image_shape
    return PAGE.format(
        name=name,
        version=version,
        height=height,
        width=width,
        channels={1: "grey", 3: "in colours"}.get(channels, f"of {channels} channels"),
        classes=", ".join(classes),
    )


def _brought(code: Path, folder: Path) -> Path:
    """A copy whose name tells its content: one process may load models of several versions."""
    digest = hashlib.sha256(code.read_bytes()).hexdigest()[:8]
    return Path(shutil.copyfile(code, folder / f"automl{code.stem}_{digest}.py"))


def _export(network: torch.nn.Module, batch: torch.Tensor, path: Path) -> Path:
    model = copy.deepcopy(network).cpu().eval()
    program = torch.export.export(model, (batch,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    torch.export.save(program, path)
    return path


def _signature(batch: torch.Tensor, classes: tuple[str, ...]) -> Any:
    """The plainest input, and the answer."""
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

    signature = ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(np.uint8), (-1, *batch.shape[1:]))]),
        outputs=Schema(
            [
                ColSpec("string", "class"),
                ColSpec("double", "probability"),
                *(ColSpec("double", f"P({name})") for name in classes),
            ]
        ),
        params=ParamSchema([ParamSpec("scale", DataType.string, "auto")]),
    )
    leave_checks_to_the_model(signature)
    return signature
