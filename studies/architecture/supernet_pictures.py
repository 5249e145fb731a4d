"""Pictures of a supernet's search, made from its checkpoint and kept in the study's folder."""

import json
from pathlib import Path

from ray.tune.experiment import Trial

from automl_on_ray.search_spaces.drawings import animate_cells, draw_mixing
from automl_on_ray.trainables import read_state


def search_pictures(trial: Trial, folder: Path) -> dict[str, bytes]:
    """`mixing.png` and `cells.gif`, also written to `folder`; none where there is no checkpoint."""
    result = trial.last_result or {}
    if trial.checkpoint is None or "cell" not in result:
        return {}
    with trial.checkpoint.as_directory() as checkpoint:
        state = read_state(checkpoint)
    operations = state["architecture"]["operations"]
    pictures = {
        "mixing.png": draw_mixing(state["mixings"], operations, json.loads(result["cell"])),
        "cells.gif": animate_cells(state["cells"]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    return pictures
