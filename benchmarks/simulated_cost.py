"""The driver's CPU and memory for each trial, at 500 and at 5,000 trials, in the simulator.

    python -m benchmarks.simulated_cost
    python -m benchmarks.simulated_cost --only random,fifo,10000 --slots 1000

The second is one row, milliseconds and kilobytes a trial, of the size that
docs/about/scaling.md asks about; it takes minutes. The simulator itself looks at all live trials
with each result.
"""

import resource
import subprocess
import sys
import time
from typing import Annotated

import typer

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.simulation import Simulation
from benchmarks._drift import EPOCHS, SPACE, Drift
from benchmarks._evolution_like import EvolutionLike

PAIRS = (("random", "fifo"), ("evolution-like", "fifo"), ("sobol", "asha"))


def measure(searcher: str, scheduler: str, trials: int, slots: int) -> tuple[float, float]:
    """Milliseconds and kilobytes a trial."""
    goal = Objective("error", "min")
    asked = SearcherSettings(SPACE, (goal,), max_t=EPOCHS, samples=trials)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    Simulation(
        Drift(0),
        EvolutionLike(asked) if searcher == "evolution-like" else create_searcher(searcher, asked),
        create_scheduler(scheduler, SchedulerSettings(SPACE, goal, EPOCHS, trials, 0)),
        samples=trials, slots=slots, max_t=EPOCHS, keep=1,
    ).run()  # fmt: skip
    seconds = time.process_time() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return 1000 * seconds / trials, grown / trials


def main(
    sizes: Annotated[str, typer.Option(help="Two numbers of trials.")] = "500,5000",
    slots: Annotated[int, typer.Option(help="Trials at once.")] = 32,
    only: Annotated[str, typer.Option(help="searcher,scheduler,trials: one row.")] = "",
) -> None:
    if only:
        searcher, scheduler, count = only.split(",")
        print(*measure(searcher, scheduler, int(count), slots))
        return
    asked = sizes.split(",")
    print(f"{'':<28}" + "".join(f"{f'{n} trials: ms':>18}{'KB':>8}" for n in asked) + "   ratio")
    for searcher, scheduler in PAIRS:
        rows = []
        for trials in asked:  # a process for each, for its memory
            command = [sys.executable, "-m", "benchmarks.simulated_cost", "--slots", str(slots),
                       "--only", f"{searcher},{scheduler},{trials}"]  # fmt: skip
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows.append([float(word) for word in output.split()[-2:]])
        cells = "".join(f"{ms:>18.2f}{kb:>8.1f}" for ms, kb in rows)
        ratio = f"{rows[1][0] / rows[0][0]:.2f} {rows[1][1] / rows[0][1]:.2f}"
        print(f"{f'{searcher} + {scheduler}':<28}{cells}   {ratio}", flush=True)


if __name__ == "__main__":
    typer.run(main)
