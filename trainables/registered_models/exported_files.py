"""Writes a network as files that run without this project, and compares their answers."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.registered_models.rebuilt_network import Recipe, example_images
from automl_on_ray.trainables.registered_models.standalone_file import standalone_source

FILES = ("model.pt2", "model.onnx", "network.py", "weights.pt")
TOLERANCE = 1e-4  # between logits of two runtimes, absolute and relative


def check_export(place: Path) -> None:
    """UserError if a library is missing, or one of the files is there."""
    _check_onnx()
    taken = [name for name in FILES if (place / name).exists()]
    if taken:
        raise UserError(f"{place / taken[0]} exists already; choose another --out.")


def write_files(network: torch.nn.Module, recipe: Recipe, place: Path, model: str) -> None:
    """FILES, in a folder that is made if it is not there.

    UserError if one of them answers otherwise than the network, or that otherwise than the `model`
    of that name did when it was stored.
    """
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
