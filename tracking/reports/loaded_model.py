"""A registered model in a program: pictures in, words and probabilities out."""

import json
from typing import TYPE_CHECKING, Any

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.tracking.reports.models import CHAMPION, HOW_TO_NAME
from automl_on_ray.tracking.store import pointed_at

if TYPE_CHECKING:
    import pandas as pd


class LoadedModel:
    """`classes` are the words that it knows; `image_shape` is (channels, height, width)."""

    def __init__(self, uri: str, model: Any) -> None:
        """`model` is MLflow's pyfunc, which is at `uri`."""
        facts = json.loads((model.metadata.metadata or {})["automl.interface"])
        self.uri = uri
        self.classes: list[str] = facts["classes"]
        self.image_shape: tuple[int, ...] = tuple(facts["image_shape"])
        self._model = model

    def __repr__(self) -> str:
        channels, height, width = self.image_shape
        words = ", ".join(self.classes[:10]) + (", ..." if len(self.classes) > 10 else "")
        kind = {1: "grey", 3: "coloured"}.get(channels, f"{channels}-channel")
        return f"<Model {self.uri}: {kind} pictures, {width} wide and {height} high -> {words}>"

    def predict(self, images: Any, *, scale: str = "auto") -> "pd.DataFrame":
        """One row a picture: its `label`, the `probability` of it, and `P(NAME)` of each class.

        A picture is a path, the bytes of a file, a PIL image or an array; give one, or several in a
        list or an array. `scale` says of arrays whether pixels are "0..255" or "0..1", where these
        do not tell. ValueError for what cannot be taken, as a picture of another size.
        """
        return self._model.predict(images, params={"scale": scale}).rename(
            columns={"class": "label"}
        )


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
        return LoadedModel(uri, found)
    except (KeyError, ValueError) as error:
        raise UserError(
            f"Model {uri!r} was not stored by a study of this project; load it by mlflow.pyfunc."
        ) from error


def _uri_of(model: str) -> str:
    if model.startswith(("models:/", "runs:/")):
        return model
    return f"models:/{model}" if "/" in model or "@" in model else f"models:/{model}@{CHAMPION}"
