"""A trainable that reports its score always, at times or never, as its config says."""

from ray import tune

KINDS = {
    "always": lambda epoch: {"score": float(epoch)},
    "every second": lambda epoch: {"score": float(epoch)} if epoch % 2 else {"loss": 1.0},
    "from the third on": lambda epoch: {"score": float(epoch)} if epoch > 2 else {"loss": 1.0},
    "diverges": lambda epoch: {"score": float(epoch) if epoch < 3 else float("nan")},
    "never": lambda epoch: {"loss": 1.0, "scores": 2.0},
    "as text": lambda epoch: {"score": "0.9"},
}


class Odd(tune.Trainable):
    def setup(self, config):
        self.epoch = 0

    def reset_config(self, new_config):
        self.epoch = 0
        return True

    def step(self):
        self.epoch += 1
        return {**KINDS[self.config["kind"]](self.epoch), "done": self.epoch == 4}

    def save_checkpoint(self, folder):
        pass

    def load_checkpoint(self, folder):
        pass
