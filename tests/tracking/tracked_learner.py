"""A trainable whose value is known beforehand; no network, so that tracking is all that is slow."""

from pathlib import Path
from typing import Any

from ray import tune


class Learner(tune.Trainable):
    """`accuracy` is the sum of `lr` over the steps; breaks at step `breaks_at`."""

    def setup(self, config: dict[str, Any]) -> None:
        self.steps, self.total = 0, 0.0

    def step(self) -> dict[str, Any]:
        self.steps += 1
        self.total += self.config["lr"]
        if self.steps == self.config.get("breaks_at"):
            raise RuntimeError("broken on purpose")
        return {"accuracy": self.total, "word": "text", "inner": {"loss": 1 / (1 + self.total)}}

    def save_checkpoint(self, folder: str) -> None:
        Path(folder, "state").write_text(f"{self.steps} {self.total}")

    def load_checkpoint(self, folder: str) -> None:
        steps, total = Path(folder, "state").read_text().split()
        self.steps, self.total = int(steps), float(total)

    def reset_config(self, config: dict[str, Any]) -> bool:
        self.steps, self.total = 0, 0.0
        return True
