"""The same trials of two processes by Ray Train's TorchTrainer and by this project's own ranks.

    python -m benchmarks.torch_trainer

Seconds of each trial to its first result and in all, one trial after another, within Tune. Both
train an MNIST CNN on scikit-learn's digits, by gloo.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import ray
import typer
from ray import train, tune
from ray.train.torch import TorchTrainer
from ray.tune.integration.ray_train import TuneReportCallback

from search_spaces import mnist_cnn
from trainables._data_parallel import bundles, by_hand, data_parallel
from trainables._world import World
from trainables.image_classifier import ImageClassifier
from workflows._trainable import bind, load_data

EPOCHS, TRIALS, WORKERS = 3, 3, 2
CONFIG = mnist_cnn.SPACE.sample(np.random.default_rng(0))


def by_torch_trainer(offers: dict[str, Any], folder: Path) -> Callable[[dict[str, Any]], None]:
    """As Ray's documentation has it: a function, within which a TorchTrainer runs to its end."""

    def loop(config: dict[str, Any]) -> None:
        context = train.get_context()
        ranked: Any = by_hand(ImageClassifier, offers, {"CPU": 1})
        ranked.world = World(context.get_world_rank(), context.get_world_size(), "cpu")
        trainable = ranked(config=config)
        for _ in range(EPOCHS):
            metrics = trainable.step()
            with tempfile.TemporaryDirectory() as made:
                trainable.save_checkpoint(made)
                first = context.get_world_rank() == 0
                train.report(metrics, train.Checkpoint.from_directory(made) if first else None)

    def trial(config: dict[str, Any]) -> None:
        TorchTrainer(
            loop,
            train_loop_config=config,
            scaling_config=train.ScalingConfig(num_workers=WORKERS),
            run_config=train.RunConfig(
                name=tune.get_context().get_trial_id(), storage_path=str(folder / "train"),
                callbacks=[TuneReportCallback()],
            ),
        ).fit()  # fmt: skip

    return trial


class Clock(tune.Callback):
    """Seconds from a trial's start to each of its results, and the score of the last."""

    def __init__(self) -> None:
        self.began: dict[str, float] = {}
        self.results: dict[str, list[float]] = {}
        self.scores: dict[str, float] = {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self.began[trial.trial_id] = time.perf_counter()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        since = time.perf_counter() - self.began[trial.trial_id]
        self.results.setdefault(trial.trial_id, []).append(since)
        self.scores[trial.trial_id] = result["val_accuracy"]


def measure(name: str, trainable: Any, folder: Path, *, reuse: bool) -> None:
    clock = Clock()
    tune.Tuner(
        trainable,
        param_space=CONFIG,
        tune_config=tune.TuneConfig(
            num_samples=TRIALS, max_concurrent_trials=1, reuse_actors=reuse
        ),
        run_config=tune.RunConfig(
            name=name, storage_path=str(folder), stop={"training_iteration": EPOCHS},
            callbacks=[clock], verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=int(reuse)),
        ),
    ).fit()  # fmt: skip
    for number, (trial, seconds) in enumerate(clock.results.items(), 1):
        assert len(seconds) == EPOCHS
        print(
            f"{name}, trial {number}: first result after {seconds[0]:.1f} s, the last of {EPOCHS} "
            f"after {seconds[-1]:.1f} s; accuracy {clock.scores[trial]:.4f}"
        )


def main() -> None:
    """Compare the two."""
    ray.init(num_cpus=WORKERS + 1, include_dashboard=False, log_to_driver=False)
    _, offers = load_data(
        ImageClassifier,
        {"space": mnist_cnn.SPACE, "dataset": "digits", "data_dir": None, "subset": None,
         "epochs": EPOCHS, "seed": 0},
    )  # fmt: skip
    ranks = tune.with_resources(
        bind(data_parallel(ImageClassifier, WORKERS), offers), bundles(WORKERS, cpu=1, gpu=0)
    )
    with tempfile.TemporaryDirectory() as scratch:
        # Tune gives it a CPU to wait on, and knows nothing of those that its TorchTrainer needs.
        trainer = tune.with_resources(by_torch_trainer(offers, Path(scratch)), {"CPU": 1})
        measure("TorchTrainer", trainer, Path(scratch), reuse=False)
        measure("own ranks", ranks, Path(scratch), reuse=True)


if __name__ == "__main__":
    typer.run(main)
