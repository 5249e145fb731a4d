"""A trainable that crashes in half of its space, and ones that can be met at work."""

import json
import os
import threading
from pathlib import Path

from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from tests.helpers.waiting import wait_until

SPACE = SearchSpace("half", training={"x": tune.uniform(-1.0, 1.0)})

HIGHER = SearchSpace("higher", training={"x": tune.uniform(0.0, 2.0)})


class Steady(tune.Trainable):
    METRICS = {"score": "max"}  # noqa: RUF012

    def setup(self, config, *, epochs=3):
        self.value, self.epoch, self.epochs = config["x"], 0, epochs

    def step(self):
        self.epoch += 1
        return {"score": self.value * self.epoch, "done": self.epoch >= self.epochs}

    def save_checkpoint(self, checkpoint_dir):
        (Path(checkpoint_dir) / "epoch").write_text(json.dumps(self.epoch))

    def load_checkpoint(self, checkpoint):
        self.epoch = json.loads((Path(checkpoint) / "epoch").read_text())

    def reset_config(self, new_config):
        self.setup(new_config)
        return True


class Crashing(Steady):
    """Until its user has mended it."""

    def step(self):
        mended = Path(self._storage.experiment_fs_path) / "mended"
        if self.value > 0 and not mended.exists():
            raise ValueError(f"no x above zero, but got {self.value}")
        return super().step()


class NeverDone(Steady):
    """Leaves it to others to end it."""

    def setup(self, config, *, final=False):
        super().setup(config)

    def step(self):
        assert self.epoch < 20, "it was to end before"
        return {**super().step(), "done": False}


class Costly(Steady):
    """Says that each epoch took half a second."""

    def step(self):
        return {**super().step(), "time_this_iter_s": 0.5}


class Weighed(Steady):
    """What is far from zero is heavy."""

    METRICS = {"score": "max", "weight": "min"}  # noqa: RUF012

    def step(self):
        return {**super().step(), "weight": self.value**2}


class Hanging(Steady):
    def step(self):
        threading.Event().wait()


GATE = "AUTOML_TEST_GATE"  # names a file


class Gated(Steady):
    """After two epochs it waits for the file that GATE names, if it names one."""

    def setup(self, config, *, epochs=3, final=False):
        super().setup(config, epochs=epochs)

    def step(self):
        if self.epoch == 2 and GATE in os.environ:
            wait_until(Path(os.environ[GATE]).exists, 600)
        return super().step()
