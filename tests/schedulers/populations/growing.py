"""A trial whose score grows by what its hyperparameters are worth at the time."""

import json
import math
import os
from pathlib import Path
from typing import Any

from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from tests.helpers.waiting import wait_until

EPOCHS = 12
SPACE = SearchSpace(
    "growing",
    architecture={"width": tune.choice([8, 16])},
    training={
        "rate": tune.loguniform(1e-4, 1.0),
        "batch": tune.randint(8, 129),
        "kind": tune.choice(["a", "b", "c"]),
        "optimizer": tune.choice(["sgd", "adam", "rms"]),
        "momentum": tune.uniform(0.5, 0.99),
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)


def gain(config: dict[str, Any], epoch: int, epochs: int = EPOCHS) -> float:
    """The best rate falls from 0.1 to 0.001."""
    best = -1 - 2 * epoch / epochs
    distance = (math.log10(config["rate"]) - best) ** 2
    momentum = abs(config["momentum"] - 0.9) if "momentum" in config else 0.05
    return 0.1 - 0.05 * distance - 0.02 * (config["kind"] == "a") - 0.02 * momentum


def lived(segments: list[Any]) -> float:
    """The score of a trial that goes through these segments."""
    score = 0.0
    for segment in segments:
        for epoch in range(segment.start, segment.end):
            score += gain(segment.config, epoch)
    return score


def lives_match_scores(
    scheduler: Any, trials: list[Any], *, ends: tuple[int, ...] = (EPOCHS,)
) -> None:
    """Each trial's score must be that of the life that `scheduler` tells of it, up to its end."""
    for trial in trials:
        segments = scheduler.schedule(trial.trial_id)
        assert [s.start for s in segments[1:]] == [s.end for s in segments[:-1]]
        assert segments[0].start == 0
        assert segments[-1].end == trial.last_result["epoch"]
        assert segments[-1].end in ends
        assert math.isclose(lived(segments), trial.last_result["score"])
        for segment in segments:
            SPACE.check(segment.config)


class Growing(tune.Trainable):
    """`crash` in the config: its process dies once before that epoch, if `folder` is given."""

    def setup(self, config: dict[str, Any], folder: str = "") -> None:
        self.folder = folder
        self.reset_config(config)

    def step(self) -> dict[str, Any]:
        if self.folder and self.epoch == 5 and self.config["width"] == 16:
            mark = Path(self.folder) / "crashed"
            if not mark.exists():
                mark.touch()
                os._exit(1)
        self.score += gain(self.config, self.epoch)
        self.epoch += 1
        return {"score": self.score, "epoch": self.epoch, "done": self.epoch >= EPOCHS}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        state = {"epoch": self.epoch, "score": self.score}
        (Path(checkpoint_dir) / "state.json").write_text(json.dumps(state))

    def load_checkpoint(self, checkpoint: Any) -> None:
        state = json.loads((Path(checkpoint) / "state.json").read_text())
        self.epoch, self.score = state["epoch"], state["score"]

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.config = new_config
        self.epoch, self.score = 0, 0.0
        return True


class Noting(Growing):
    """Leaves a file for its process, and goes on when both slots have one."""

    def setup(self, config: dict[str, Any], processes: Path) -> None:
        super().setup(config)
        self.processes = processes
        (processes / str(os.getpid())).touch()

    def step(self) -> dict[str, Any]:
        self.wait_for_both()
        return super().step()

    def wait_for_both(self) -> None:
        wait_until(lambda: len(list(self.processes.iterdir())) >= 2)
