"""Encodes the contents of files for the journal, whose lines are JSON."""

import base64
import logging
import tempfile
from pathlib import Path
from typing import Any

from automl_on_ray.search_spaces.core import is_inside
from automl_on_ray.tracking.store import download

logger = logging.getLogger(__name__)

Content = str | dict[str, str]  # text as it is, bytes as {"base64": ...}


def as_json(content: str | bytes) -> Content:
    if isinstance(content, str):
        return content
    return {"base64": base64.b64encode(content).decode()}


def fetch_file(store: Any, name: str, folder: Path) -> Path:
    """One file of an MLflow artifact repository, into `folder`, under its own last name.

    No more than that: MLflow itself asks the store for names, and writes whatever it says.
    """
    path = folder / Path(name).name
    download(store, name, path)
    return path


def log_file(client: Any, run_id: str, name: str, content: Content) -> None:
    """To the artifacts of an MLflow run; written over if it is there already.

    A name that leads out of them, as a journal of another's may have it, is passed over.
    """
    if not is_inside(name):
        logger.warning("%r is no name of a file of a run: it is left out.", name)
        return
    if isinstance(content, str):
        client.log_text(run_id, content, name)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(base64.b64decode(content["base64"]))
        parent = str(Path(name).parent)
        client.log_artifact(run_id, str(path), None if parent == "." else parent)
