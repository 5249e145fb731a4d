"""A complete example of one's own trainable and space:

    python workflows/hpo.py --trainable docs.own_trainable:Quadratic \\
        --space docs.own_trainable:SPACE --objective=-loss --trials 20 --epochs 5
"""

import json
from pathlib import Path
from typing import Any, ClassVar

from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace

SPACE = SearchSpace(
    name="quadratic",
    training={
        "x": tune.uniform(-2.0, 2.0),
        "method": tune.choice(["plain", "momentum"]),
        "momentum": tune.uniform(0.0, 0.9),
    },
    conditions={"momentum": Condition("method", ("momentum",))},
)


class Quadratic(tune.Trainable):
    """Descends a parabola from where the config says. METRICS lets a typing error be found early.

    `setup` may ask for any of: space, dataset, data_dir, subset, epochs, seed, final, digest. A
    trial ends after `--epochs` steps; `done` in a report ends it before.
    """

    METRICS: ClassVar[dict[str, str]] = {"loss": "min"}

    def setup(self, config: dict[str, Any], *, epochs: int = 5, seed: int = 0) -> None:
        self.x, self.speed, self.epoch, self.epochs = config["x"], 0.0, 0, epochs
        self.momentum = config.get("momentum", 0.0)

    def step(self) -> dict[str, Any]:
        self.speed = self.momentum * self.speed - 0.2 * (self.x - 1.0)
        self.x += self.speed
        self.epoch += 1
        return {"loss": (self.x - 1.0) ** 2, "done": self.epoch >= self.epochs}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        state = {"x": self.x, "speed": self.speed, "epoch": self.epoch}
        (Path(checkpoint_dir) / "state.json").write_text(json.dumps(state))

    def load_checkpoint(self, checkpoint: Any) -> None:
        state = json.loads((Path(checkpoint) / "state.json").read_text())
        self.x, self.speed, self.epoch = state["x"], state["speed"], state["epoch"]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True
