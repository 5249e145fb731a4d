"""A registered model in a program: pictures, a frame or what else it takes in, answers out."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.reports.models import CHAMPION, HOW_TO_NAME
from automl_on_ray.tracking.reports.stored_model import FACTS
from automl_on_ray.tracking.store import pointed_at

if TYPE_CHECKING:
    import pandas as pd


class LoadedModel:
    """`facts` are what the study told of the model; `uri` is where it is."""

    def __init__(self, uri: str, model: Any) -> None:
        """`model` is MLflow's pyfunc, which is at `uri`. KeyError where no study stored it."""
        self.uri = uri
        self.facts: dict[str, Any] = json.loads((model.metadata.metadata or {})[FACTS])
        self._model = model

    def __repr__(self) -> str:
        signature = self._model.metadata.signature
        taken, answered = signature.inputs, _shortened(signature.outputs.input_names())
        told = taken.inputs[0] if taken.is_tensor_spec() else _shortened(taken.input_names())
        return f"<Model {self.uri}: {told} -> {answered}>"

    def predict(self, inputs: Any, **params: Any) -> Any:
        """What the model answers: by `inputs` as its page says, and its named `params`."""
        return self._model.predict(inputs, params=params or None)


class PictureModel(LoadedModel):
    """`classes` are the words that it knows; `image_shape` is (channels, height, width)."""

    def __init__(self, uri: str, model: Any) -> None:
        super().__init__(uri, model)
        self.classes: list[str] = self.facts["classes"]
        self.image_shape: tuple[int, ...] = tuple(self.facts["image_shape"])

    def __repr__(self) -> str:
        channels, height, width = self.image_shape
        kind = {1: "grey", 3: "coloured"}.get(channels, f"{channels}-channel")
        return (
            f"<Model {self.uri}: {kind} pictures, {width} wide and {height} high -> "
            f"{_shortened(self.classes)}>"
        )

    def predict(self, images: Any, *, scale: str = "auto") -> "pd.DataFrame":  # type: ignore[override]
        """One row a picture: its `label`, the `probability` of it, and `P(NAME)` of each class.

        A picture is a path, the bytes of a file, a PIL image or an array; give one, or several in a
        list or an array. `scale` says of arrays whether pixels are "0..255" or "0..1", where these
        do not tell. ValueError for what cannot be taken, as a picture of another size.
        """
        return super().predict(images, scale=scale).rename(columns={"class": "label"})


class TableModel(LoadedModel):
    """`columns` are those that it takes, by name their kinds; `classes` are empty for a number."""

    def __init__(self, uri: str, model: Any) -> None:
        super().__init__(uri, model)
        self.columns: dict[str, str] = self.facts["columns"]
        self.classes: list[str] = self.facts["classes"]
        self.target: str = self.facts["target"]

    def __repr__(self) -> str:
        answer = f"{self.target}: {_shortened(self.classes)}" if self.classes else self.target
        return f"<Model {self.uri}: a table of {_shortened(list(self.columns))} -> {answer}>"

    def predict(self, frame: "pd.DataFrame") -> "pd.DataFrame":  # type: ignore[override]
        """One row a row of `frame`, which has the raw columns in any order.

        Of classes the `label`, its `probability`, and `P(NAME)` of each; else the `value`.
        MLflow's error for a frame that lacks a column names it.
        """
        answer: pd.DataFrame = super().predict(frame)
        return answer.rename(columns={"class": "label"})


def _shortened(words: Sequence[str]) -> str:
    return ", ".join(words[:10]) + (", ..." if len(words) > 10 else "")


def _loaded(uri: str, model: Any) -> LoadedModel:
    """Of the kind that its facts tell. Those of pictures name none: they were there before."""
    facts = json.loads((model.metadata.metadata or {})[FACTS])
    if facts.keys() | {"brightness"} == {"classes", "image_shape", "brightness"}:
        return PictureModel(uri, model)
    return (TableModel if facts.get("kind") == "table" else LoadedModel)(uri, model)


def load_from(tracking_uri: str, model: str) -> LoadedModel:
    """`model` is a registered name (its champion), NAME/VERSION, or a URI of MLflow's.

    MLflow runs code that comes with the model. UserError for one that is not there, or not ours.
    """
    import mlflow

    uri = _uri_of(model)
    try:
        with pointed_at(tracking_uri):
            found = mlflow.pyfunc.load_model(uri)
    except Exception as error:  # MLflow has many
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(
            f"There is no model {uri!r} in {tracking_uri}: {first} {HOW_TO_NAME}"
        ) from error
    try:
        return _loaded(uri, found)
    except (KeyError, ValueError) as error:
        raise UserError(
            f"Model {uri!r} was not stored by a study of this project; load it by mlflow.pyfunc."
        ) from error


def _uri_of(model: str) -> str:
    if model.startswith(("models:/", "runs:/")):
        return model
    return f"models:/{model}" if "/" in model or "@" in model else f"models:/{model}@{CHAMPION}"
