"""The model that a study ends with, as MLflow is to store it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class ArrayInput:
    """An array of `dtype`, such as "float32"; -1 in `shape` is any length, such as that of rows."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class FinalModel:
    """What a registered model takes and answers, and how it is stored.

    `write(folder)` writes the model's data and returns the file or folder that holds them; it may
    be called later, so it must not need the checkpoint. `code` are Python files, or folders of
    them, that MLflow keeps with the model and runs. The first is a module or package with
    `_load_pyfunc(path)`, which is given the path that `write` returned and answers an object with
    `predict(inputs, params=None)`. It imports nothing of this project; `requirements` are the
    packages that it needs.

    `inputs` is an array, which the model checks itself, or the columns of a frame, whose names
    MLflow checks. A column has a type in MLflow's words: "double", "long", "string", "boolean",
    "datetime", or "any", which takes what comes. Those in `optional` may be missing. `outputs` are
    columns and types of the DataFrame that is answered, `params` the named parameters of `predict`
    with their defaults, `example` a few inputs.

    `facts`, as JSON has them, tell what the model is; `page` describes a version in Markdown,
    with {name} and {version} to be filled in; `remarks` are printed. `metrics` are what was
    measured of it. One whose test_accuracy is no more than `chance` has learned nothing. `recipe`
    tells how workflows/export.py builds its network again; its data are then `model.pt2`.
    """

    write: Callable[[Path], Path]
    code: tuple[Path, ...]
    inputs: ArrayInput | tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    example: "np.ndarray | pd.DataFrame"
    requirements: tuple[str, ...]
    optional: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    page: str = ""
    remarks: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    chance: float | None = None
    recipe: Mapping[str, Any] | None = None
