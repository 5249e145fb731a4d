"""How long running trials wait for the searcher, and slots for their next trial, on real Ray Tune.

    python -m benchmarks.searcher_latency

Two slots, 200 trials known beforehand, trials that report every 50 ms. The model runs in a process
of its own (as the searcher has it), in a thread of the driver, or in Tune's loop.
"""

import os
import queue
import tempfile
import threading
import time
import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import ray
import torch
import typer
from ray import tune

import automl_on_ray.searchers.ax.remote_model
import automl_on_ray.searchers.bayesian
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import PriorTrial, SearcherSettings, varying
from automl_on_ray.searchers.ax import AxWorker, Message
from benchmarks.searcher_quality import MIXED, mixed

KNOWN, TRIALS, STEPS, STEP_SECONDS = 200, 10, 60, 0.05


class Reporting(tune.Trainable):
    """Reports its longest wait between two steps so far, and when it began and last stepped."""

    def setup(self, config: dict[str, Any]) -> None:
        self.config, self.steps, self.longest = config, 0, 0.0
        self.began = self.last = time.time()

    def step(self) -> dict[str, Any]:
        if self.steps:
            self.longest = max(self.longest, time.time() - self.last)
        time.sleep(STEP_SECONDS)
        self.steps += 1
        self.last = time.time()
        return {
            "value": mixed(self.config), "longest": self.longest, "began": self.began,
            "ended": self.last, "slot": os.getpid(), "done": self.steps >= STEPS,
        }  # fmt: skip

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.setup(new_config)
        return True

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing to keep; without this method Tune fails a trial at its end."""

    def load_checkpoint(self, checkpoint: Any) -> None:
        """Nothing was kept."""


class InLoop:
    """AxWorker's interface, with the model in the caller's own thread."""

    def __init__(self, model: str, start: Any, log: list[Message]) -> None:
        from automl_on_ray.searchers.ax import AxModel

        self._model = AxModel(start)
        self._replies: queue.Queue[Any] = queue.Queue()
        for message in log:
            self.send(message)

    def ready(self) -> None:
        """It is, at once."""

    def send(self, message: Message) -> None:
        method, arguments = message
        answer = getattr(self._model, method)(*arguments)
        if method == "suggest":
            self._replies.put((answer, {}, b""))

    def receive(self, timeout: float | None = 0.0) -> Any:
        return self._replies.get(block=timeout is None or timeout > 0, timeout=timeout or None)

    def close(self) -> None:
        """Nothing to end."""


class InThread(InLoop):
    """The model in a thread of the driver."""

    def __init__(self, model: str, start: Any, log: list[Message]) -> None:
        self._inbox: queue.Queue[Message] = queue.Queue()
        super().__init__(model, start, log)
        threading.Thread(target=self._work, daemon=True).start()

    def send(self, message: Message) -> None:
        self._inbox.put(message)

    def _work(self) -> None:
        while True:
            InLoop.send(self, self._inbox.get())


def study(worker: Any, folder: str) -> tuple[float, float]:
    """Seconds: the longest wait of a running trial, and the mean idle time of a slot."""
    generator = np.random.default_rng(0)
    configs = [varying(MIXED, MIXED.sample(generator)) for _ in range(KNOWN)]
    known = tuple(PriorTrial(config, {STEPS: {"value": mixed(config)}}) for config in configs)
    settings = SearcherSettings(MIXED, (Objective("value", "min"),), max_t=STEPS, known=known)
    automl_on_ray.searchers.ax.remote_model.AxWorker = worker  # type: ignore[misc]
    searcher = automl_on_ray.searchers.bayesian.Bayesian(settings)
    results = tune.Tuner(
        Reporting,
        tune_config=tune.TuneConfig(
            search_alg=searcher, num_samples=TRIALS, max_concurrent_trials=2, reuse_actors=True
        ),
        run_config=tune.RunConfig(storage_path=folder, verbose=0),
    ).fit()
    searcher.close()
    assert not results.errors
    every = (results[index].metrics for index in range(len(results)))
    found = [metrics for metrics in every if metrics]
    spans: dict[int, list[tuple[float, float]]] = {}
    for metrics in found:
        spans.setdefault(metrics["slot"], []).append((metrics["began"], metrics["ended"]))
    idle = [b[0] - a[1] for slot in spans.values() for a, b in pairwise(sorted(slot))]
    return max(m["longest"] for m in found), float(np.mean(idle))


def main() -> None:
    """Print the table."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    print(f"{'the model runs in':22}{'longest wait, s':>16}{'idle slot, s':>14}")
    for name, worker in (
        ("its own process", AxWorker),
        ("a thread", InThread),
        ("Tune's loop", InLoop),
    ):
        with tempfile.TemporaryDirectory() as folder:
            longest, idle = study(worker, folder)
        print(f"{name:22}{longest:16.2f}{idle:14.2f}", flush=True)


if __name__ == "__main__":
    typer.run(main)
