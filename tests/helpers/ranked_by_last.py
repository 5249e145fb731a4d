"""A trainable that is worse in its last epoch than before; who breaks does so with a low score."""

from typing import Any

from ray import tune

EPOCHS = 4


class Worsening(tune.Trainable):
    """Ends a while below its best; the higher `x`, the further. `x` = 1 breaks in epoch 2."""

    def setup(self, config: dict[str, Any]) -> None:
        self.x = config["x"]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True

    @staticmethod
    def values(x: float) -> list[float]:
        return [x, 2 * x, 3 * x, 3 * x - 2 * x * x]

    def step(self) -> dict[str, Any]:
        if self.x == 1 and self.iteration == 1:
            raise RuntimeError("broken on purpose")
        value = -1.0 if self.x == 1 else self.values(self.x)[self.iteration]
        return {"score": value, "done": self.iteration + 1 == EPOCHS}

    def save_checkpoint(self, folder: str) -> None:
        pass

    def load_checkpoint(self, folder: str) -> None:
        pass
