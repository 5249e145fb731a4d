"""A user's own trainables of cells: they count convolutions, and train nothing."""

from pathlib import Path
from typing import ClassVar

from ray import tune


class Counting(tune.Trainable):
    """While the data folder has a file `least`, cells with fewer convolutions than that fail."""

    METRICS: ClassVar = {"convolutions": "max", "pools": "min"}

    def setup(self, config, *, data_dir=None):
        words = [value for value in config.values() if isinstance(value, str)]
        self.counts = {kind: sum(kind in word for word in words) for kind in ("conv", "pool")}
        self.least = Path(data_dir or "", "least")

    def reset_config(self, new_config):
        self.setup(new_config)
        return True

    def step(self):
        if self.least.exists() and self.counts["conv"] < int(self.least.read_text()):
            raise RuntimeError("too few convolutions today")
        return {"convolutions": self.counts["conv"], "pools": self.counts["pool"]}

    def save_checkpoint(self, folder):
        Path(folder, "nothing").write_text("")

    def load_checkpoint(self, folder):
        """Nothing was kept."""


class Accurate(Counting):
    METRICS: ClassVar = {"val_accuracy": "max"}

    def step(self):
        return {"val_accuracy": self.counts["conv"] / 16}
