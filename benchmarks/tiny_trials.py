"""How fast Ray Tune itself is on this machine: many trials that do next to nothing.

    python -m benchmarks.tiny_trials

Trials a second with and without reuse of their processes, and what the driver writes: the size of
Tune's state, and the longest that one writing of it took, by the number of trials. Of Ray's own
processes on a head, `gcs_server` and `raylet`: CPU and memory.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import ray
import typer
from ray import tune
from ray.tune.schedulers import FIFOScheduler

from automl_on_ray.clusters import Stage
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings
from automl_on_ray.searchers.random_search import create
from automl_on_ray.studies import run_config

SPACE = SearchSpace("tiny", training={"x": tune.uniform(0.0, 1.0)})
SLOTS = 2
SERVERS = ("gcs_server", "raylet")


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


@dataclass(frozen=True)
class Server:
    """A process of Ray's: seconds of CPU and bytes of memory so far."""

    cpu: float
    memory: int


def servers() -> dict[str, Server]:
    """Those of this program's own Ray, which are its children."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        if process.name() in SERVERS:
            times = process.cpu_times()
            found[process.name()] = Server(times.user + times.system, process.memory_info().rss)
    return found


@dataclass(frozen=True)
class Measured:
    """`rate`: trials a second; `longest` step, seconds; `cpu`, ms a trial, and `memory`, MB."""

    rate: float
    bytes: int
    longest: float
    cpu: dict[str, float]
    memory: dict[str, tuple[float, float]]

    def of_servers(self) -> str:
        """CPU a trial, memory before and after."""
        return "".join(
            f"{self.cpu[name]:>16.1f}{self.memory[name][0]:>9.0f}{self.memory[name][1]:>7.0f}"
            for name in SERVERS
        )


def measure(trials: int, *, reuse: bool) -> Measured:
    watch = Watch()
    searcher = create(SearcherSettings(SPACE, (Objective("score"),), samples=trials))
    scheduler = ResumableScheduler(FIFOScheduler())
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            tune.with_resources(Tiny, {"CPU": 1}),
            tune_config=tune.TuneConfig(
                search_alg=searcher, scheduler=scheduler, num_samples=trials,
                max_concurrent_trials=SLOTS, reuse_actors=reuse,
            ),
            run_config=run_config(Stage(Path(folder) / "tiny"), [watch], scheduler=scheduler),
        )  # fmt: skip
        before, began = servers(), time.perf_counter()
        results = tuner.fit()
        seconds, after = time.perf_counter() - began, servers()
    assert not results.num_errors
    return Measured(
        trials / seconds,
        watch.bytes,
        watch.longest,
        {name: 1000 * (after[name].cpu - before[name].cpu) / trials for name in SERVERS},
        {name: (before[name].memory / 2**20, after[name].memory / 2**20) for name in SERVERS},
    )


def idle(seconds: float) -> str:
    """CPU of each in a second in which nothing is asked of Ray, in ms."""
    before = servers()
    time.sleep(seconds)
    after = servers()
    used = {name: 1000 * (after[name].cpu - before[name].cpu) / seconds for name in SERVERS}
    return ", ".join(f"{name} {used[name]:.1f}" for name in SERVERS)


def main(
    trials: Annotated[str, typer.Option(help="Numbers of trials.")] = "100,400,1600",
    fresh: Annotated[int, typer.Option(help="Trials without reuse of processes.")] = 40,
) -> None:
    ray.init("local", num_cpus=SLOTS, include_dashboard=False, log_to_driver=False)
    measure(SLOTS, reuse=True)  # Ray's first processes
    print(f"CPU of a second in which nothing happens, ms: {idle(20)}")
    columns = "".join(f"{f'{name}, ms':>16}{'MB from':>9}{'to':>7}" for name in SERVERS)
    print(f"{'':<10}{'trials':>8}{'a second':>10}{'state, KB':>11}{'longest, s':>12}{columns}")
    for reuse, counts in ((False, [fresh]), (True, list(map(int, trials.split(","))))):
        for count in counts:
            seen = measure(count, reuse=reuse)
            kilobytes = seen.bytes / 1024 / count
            print(f"{'reused' if reuse else 'fresh':<10}{count:>8}{seen.rate:>10.2f}"
                  f"{kilobytes:>11.1f}{seen.longest:>12.2f}{seen.of_servers()}",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    typer.run(main)
