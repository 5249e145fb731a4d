"""The model that a study has registered, ready to predict."""

from pathlib import Path

from automl_on_ray.clusters import find_storage
from automl_on_ray.tracking.reports import LoadedModel, load_from
from automl_on_ray.tracking.store import stored_uri


def load_model(
    name: str, storage: str | Path = "runs", *, tracking_uri: str | None = None
) -> LoadedModel:
    """`name` is a registered model (its champion), NAME/VERSION, or a URI such as models:/NAME/1.

    What it takes and answers depends on its kind: pictures, a table, or what a trainable made.
    It is looked for at `tracking_uri`, else beside the studies in `storage`. Its code is run, so it
    should come from a store that you trust. UserError if it is not there.
    """
    return load_from(stored_uri(find_storage(str(storage)).local, tracking_uri), name)
