"""A registered model as files that need neither this project nor MLflow: --help"""

import tempfile
import warnings
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.tracking._check import stored_uri
from automl_on_ray.tracking.models import fetch_model
from automl_on_ray.workflows import _options as options
from automl_on_ray.workflows._cli import console, quiet_libraries, told_plainly
from automl_on_ray.workflows._standalone import standalone_source

TOLERANCE = 1e-4  # between logits of two runtimes, absolute and relative


def export(
    model: Annotated[
        str, typer.Argument(help="models:/NAME/VERSION, models:/NAME@champion, runs:/ID/model.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the files; made if it is not there.")],
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Write model.pt2 (torch.export), model.onnx, and network.py with weights.pt.

    All are given the same images and must answer alike. Nothing that is there is overwritten.
    """
    with told_plainly():
        quiet_libraries()
        warnings.filterwarnings("ignore")
        _check_onnx()
        taken = [name for name in FILES if (out / name).exists()]
        if taken:
            raise UserError(f"{out / taken[0]} exists already; choose another --out.")
        uri = stored_uri(storage, tracking_uri)
        with tempfile.TemporaryDirectory() as folder:
            path, recipe = fetch_model(uri, model, Path(folder))
            program = torch.export.load(path)
            out.mkdir(parents=True, exist_ok=True)
            torch.export.save(program, out / "model.pt2")
        images = torch.rand(3, *recipe["image_shape"]) * 255
        expected = program.module()(images)
        _write_onnx(program, images, out / "model.onnx")
        (out / "network.py").write_text(standalone_source(recipe))
        torch.save(_weights(program), out / "weights.pt")
        answers = {
            "model.onnx": _run_onnx(out / "model.onnx", images),
            "network.py": _run_source(out, images),
        }
        for name, answer in answers.items():
            if not torch.allclose(answer, expected, rtol=TOLERANCE, atol=TOLERANCE):
                off = float((answer - expected).abs().max())
                raise SystemExit(f"{out / name} answers otherwise than the model, by {off:.3g}.")
        console.print(
            f"Wrote {', '.join(FILES)} to {out}; all answer as the model does.", soft_wrap=True
        )


FILES = ("model.pt2", "model.onnx", "network.py", "weights.pt")


def _check_onnx() -> None:
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"ONNX needs {error.name}: install this project with its extra, '.[export]'."
        ) from error


def _weights(program: Any) -> dict[str, Tensor]:
    """Without those of an auxiliary head, which only training had."""
    kept = program.state_dict.items()
    return {key: value for key, value in kept if ".auxiliary." not in key}


def _write_onnx(program: Any, images: Tensor, path: Path) -> None:
    torch.onnx.export(
        program.module(), (images,), str(path), input_names=["images"], output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False, verbose=False,
    )  # fmt: skip


def _run_onnx(path: Path, images: Tensor) -> Tensor:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    # Another batch size than the file was written with: one by one.
    parts = [session.run(None, {"images": image[None].numpy()})[0] for image in images]
    return torch.from_numpy(np.concatenate(parts))


def _run_source(folder: Path, images: Tensor) -> Tensor:
    names: dict[str, Any] = {"__name__": "network"}
    exec(compile((folder / "network.py").read_text(), "network.py", "exec"), names)
    with torch.no_grad():
        answer: Tensor = names["load"](folder / "weights.pt")(images)
    return answer


if __name__ == "__main__":
    typer.run(export)
