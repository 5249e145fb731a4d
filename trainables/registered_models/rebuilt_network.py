"""A registered model as data: its recipe checked, its weights read as numbers, its network rebuilt.

What stands in a registry or a store may be another's. `torch.export.load` would unpickle parts of
an archive and run code that its program names, so nothing of an archive is loaded but raw weights.
"""

import importlib
import json
import math
import re
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from automl_on_ray.search_spaces import Build, Config
from automl_on_ray.search_spaces.core import UserError, choices
from automl_on_ray.trainables.registered_models.predictors import Predictor

SPACES = "search_spaces"
_MOVED = {"_cell_network:build": "cells.network:build"}  # models registered before name the former
# What torch.export.save writes for a network of plain tensors, below a folder of its own.
_KNOWN = re.compile(
    r"data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|data/sample_inputs/model\.pt|models/model\.json"
    r"|archive_format|archive_version|byteorder|\.data/(version|serialization_id)|\.format_version"
)
# By the numbers that archives have for them.
_DTYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64,
    6: torch.float16, 7: torch.float32, 8: torch.float64, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError, RuntimeError, OSError,
            zipfile.BadZipFile)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """How to build a network again; `answers` are its logits for `example_images`, if recorded."""

    build: Build
    config: Config
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    answers: Tensor | None


def example_images(image_shape: tuple[int, ...]) -> Tensor:
    """The same three for ever: pixels 0 to 255 as floats, (3, *image_shape)."""
    return torch.rand(3, *image_shape, generator=torch.Generator().manual_seed(0)) * 255


def builds() -> dict[str, Build]:
    """The functions that build networks of this project's spaces, by module in it and name."""
    spaces = [importlib.import_module(module).SPACE for module in choices(SPACES).values()]
    found = [space.build for space in spaces if space.build is not None]
    return {_in_spaces(f"{build.__module__}:{build.__qualname__}"): build for build in found}


def _in_spaces(name: str) -> str:
    """Whatever package they are in, which has changed, and by today's name."""
    own = name.rpartition(f"{SPACES}.")[2]
    return _MOVED.get(own, own)


def checked_recipe(stored: Any, model: str) -> Recipe:
    """Of a model's metadata. UserError for what is none, and for a network that is not ours."""
    try:
        named = str(stored["build"])
        build = builds().get(_in_spaces(named))
        if build is None:
            raise UserError(
                f"The network of {model} is built by {named[:200]!r}, which is none of "
                f"{', '.join(builds())} in {SPACES}/: it is not run."
            )
        return Recipe(
            build,
            {_text(key): _plain(value) for key, value in stored["config"].items()},
            _shape(stored["image_shape"]),
            tuple(map(_text, stored["classes"])),
            tuple(map(_number, stored["mean"])),
            tuple(map(_number, stored["std"])),
            torch.tensor(stored["answers"]) if stored.get("answers") else None,
        )
    except _DAMAGED as error:
        raise UserError(f"The recipe of {model} is none ({error!r}): it is not used.") from error


def rebuilt(recipe: Recipe, archive: Path, model: str) -> Predictor:
    """The network with the weights in `archive`, a .pt2. UserError if these are of another one."""
    weights = weights_of(archive, model)
    try:
        network = recipe.build(recipe.config, recipe.image_shape, len(recipe.classes))
        predictor = Predictor(network, recipe.mean, recipe.std).eval()
        predictor.load_state_dict(weights)
    except Exception as error:  # whatever a config makes a build raise
        first = str(error).strip().splitlines()[:1]
        raise UserError(
            f"The weights of {model} are not of the network that its recipe describes: {first}"
        ) from error
    return predictor


def weights_of(archive: Path, model: str) -> dict[str, Tensor]:
    """Without those of an auxiliary head, which only training had. UserError for what is pickled.

    And for anything else in the archive that is not known to be harmless.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            files = {name.partition("/")[2]: opened.read(name) for name in _harmless(opened, model)}
        if files["byteorder"] != sys.byteorder.encode():
            raise ValueError("its numbers are of another kind of machine")
        found = _entries(files, "weights", model)
        _entries(files, "constants", model)
        return {
            key: _tensor(files[f"data/weights/{entry['path_name']}"], entry["tensor_meta"])
            for key, entry in found.items()
            if ".auxiliary." not in key
        }
    except _DAMAGED as error:
        raise UserError(f"The archive of {model} cannot be read: {error!r}") from error


def _harmless(opened: zipfile.ZipFile, model: str) -> list[str]:
    names = opened.namelist()
    if len(set(names)) < len(names):
        raise ValueError("it has two files of one name")
    for name in names:
        packed = opened.getinfo(name).compress_type != zipfile.ZIP_STORED
        if packed or not _KNOWN.fullmatch(name.partition("/")[2]):
            raise UserError(
                f"The archive of {model} holds {name[:200]!r}, which is no plain weight and may "
                "run code: it is not loaded."
            )
    return names


def _entries(files: Mapping[str, bytes], kind: str, model: str) -> dict[str, dict[str, Any]]:
    """Of weights or constants, by name."""
    found: dict[str, dict[str, Any]] = json.loads(files[f"data/{kind}/model_{kind}_config.json"])
    for key, entry in found["config"].items():
        if entry["use_pickle"] is not False:
            raise UserError(
                f"The archive of {model} has {key[:200]!r} among its {kind} pickled, which may run "
                "code: it is not loaded."
            )
    return found["config"]


def _tensor(data: bytes, meta: Mapping[str, Any]) -> Tensor:
    sizes, strides = ([int(n["as_int"]) for n in meta[key]] for key in ("sizes", "strides"))
    flat = torch.frombuffer(bytearray(data), dtype=_DTYPES[meta["dtype"]])
    if math.prod(sizes) > len(flat):
        raise ValueError("a weight is larger than its data")
    return flat.as_strided(sizes, strides, int(meta["storage_offset"]["as_int"])).clone()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _plain(value: Any) -> str | int | float | bool:
    return value if isinstance(value, str | bool | int) else _number(value)


def _shape(value: Any) -> tuple[int, int, int]:
    channels, height, width = value
    if not all(isinstance(n, int) and 0 < n <= 1 << 14 for n in (channels, height, width)):
        raise ValueError(f"{value!r} is no shape of an image")
    return channels, height, width
