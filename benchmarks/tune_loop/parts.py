"""Where the CPU of Tune's loop goes, Ray's own parts and ours, for each result and trial.

    python -m benchmarks.tune_loop.parts
    python -m benchmarks.tune_loop.parts --trials 1000,5000,20000 --epochs 2   # and the memory

It is Ray's own loop with all that a study has in it: the states that Ray writes and what is kept of
them, files of trials, checkpoints, scheduler, searcher, tracker with its journal, live view. Trials
run in the same process, so what Ray's core does for them is left out, and so are they themselves.
CPU is that of the loop's thread, over the last fifth of the trials, in which there are so many
`results`, and `saves` of the state. That has `KB` for each trial; `MB` is by how much the process
has grown. `results a second` are by the clock, with the trials' own files and checkpoints.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import psutil
import ray.train._internal.storage as storage
import ray.tune.execution.tune_controller as controllers
import typer
from ray import tune
from ray.tune.experiment import Experiment, Trial
from ray.tune.logger import CSVLoggerCallback, JsonLoggerCallback, TBXLoggerCallback
from ray.tune.search import ConcurrencyLimiter, SearchGenerator
from ray.tune.stopper import CombinedStopper, MaximumIterationStopper

from automl_on_ray.clusters import Stage
from automl_on_ray.command_line import console, quiet_libraries
from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.schedulers.tune_internals import ResumableScheduler, changes_only
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.studies import Budget, Progress, Shown, run_config
from automl_on_ray.tracking import TrackingCallback
from benchmarks.driver_loop import tracking_of
from benchmarks.tune_loop._in_process import InProcess

SPACE = SearchSpace("loop", training={"x": tune.uniform(0.0, 1.0), "y": tune.uniform(0.0, 1.0)})
GOAL = Objective("error", "min")
RAYS_FILES = (CSVLoggerCallback, JsonLoggerCallback, TBXLoggerCallback)
PARTS = ("Ray's loop", "state", "copies", "state kept", "files of trials", "checkpoints",
         "searcher", "scheduler", "stoppers", "tracker", "live view")  # fmt: skip
HEADS = ("results", "saves", "KB of state", "MB", "results a second", "ms a result", *PARTS)
UNCOUNTED = "trial"


class NoWork(tune.Trainable):
    """As many epochs as it is told to, without any work."""

    def step(self) -> dict[str, Any]:
        x, y = self.config["x"], self.config["y"]
        return {"error": (x - 0.3) ** 2 + y / self.iteration if self.iteration else 1.0, "loss": y}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        (Path(checkpoint_dir) / "state").write_text("1")

    def load_checkpoint(self, checkpoint: Any) -> None:
        """There is nothing in it."""

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.config = new_config
        return True


class Clock:
    """CPU seconds of this thread by part: within a part, those of another are the other's."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self._stack, self._since = [PARTS[0]], time.thread_time()

    def note(self) -> None:
        now = time.thread_time()
        self.spent[self._stack[-1]] += now - self._since
        self._since = now

    def within(self, part: str, called: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            self.note()
            self.calls[part] += 1
            self._stack.append(part)
            try:
                return called(*args, **named)
            finally:
                self.note()
                self._stack.pop()

        return timed

    def watch(self, one: Any, part: str, *names: str) -> None:
        """In its class, as Ray pickles some of what is watched."""
        for name in names:
            setattr(type(one), name, self.within(part, getattr(type(one), name)))


HOOKS = [name for name in dir(tune.Callback) if name.startswith("on_")]
JUDGING = ["on_trial_add", "on_trial_result", "on_trial_complete", "on_trial_remove",
           "choose_trial_to_run"]  # fmt: skip


class Study:
    """A study as `studies/tuner.py` has it, ready to go."""

    def __init__(self, folder: Path, trials: int, epochs: int, scheduler: str) -> None:
        self.clock = Clock()
        asked = SearcherSettings(SPACE, (GOAL,), max_t=epochs, samples=trials)
        inner = create_scheduler(scheduler, SchedulerSettings(SPACE, GOAL, epochs, trials, 0))
        self.judge = ResumableScheduler(inner, awaited=[GOAL.metric])
        budget = Budget(folder / "budget.json", minutes=1e6, cost=None, price_per_hour=None)
        self.view = Progress(Shown("study", [GOAL], trials, epochs), budget=budget)
        tracking = tracking_of(scheduler, folder)
        config = run_config(Stage(folder / "search"), [tracking, self.view], scheduler=self.judge)
        search = create_searcher("random", asked)
        self.loop = self._loop(
            config, search, trials, CombinedStopper(budget, MaximumIterationStopper(epochs))
        )
        self._count(search, tracking)

    def _loop(self, config: Any, search: Any, trials: int, stopper: Any) -> Any:
        experiment = Experiment(
            "search", NoWork, stop=stopper, resources_per_trial={"cpu": 1}, num_samples=trials,
            storage_path=config.storage_path, checkpoint_config=config.checkpoint_config,
            max_failures=1,
        )  # fmt: skip
        self.asked = SearchGenerator(ConcurrencyLimiter(search, InProcess.slots))
        self.callbacks = [*config.callbacks, *(logger() for logger in RAYS_FILES)]
        loop = controllers.TuneController(
            search_alg=self.asked, scheduler=self.judge, stopper=experiment.stopper,
            callbacks=self.callbacks, trial_checkpoint_config=config.checkpoint_config,
            storage=experiment.storage, reuse_actors=True,
        )  # fmt: skip
        self.asked.add_configurations([experiment])
        loop.setup_experiments([experiment], trials)
        return loop

    def _count(self, search: Any, tracking: TrackingCallback) -> None:
        watch = self.clock.watch
        watch(self.loop, "state", "save_to_dir")
        watch(self.loop._storage.syncer, "copies", "sync_up", "wait")
        watch(search, "searcher", "suggest", "on_trial_result", "on_trial_complete")
        watch(self.judge, "scheduler", *JUDGING)
        watch(self.loop._stopper, "stoppers", "__call__", "stop_all")
        watch(self.callbacks[0], "state kept", "on_step_end", "on_experiment_end")
        watch(tracking, "tracker", *HOOKS)
        watch(self.view, "live view", *HOOKS)
        for logger in self.callbacks[3:]:
            watch(logger, "files of trials", *HOOKS)
        Trial.on_checkpoint = self.clock.within("checkpoints", Trial.on_checkpoint)  # type: ignore[method-assign]
        for task in ("train", "save", "reset", "restore", "stop"):
            setattr(NoWork, task, self.clock.within(UNCOUNTED, getattr(NoWork, task)))


def measure(trials: int, epochs: int, scheduler: str) -> str:
    """A row, in the order of `HEADS`."""
    with tempfile.TemporaryDirectory() as folder:
        storage._get_ray_train_session_dir = lambda: f"{folder}/session"  # there is no Ray
        study = Study(Path(folder), trials, epochs, scheduler)
        clock, loop = study.clock, study.loop
        memory = psutil.Process().memory_info().rss
        with study.view, changes_only():
            while not loop.is_finished() and len(loop._trials) <= 0.8 * trials:
                loop.step()
            before, saves, wall = _results(loop), clock.calls["state"], time.perf_counter()
            clock.note()
            clock.spent.clear()
            while not loop.is_finished():
                loop.step()
            clock.note()
        results = _results(loop) - before
        cells = [1000 * clock.spent[part] / results for part in PARTS]
        grown = (psutil.Process().memory_info().rss - memory) / 2**20
        rate = results / (time.perf_counter() - wall)
        saved = clock.calls["state"] - saves
        loop.checkpoint(force=True, wait=True)
        state = Path(loop.experiment_state_path).stat().st_size / 1024 / trials
        loop.cleanup()
    numbers = [results, saved, state, grown, rate, sum(cells), *cells]
    return " ".join(map(str, numbers))


def _results(loop: Any) -> int:
    return sum(t.run_metadata.last_result.get("training_iteration", 0) for t in loop._trials)


def main(
    trials: Annotated[str, typer.Option(help="Numbers of trials.")] = "100,1000",
    epochs: Annotated[int, typer.Option(help="The most that a trial does.")] = 10,
    scheduler: Annotated[str, typer.Option()] = "asha",
    only: Annotated[int, typer.Option(help="Trials: one row, for a process.")] = 0,
    profile: Annotated[str, typer.Option(help="Where to write that of Python.")] = "",
) -> None:
    if only:
        controllers.RayActorManager = InProcess  # type: ignore[misc]
        quiet_libraries()
        os.environ["TTY_COMPATIBLE"] = "1"  # the live view, drawn to nowhere
        with Path(os.devnull).open("w") as nowhere:
            console.file = nowhere
            if profile:
                import cProfile

                with cProfile.Profile(time.thread_time) as watched:
                    found = measure(only, epochs, scheduler)
                watched.dump_stats(profile)
            else:
                found = measure(only, epochs, scheduler)
        print(found)
        return
    rows = [_row(count, epochs, scheduler) for count in trials.split(",")]
    print(f"{'trials':<18}" + "".join(f"{count:>10}" for count in trials.split(",")))
    for place, head in enumerate(HEADS):
        print(f"{head:<18}" + "".join(f"{row[place]:>10.3f}" for row in rows), flush=True)


def _row(count: str, epochs: int, scheduler: str) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.tune_loop.parts", "--only", count,
               "--epochs", str(epochs), "--scheduler", scheduler]  # fmt: skip
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in output.splitlines()[-1].split()]


if __name__ == "__main__":
    typer.run(main)
