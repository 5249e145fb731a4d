"""The driver's CPU for each result, with everything on, by the number of trials known.

    python -m benchmarks.driver_loop
    python -m benchmarks.driver_loop --trials 100,10000 --kinds pbt-all --repeats 3
    python -m benchmarks.driver_loop --tune 200,800     # in Ray's own loop, with its processes

Counted is the CPU time of the loop's thread within what Tune asks of us, in the simulator, which
asks in Tune's order: the scheduler with its memory, the stoppers, the tracker with its journal,
the live view, and what watches Ray's state files. Each row measures half as many results as there
are trials, but 1,000 at least, over several studies where one is too small. `pbt-all` has all
trials alive at once, taking turns, which have done `--after` epochs; the others have 32. A row that
takes longer than `--seconds` ends early: it shows the last results, and how many trials were known
by then. Ratios are to the first number of trials, with a 95 % interval over repeats (Student's t).
While results are counted Python looks for no garbage: by chance one look at all objects, which are
more with more trials, would fall into a row or not. `least` has the least of the repeats.
"""

import gc
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import numpy as np
import ray
import typer
from ray import tune
from ray.tune.experiment import Trial

from automl_on_ray.clusters import Stage
from automl_on_ray.command_line import console
from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.simulation import Simulation
from automl_on_ray.studies import Budget, Progress, Shown, run_config
from automl_on_ray.studies.results import half_width
from automl_on_ray.tracking import Study, TrackingCallback
from benchmarks._drift import SPACE, Drift
from benchmarks.tiny_trials import Tiny

GOAL = Objective("error", "min")
EPOCHS, SLOTS, MIN_RESULTS = 6, 32, 1000
KINDS = {"fifo": "fifo", "asha": "asha", "pbt": "pbt", "pbt-all": "pbt"}
PARTS = ("scheduler", "stoppers", "tracker", "progress", "state files")
NOWHERE = "http://127.0.0.1:9"  # the journal is kept; bringing it to MLflow is another thread's


class Timed:
    """Has each call of `inner` counted as CPU seconds of `part`."""

    def __init__(self, inner: Any, part: str, spent: dict[str, float]) -> None:
        self._inner, self._part, self._spent = inner, part, spent

    def __getattr__(self, name: str) -> Callable[..., Any]:
        called = getattr(self._inner, name)

        def timed(*args: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return called(*args, **named)
            finally:
                self._spent[self._part] += time.thread_time() - began

        setattr(self, name, timed)
        return timed


class Loop(Simulation):
    """A simulated study that calls stoppers and callbacks too, as Tune's loop does."""

    def __init__(self, kind: str, trials: int, folder: Path, after: int) -> None:
        name, self._folder = KINDS[kind], folder
        self._trials_wanted, self._all_alive, self._after = trials, kind == "pbt-all", after
        population = SLOTS if kind == "pbt" else None
        samples = trials if self._all_alive else 2 * trials  # those of the results counted too
        asked = SearcherSettings(SPACE, (GOAL,), max_t=EPOCHS, samples=samples)
        judging = SchedulerSettings(SPACE, GOAL, EPOCHS, samples, 0, population=population)
        super().__init__(
            Drift(0), create_searcher("random", asked), create_scheduler(name, judging),
            samples=samples, slots=SLOTS, max_t=EPOCHS, keep=1,
            pausing=name == "pbt", population=population,
        )  # fmt: skip
        self.results = 0
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._staging = folder / "staging"  # Ray's, with a folder for each trial
        self._staging.mkdir()
        (self._staging / "experiment_state-2026.json").write_text("{}")
        budget = Budget(folder / "budget.json", minutes=None, cost=1e9, price_per_hour=1.0)
        self.view = Progress(Shown("study", [GOAL], samples, EPOCHS), budget=budget)
        keeper = run_config(Stage(folder / "stage"), []).callbacks[0]  # type: ignore[index]
        tracking = tracking_of(name, folder)
        tracking.setup()
        self.scheduler: Any = Timed(self.scheduler, "scheduler", self.spent)
        self._budget = Timed(budget, "stoppers", self.spent)
        self._callbacks = [
            Timed(keeper, "state files", self.spent),
            Timed(tracking, "tracker", self.spent),
            Timed(self.view, "progress", self.spent),
        ]

    @property
    def known(self) -> int:
        """Trials, and judged ones where all are to be alive."""
        return min(len(self.trials), self.results) if self._all_alive else len(self.trials)

    @property
    def ready(self) -> bool:
        """Whether so many trials are known as wanted, and if all live, have done enough epochs."""
        whole = not self._all_alive or self.results >= self._after * self._trials_wanted
        return whole and len(self.trials) >= self._trials_wanted

    def _tell(self, hook: str, **info: Any) -> None:
        for callback in self._callbacks:
            getattr(callback, hook)(iteration=self.results, trials=self.trials, **info)

    def step(self) -> bool:
        self._tell("on_step_begin")
        goes_on = super().step()
        self._budget.stop_all()
        self._tell("on_step_end")
        return goes_on

    def _start(self, trial: Trial) -> None:
        super()._start(trial)
        (self._staging / trial.trial_id).mkdir(exist_ok=True)
        staging: Any = SimpleNamespace(experiment_driver_staging_path=str(self._staging))
        trial.storage = staging
        self._tell("on_trial_start", trial=trial)

    def _decide(self, what: str, trial: Trial, iteration: int) -> None:
        """It comes right after a result; nothing is kept of it."""
        if what == "begin":
            return
        self.results += 1
        result = trial.run_metadata.last_result
        self._budget.__call__(trial.trial_id, result)
        self._tell("on_trial_result", trial=trial, result=result)

    def stop_trial(self, trial: Trial) -> None:
        super().stop_trial(trial)
        self._tell("on_trial_complete", trial=trial)


def tracking_of(scheduler: str, folder: Path) -> TrackingCallback:
    study = Study("bench", (GOAL,), "digits", "d", "s", "random", scheduler, 0, "python x.py",
                  "bench", EPOCHS)  # fmt: skip
    return TrackingCallback(uri=NOWHERE, experiment="bench", study=study, folder=folder)


def measure(
    kind: str, trials: int, seconds: float, after: int
) -> tuple[dict[str, float], int, int]:
    """CPU seconds by part, the results counted, and the trials known before them."""
    total: dict[str, float] = dict.fromkeys(PARTS, 0.0)
    counted, known = 0, trials
    until = time.process_time() + seconds
    latest = until + seconds / 4
    while counted < MIN_RESULTS and time.process_time() < until:
        with tempfile.TemporaryDirectory() as folder:
            study = Loop(kind, trials, Path(folder), after)
            with study.view:
                while not study.ready and time.process_time() < until:
                    study.step()
                known = min(known, study.known)
                study.spent.clear()
                gc.collect()
                gc.disable()
                before, most = study.results, study.results + (trials // 2 if study.ready else 20)
                while study.results < most and study.step() and time.process_time() < latest:
                    pass
            gc.enable()
            for part in PARTS:
                total[part] += study.spent[part]
            counted += study.results - before
    return total, counted, known


class CountedResults(tune.Callback):
    """How many results came, and the CPU seconds of the thread when so many had come."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[Any, Any], **_: Any
    ) -> None:
        self.at.append(time.thread_time())


def of_tune(trials: int) -> float:
    """Milliseconds a result of Ray's own loop with nothing of ours, over the last fifth."""
    counted = CountedResults()
    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(
            tune.with_resources(Tiny, {"CPU": 1}),
            param_space={"x": tune.uniform(0.0, 1.0)},
            tune_config=tune.TuneConfig(
                num_samples=trials, max_concurrent_trials=2, reuse_actors=True
            ),
            run_config=tune.RunConfig(storage_path=folder, callbacks=[counted], verbose=0),
        ).fit()  # fmt: skip
    last = counted.at[-len(counted.at) // 5 :]
    return 1000 * (last[-1] - last[0]) / (len(last) - 1)


def row(kind: str, trials: int, seconds: float, after: int) -> str:
    spent, results, known = measure(kind, trials, seconds, after)
    cells = [1e6 * spent[part] / results for part in PARTS]
    return f"{known} {sum(cells)} " + " ".join(map(str, cells))


def main(
    trials: Annotated[str, typer.Option(help="Numbers of trials.")] = "100,1000,10000",
    kinds: Annotated[str, typer.Option(help=f"Of {', '.join(KINDS)}.")] = ",".join(KINDS),
    seconds: Annotated[float, typer.Option(help="The most CPU seconds a row takes.")] = 240,
    after: Annotated[int, typer.Option(help="Epochs of each before, where all are alive.")] = 3,
    repeats: Annotated[int, typer.Option(help="Of each kind, for the interval of its ratio.")] = 1,
    ray_loop: Annotated[str, typer.Option("--tune", help="Trials in Ray's own loop.")] = "",
    only: Annotated[str, typer.Option(help="kind,trials: one row, for a process.")] = "",
) -> None:
    if only:
        kind, count = only.split(",")
        os.environ["TTY_COMPATIBLE"] = "1"  # the live view, drawn to nowhere
        with Path(os.devnull).open("w") as nowhere:
            console.file = nowhere
            found = row(kind, int(count), seconds, after)
        print(found)
        return
    if ray_loop:
        ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
        for count in ray_loop.split(","):
            print(f"Ray's own loop, {count} trials: {of_tune(int(count)):.2f} ms a result")
        return
    counts = trials.split(",")
    print(f"us a result {'trials':>12}{'all':>10}{'least':>10}{'ratio':>16}"
          + "".join(f"{part:>13}" for part in PARTS))  # fmt: skip
    for kind in kinds.split(","):
        runs = [[measured(kind, count, seconds, after) for count in counts] for _ in range(repeats)]
        for place in range(len(counts)):
            ratios = [run[place][1] / run[0][1] for run in runs]
            spread = half_width(ratios) if place else 0.0
            ratio = f"{np.mean(ratios):.2f} ± {spread:.2f}" if spread else f"{np.mean(ratios):.2f}"
            least = min(run[place][1] for run in runs)
            known, total, *cells = np.mean([run[place] for run in runs], axis=0)
            parts = "".join(f"{cell:>13.1f}" for cell in cells)
            print(f"{kind:<11}{known:>13.0f}{total:>10.1f}{least:>10.1f}{ratio:>16}{parts}",
                  flush=True)  # fmt: skip


def measured(kind: str, count: str, seconds: float, after: int) -> list[float]:
    """A row, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.driver_loop", "--only", f"{kind},{count}",
               "--seconds", str(seconds), "--after", str(after)]  # fmt: skip
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(word) for word in output.split()]


if __name__ == "__main__":
    typer.run(main)
