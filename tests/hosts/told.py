"""A trainable that tells which state of the code its worker runs, and can be disturbed at work."""

import trainables
from tests.workflows.crashing import SPACE, Slow

__all__ = ["SPACE", "Told"]


class Told(Slow):
    def step(self):
        return {**super().step(), "edition": getattr(trainables, "EDITION", 0)}
