"""How fast Ray Tune itself is on this machine: many trials that do next to nothing.

    python -m benchmarks.tiny_trials

Trials a second with and without reuse of their processes, and what the driver writes: the size of
Tune's state, and the longest that one writing of it took, by the number of trials.
"""

import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import ray
import typer
from ray import tune
from ray.tune.schedulers import FIFOScheduler

from schedulers._surviving import Surviving
from search_spaces._objective import Objective
from search_spaces._space import SearchSpace
from searchers._settings import Settings
from searchers.random_search import create
from workflows._run_config import run_config
from workflows._storage import Stage

SPACE = SearchSpace("tiny", training={"x": tune.uniform(0.0, 1.0)})
SLOTS = 2


class Tiny(tune.Trainable):
    """Two steps, no work."""

    def step(self) -> dict[str, Any]:
        return {"score": self.config["x"], "done": self.iteration >= 1}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        (Path(checkpoint_dir) / "state").write_text("1")

    def load_checkpoint(self, checkpoint: Any) -> None:
        """There is nothing in it."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        return True


class Watch(tune.Callback):
    """Sizes of the state, and the longest step of Tune's loop, which is when it is written."""

    def __init__(self) -> None:
        self.longest, self.bytes, self._began = 0.0, 0, time.perf_counter()

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._began = time.perf_counter()

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self.longest = max(self.longest, time.perf_counter() - self._began)

    def on_experiment_end(self, trials: list[Any], **info: Any) -> None:
        folder = Path(trials[0].storage.experiment_driver_staging_path)
        self.bytes = sum(file.stat().st_size for file in folder.glob("*state*"))


def measure(trials: int, *, reuse: bool) -> tuple[float, int, float]:
    """Trials a second, bytes of state at the end, seconds of the longest step."""
    watch = Watch()
    searcher = create(Settings(SPACE, (Objective("score"),), samples=trials))
    scheduler = Surviving(FIFOScheduler())
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            tune.with_resources(Tiny, {"CPU": 1}),
            tune_config=tune.TuneConfig(
                search_alg=searcher, scheduler=scheduler, num_samples=trials,
                max_concurrent_trials=SLOTS, reuse_actors=reuse,
            ),
            run_config=run_config(Stage(Path(folder) / "tiny"), [watch], scheduler=scheduler),
        )  # fmt: skip
        began = time.perf_counter()
        results = tuner.fit()
        seconds = time.perf_counter() - began
    assert not results.num_errors
    return trials / seconds, watch.bytes, watch.longest


def main(
    trials: Annotated[str, typer.Option(help="Numbers of trials.")] = "100,400,1600",
    fresh: Annotated[int, typer.Option(help="Trials without reuse of processes.")] = 40,
) -> None:
    ray.init(num_cpus=SLOTS, include_dashboard=False, log_to_driver=False)
    measure(SLOTS, reuse=True)  # Ray's first processes
    rate, _, _ = measure(fresh, reuse=False)
    print(f"without reuse, {fresh} trials: {rate:.2f} trials a second")
    print(f"{'trials':>8}{'a second':>10}{'state, KB a trial':>19}{'longest step, s':>17}")
    for count in map(int, trials.split(",")):
        rate, size, longest = measure(count, reuse=True)
        print(f"{count:>8}{rate:>10.1f}{size / 1024 / count:>19.1f}{longest:>17.2f}", flush=True)


if __name__ == "__main__":
    typer.run(main)
