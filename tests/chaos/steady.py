"""Trials that take a while, and remember every step that they have done."""

import json
import time
from pathlib import Path
from typing import Any

from ray import tune

from automl_on_ray.search_spaces import SearchSpace

SPACE = SearchSpace("steady", training={"x": tune.uniform(0.0, 1.0)})
EPOCHS, PAUSE = 6, 0.5


class Steady(tune.Trainable):
    """`score` is the sum of `x` over all steps, so that one done twice, or lost, is seen.

    Where a population's trial takes over another's checkpoint, that of the life it lived.
    """

    METRICS = {"score": "max"}  # noqa: RUF012

    def setup(self, config: dict[str, Any], *, epochs: int = EPOCHS) -> None:
        self.epochs = epochs
        self.reset_config(config)

    def step(self) -> dict[str, Any]:
        time.sleep(PAUSE)
        self.steps.append(self.x)
        return {"score": sum(self.steps), "done": len(self.steps) >= self.epochs}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        (Path(checkpoint_dir) / "steps.json").write_text(json.dumps(self.steps))

    def load_checkpoint(self, checkpoint: Any) -> None:
        self.steps = json.loads((Path(checkpoint) / "steps.json").read_text())

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.x, self.steps = new_config["x"], list[float]()
        return True
