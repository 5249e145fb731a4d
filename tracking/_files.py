"""Contents of files on their way through the journal, whose lines are JSON."""

import base64
import tempfile
from pathlib import Path
from typing import Any

Content = str | dict[str, str]  # text as it is, bytes as {"base64": ...}


def as_json(content: str | bytes) -> Content:
    if isinstance(content, str):
        return content
    return {"base64": base64.b64encode(content).decode()}


def log_file(client: Any, run_id: str, name: str, content: Content) -> None:
    """To the artifacts of an MLflow run; written over if it is there already."""
    if isinstance(content, str):
        client.log_text(run_id, content, name)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(base64.b64decode(content["base64"]))
        parent = str(Path(name).parent)
        client.log_artifact(run_id, str(path), None if parent == "." else parent)
