"""What population-based training with Ax is worth: best score at equal total epochs, over seeds.

    python -m benchmarks.population --out population.jsonl
    python -m benchmarks.population --on mnist --out population.jsonl     # minutes a row
    python -m benchmarks.population --out population.jsonl --table

On an analytic objective whose best hyperparameters drift (`_drift.py`), or on the MNIST CNN with a
subset. All methods run in the simulator, with Tune's and our own searchers and schedulers: a
population of 8, or as many trials as the epochs of these allow. Ray's PBT and PB2 change what they
can: no conditional parameter, PB2 no choice and no integer. A row that the file has is not made
again.
"""

import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from ray.tune.schedulers import PopulationBasedTraining, TrialScheduler
from ray.tune.search.sample import Categorical

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.schedulers.populations import clipped_to
from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.mnist_cnn import SPACE as MNIST_SPACE
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.searchers.ax import AxExplorer, ExplorationConfig
from automl_on_ray.simulation import Simulation, Training
from automl_on_ray.trainables.image_classifier import ImageClassifier
from benchmarks import _drift

POPULATION, SLOTS = 8, 4
MNIST_EPOCHS, MNIST_IMAGES = 12, 2000
POPULATIONS = ("Ray's PBT", "Ray's PB2", "PBT, factors", "PBT, Ax")
METHODS = ("random", "Ax + ASHA", *POPULATIONS)


class Mnist:
    """The image classifier in this process; a state is all that its checkpoint would hold."""

    def __init__(self, seed: int) -> None:
        offers: dict[str, Any] = {
            "space": MNIST_SPACE, "dataset": "mnist", "epochs": MNIST_EPOCHS, "seed": seed,
            "subset": MNIST_IMAGES,
        }  # fmt: skip

        class Bound(ImageClassifier):
            def setup(self, config: Config) -> None:  # type: ignore[override]
                super().setup(config, **offers)

        first = MNIST_SPACE.sample(np.random.default_rng(0))
        self._classifier = Bound(config=first)

    def begin(self, config: Config) -> Any:
        return None

    def step(self, state: Any, config: Config) -> tuple[Any, dict[str, float], float]:
        self._classifier.reset_config(config)
        if state is not None:
            self._classifier.load_state(state)
        result = self._classifier.step()
        return self._classifier.state(), {"error": 1.0 - result["val_accuracy"]}, 1.0


def scheduler_of(
    method: str, space: SearchSpace, epochs: int, interval: int, seed: int
) -> TrialScheduler:
    goal = Objective("error", "min")
    if method == "Ray's PBT":
        free = {k: d for k, d in space.mutable.items() if k not in space.conditions}
        return PopulationBasedTraining(
            "training_iteration", "error", "min", perturbation_interval=interval,
            hyperparam_mutations={
                key: list(domain.categories) if isinstance(domain, Categorical) else domain
                for key, domain in free.items()
            },
            custom_explore_fn=clipped_to(free), log_config=False,
        )  # fmt: skip
    name = {"random": "fifo", "Ax + ASHA": "asha", "Ray's PB2": "pb2"}.get(method, "pbt")
    explorer = (
        AxExplorer(ExplorationConfig(space, epochs, interval, seed))
        if method == "PBT, Ax"
        else None
    )
    scheduler = create_scheduler(
        name,
        SchedulerSettings(
            space, goal, epochs, POPULATION, seed, interval=interval, explorer=explorer
        ),
    )
    if method == "Ray's PB2":
        scheduler._log_config = False  # type: ignore[attr-defined]
    return scheduler


def run(
    method: str, make: Callable[[int], Training], space: SearchSpace, epochs: int, interval: int,
    seed: int,
) -> float:  # fmt: skip
    """The lowest error that a trial ended with, when the budget was used up."""
    random.seed(seed)
    np.random.seed(seed)
    budget = POPULATION * epochs
    samples = budget if method == "Ax + ASHA" else POPULATION
    searcher = create_searcher(
        "bayesian" if "Ax" in method else "random",
        SearcherSettings(
            space, (Objective("error", "min"),), seed=seed, max_t=epochs, samples=samples
        ),
    )
    scheduler = scheduler_of(method, space, epochs, interval, seed)
    study = Simulation(
        make(seed), searcher, scheduler, samples=samples, slots=SLOTS, max_t=epochs,
        constants=space.constants, keep=None, pausing=method in POPULATIONS,
    )  # fmt: skip
    steps = 0
    while steps < budget and study.step():
        steps += 1
    errors = [t.run_metadata.last_result.get("error") for t in study.trials]
    return min(error for error in errors if error is not None)


def main(
    out: Annotated[Path, typer.Option(help="JSON lines, a row a run.")],
    on: Annotated[str, typer.Option(help="drift or mnist")] = "drift",
    seeds: Annotated[int, typer.Option(help="Of each method.")] = 0,
    table: Annotated[bool, typer.Option("--table", help="Print what the file has.")] = False,
) -> None:
    torch.set_num_threads(1)
    made = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    if table:
        print_table(made)
        return
    known = {(row["on"], row["method"], row["interval"], row["seed"]) for row in made}
    epochs, space = (_drift.EPOCHS, _drift.SPACE) if on == "drift" else (MNIST_EPOCHS, MNIST_SPACE)
    intervals = (2, 3, 5) if on == "drift" else (2, 3)
    make: Callable[[int], Training] = _drift.Drift if on == "drift" else Mnist
    for seed in range(seeds or (20 if on == "drift" else 5)):
        for method in METHODS:
            for interval in intervals if method in POPULATIONS else (0,):
                if (on, method, interval, seed) in known:
                    continue
                began = time.perf_counter()
                error = run(method, make, space, epochs, interval, seed)
                row = {"on": on, "method": method, "interval": interval, "seed": seed,
                       "error": error, "seconds": time.perf_counter() - began}  # fmt: skip
                with out.open("a") as file:
                    print(json.dumps(row), file=file)


def print_table(rows: list[dict[str, Any]]) -> None:
    for on in dict.fromkeys(row["on"] for row in rows):
        print(f"\n{on}: error after {POPULATION} x the epochs of a trial (lower is better)")
        print(f"{'method':<14} {'interval':>8} {'mean ± standard error':>24} {'median':>9} seeds")
        for method in METHODS:
            for interval in (0, 2, 3, 5):
                found = [
                    row["error"] for row in rows
                    if (row["on"], row["method"], row["interval"]) == (on, method, interval)
                ]  # fmt: skip
                if not found:
                    continue
                spread = statistics.stdev(found) / len(found) ** 0.5 if len(found) > 1 else 0.0
                mean = f"{statistics.mean(found):.4f} ± {spread:.4f}"
                every = interval or "-"
                print(
                    f"{method:<14} {every:>8} {mean:>24} "
                    f"{statistics.median(found):>9.4f} {len(found):>5}"
                )


if __name__ == "__main__":
    typer.run(main)
