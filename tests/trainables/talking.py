"""A trainable that says much."""

import logging
import sys
import threading

from ray import tune


class Talking(tune.Trainable):
    """Says its number at each step by each way; the last one fails."""

    def setup(self, config):
        self.number = config["number"]
        logging.basicConfig(level=logging.WARNING)  # once in a process, for all of its trials

    def step(self):
        print(f"out {self.number}")
        print(f"err {self.number}", file=sys.stderr)
        logging.getLogger("mine").warning("logged %s", self.number)
        thread = threading.Thread(target=print, args=(f"thread {self.number}",))
        thread.start()
        thread.join()
        if self.number == 3:
            raise ValueError("three")
        return {"score": self.number, "done": self.training_iteration >= 1}

    def reset_config(self, new_config):
        self.number = new_config["number"]
        return True

    def save_checkpoint(self, checkpoint_dir):
        return {}

    def load_checkpoint(self, checkpoint):
        pass
