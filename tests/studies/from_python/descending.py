"""A training function and its study, as in a user's script: python -m ... STORAGE HELD NAME"""

import json
import sys
import tempfile
from pathlib import Path

from ray import tune as ray_tune

from automl_on_ray import tune
from tests.helpers.waiting import wait_until

SPACE = {"x": ray_tune.uniform(-2.0, 2.0), "opt": {"rate": ray_tune.uniform(0.1, 0.9)}}


def descend(config, epochs=6):
    """Goes on from its checkpoint; at its third epoch it waits while the file HELD is there."""
    x, start = config["x"], 0
    if checkpoint := ray_tune.get_checkpoint():
        with checkpoint.as_directory() as folder:
            x, start = json.loads((Path(folder) / "state.json").read_text())
    for epoch in range(start, epochs):
        if epoch == 3 and (held := config.get("held")):
            (Path(held).parent / "waits").touch()
            wait_until(lambda: not Path(held).exists())
        x -= config["opt"]["rate"] * (x - 1.0)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "state.json").write_text(json.dumps([x, epoch + 1]))
            kept = ray_tune.Checkpoint.from_directory(folder)
            ray_tune.report({"loss": (x - 1.0) ** 2, "begun_at": start}, checkpoint=kept)


def found(storage, held=None, **options):
    space = {**SPACE, "held": held} if held else SPACE
    usual = {"searcher": "sobol", "epochs": 6, "name": "descent", "storage": storage, "slots": 1}
    return tune(descend, space, objective="-loss", **{**usual, **options})


if __name__ == "__main__":
    place, gate, name = sys.argv[1:]
    print(found(place, gate, name=name, trials=1, scheduler="fifo"))
