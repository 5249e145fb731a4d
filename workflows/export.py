"""Write a registered model as files: python workflows/export.py --help"""

import tempfile
import warnings
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from torch import Tensor

from automl_on_ray.clusters import folder_named
from automl_on_ray.command_line import (
    checked,
    console,
    options,
    quiet_libraries,
    run_command,
    user_errors_to_exit_codes,
)
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.reports import fetch_model
from automl_on_ray.tracking.store import stored_uri
from automl_on_ray.trainables.registered_models import (
    checked_recipe,
    example_images,
    rebuilt,
    standalone_source,
)

TOLERANCE = 1e-4  # between logits of two runtimes, absolute and relative


@checked
def export(
    model: Annotated[
        str, typer.Argument(help="models:/NAME/VERSION, models:/NAME@champion, runs:/ID/model.")
    ],
    out: Annotated[str, typer.Option(help="Folder for the files; made if it is not there.")],
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs"),
    tracking_uri: options.TrackingUri = None,
) -> None:
    """Write model.pt2 (torch.export), model.onnx, and network.py with weights.pt.

    The network is built again from its recipe: nothing of what the store has is run, and its
    weights are read as numbers. All files are given the same images and must answer alike, and as
    the model did when it was stored. Nothing that is there is overwritten.
    """
    with user_errors_to_exit_codes():
        quiet_libraries()
        warnings.filterwarnings("ignore")
        _check_onnx()
        place = folder_named(out, "--out")
        taken = [name for name in FILES if (place / name).exists()]
        if taken:
            raise UserError(f"{place / taken[0]} exists already; choose another --out.")
        uri = stored_uri(folder_named(storage, "--storage"), tracking_uri)
        with tempfile.TemporaryDirectory() as folder:
            path, stored = fetch_model(uri, model, Path(folder))
            recipe = checked_recipe(stored, model)
            network = rebuilt(recipe, path, model)
        images = example_images(recipe.image_shape)
        expected = _run(network, images)
        if recipe.answers is not None:
            _compare(f"The network of {model}, built again,", expected, recipe.answers)
        _make(place)
        batch = torch.export.Dim("batch")
        program = torch.export.export(network, (images,), dynamic_shapes=({0: batch},))
        torch.export.save(program, place / "model.pt2")
        _write_onnx(program, images, place / "model.onnx")
        (place / "network.py").write_text(standalone_source(recipe), encoding="utf-8")
        torch.save(network.state_dict(), place / "weights.pt")
        answers = {
            "model.pt2": _run(program.module(), images),
            "model.onnx": _run_onnx(place / "model.onnx", images),
            "network.py": _run_source(place, images),
        }
        for name, answer in answers.items():
            _compare(str(place / name), answer, expected)
        console.print(
            f"Wrote {', '.join(FILES)} to {place}; all answer as the model does.", soft_wrap=True
        )


FILES = ("model.pt2", "model.onnx", "network.py", "weights.pt")


def _make(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise UserError(f"--out {place} cannot be written to: {error.strerror}.") from error


def _check_onnx() -> None:
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"ONNX needs {error.name}: install this project with its extra, '.[export]'."
        ) from error


def _compare(what: str, answer: Tensor, expected: Tensor) -> None:
    if answer.shape != expected.shape or not torch.allclose(
        answer, expected, rtol=TOLERANCE, atol=TOLERANCE
    ):
        raise UserError(f"{what} gives other answers than the model; do not use the files.")


def _run(network: torch.nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        answer: Tensor = network(images)
    return answer


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
    text = (folder / "network.py").read_text(encoding="utf-8")
    exec(compile(text, "network.py", "exec"), names)
    return _run(names["load"](folder / "weights.pt"), images)


if __name__ == "__main__":
    run_command(export)
