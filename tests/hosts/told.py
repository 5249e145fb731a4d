"""A trainable that tells where it began and which state of the code its worker runs."""

import time

from automl_on_ray import trainables
from tests.helpers.crashing import SPACE, Steady

__all__ = ["SPACE", "Told"]


class Told(Steady):
    """An epoch takes a moment: it is to be met at work by what other machines do."""

    def setup(self, config, *, epochs=3):
        super().setup(config, epochs=epochs)
        self.began = 0

    def load_checkpoint(self, checkpoint):
        super().load_checkpoint(checkpoint)
        self.began = self.epoch

    def step(self):
        time.sleep(0.4)
        edition = getattr(trainables, "EDITION", 0)
        return {**super().step(), "began": self.began, "edition": edition}
