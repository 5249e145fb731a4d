"""Large studies: what `bayesian` finds in 500 trials, and what a suggestion of it costs.

    python -m benchmarks.searchers.large_studies --out large.jsonl           # goes on where it was
    python -m benchmarks.searchers.large_studies --out large.jsonl --known 0    # whole studies
    python -m benchmarks.searchers.large_studies --out large.jsonl --table
    python -m benchmarks.searchers.large_studies --cost 200,1000,5000

Every way is told the same 200 results of a Sobol sequence (`--known`), and goes on to 500 trials
with 16 or 64 at once: the oldest is told first. With `--known 0` each way makes all 500 itself. No
Ray. Functions are of the unit cube, their least value off its middle; `mixed` has choices and
conditions. Nothing was tuned on seeds below 1,000.
"""

import itertools
import json
import math
import pickle
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from botorch.test_functions import Ackley, Hartmann, Levy
from ray import tune
from scipy import stats

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import PriorTrial, SearcherSettings, TrialOutcome, varying
from automl_on_ray.searchers.ax import AxModel
from automl_on_ray.searchers.sobol import Design
from benchmarks.searcher_quality import MIXED, mixed

KNOWN, TRIALS, CHECKPOINTS = 200, 500, (50, 100, 200, 300, 500)
PENDING = (16, 64)
GOAL = (Objective("value", "min"),)
Ask = Callable[[], tuple[Any, Config]]
Tell = Callable[[Any, float], Any]


def cube(dimensions: int) -> SearchSpace:
    return SearchSpace("cube", training={f"x{i}": tune.uniform(0, 1) for i in range(dimensions)})


def on_cube(function: Any, config: Config) -> float:
    unit = torch.tensor([config[f"x{i}"] for i in range(len(config))], dtype=torch.double)
    low, high = function.bounds.double()
    return float(function(low + unit * (high - low)))


SURFACES: dict[str, tuple[SearchSpace, Callable[[Config], float]]] = {
    "hartmann6": (cube(6), partial(on_cube, Hartmann(dim=6))),
    "ackley10": (cube(10), partial(on_cube, Ackley(dim=10, bounds=[(-5, 10)] * 10))),
    "ackley20": (cube(20), partial(on_cube, Ackley(dim=20, bounds=[(-5, 10)] * 20))),
    "levy10": (cube(10), partial(on_cube, Levy(dim=10, bounds=[(-10, 10)] * 10))),
    "levy20": (cube(20), partial(on_cube, Levy(dim=20, bounds=[(-10, 10)] * 20))),
    "mixed": (MIXED, mixed),
}


def by_ours(space: SearchSpace, seed: int, known: list[tuple[Config, float]]) -> tuple[Ask, Tell]:
    before = tuple(PriorTrial(config, {1: {"value": value}}) for config, value in known)
    model = AxModel(SearcherSettings(space, GOAL, seed=seed, known=before))

    def ask() -> tuple[Any, Config]:
        config = model.suggest()
        if model.fallbacks:
            raise RuntimeError("The model made no suggestion.")
        return config, config

    return ask, lambda config, value: model.tell(
        config, TrialOutcome("completed", {1: {"value": value}})
    )


def by_tpe(space: SearchSpace, seed: int, known: list[tuple[Config, float]]) -> tuple[Ask, Tell]:
    import optuna

    from automl_on_ray.searchers.optuna_search import ByRun

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def ask() -> tuple[Any, Config]:
        trial = study.ask()
        ByRun(space)(trial)
        return trial, dict(trial.params)

    for config, value in known:
        study.enqueue_trial(config)
        trial, _ = ask()
        study.tell(trial, value)
    return ask, lambda trial, value: study.tell(trial, value)


def by_sobol(space: SearchSpace, seed: int, known: list[tuple[Config, float]]) -> tuple[Ask, Tell]:
    """The rest of the sequence."""
    design = Design(space, seed=seed, done=[])
    for _ in known:
        design.next()
    return lambda: (None, design.next()), lambda *_: None


def at_random(space: SearchSpace, seed: int, known: list[tuple[Config, float]]) -> tuple[Ask, Tell]:
    generator = np.random.default_rng([seed, 7])
    return lambda: (None, varying(space, space.sample(generator))), lambda *_: None


WAYS = {"ours": by_ours, "Optuna TPE": by_tpe, "Sobol": by_sobol, "random": at_random}


def run(way: str, surface: str, known: int, pending: int, seed: int) -> dict[str, Any]:
    """The best value at CHECKPOINTS after the known, and the CPU seconds of a suggestion."""
    space, function = SURFACES[surface]
    design = Design(space, seed=seed, done=[])
    told = [(config, function(config)) for config in (design.next() for _ in range(known))]
    ask, tell = WAYS[way](space, seed, told)
    curve = [min((value for _, value in told), default=math.inf)]
    waiting: list[tuple[Any, float]] = []
    began = time.process_time()
    for _ in range(TRIALS - known):
        handle, config = ask()
        waiting.append((handle, function(config)))
        curve.append(min(curve[-1], waiting[-1][1]))
        if len(waiting) >= pending:
            tell(*waiting.pop(0))
    seconds = (time.process_time() - began) / (TRIALS - known)
    best = {n: curve[n - known] for n in CHECKPOINTS if n >= known}
    return {
        "way": way, "surface": surface, "known": known, "pending": pending, "seed": seed,
        "best": best, "cpu_seconds": round(seconds, 4),
    }  # fmt: skip


def main(
    out: Annotated[
        Path | None, typer.Option(help="JSON lines; what is there is not run again.")
    ] = None,
    table: Annotated[bool, typer.Option("--table", help="Print the table of --out.")] = False,
    cost: Annotated[str, typer.Option(help="Numbers of results, ours alone.")] = "",
    seeds: Annotated[str, typer.Option(help="The first and the last.")] = "0-9",
    surface: Annotated[list[str] | None, typer.Option(help="Only this one; may repeat.")] = None,
    known: Annotated[int, typer.Option(help="Results told beforehand; 0: none.")] = KNOWN,
    at_once: Annotated[list[int] | None, typer.Option(help="Trials; may be repeated.")] = None,
) -> None:
    """Run what is missing, print the table, or measure what a suggestion costs."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    for count in [int(word) for word in cost.split(",") if word]:
        print(f"{count:6} results, 64 on trial: {_cost(count)}", flush=True)
    if out is None:
        return
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = [d for d in done if d["known"] == known]
    if table:
        _print_table(done)
        return
    have = {(d["way"], d["surface"], d["pending"], d["seed"]) for d in done}
    first, last = map(int, seeds.split("-"))
    for seed, name, pending, way in itertools.product(
        range(first, last + 1), surface or SURFACES, at_once or PENDING, WAYS
    ):
        if (way, name, pending, seed) not in have:
            found = run(way, name, known, pending, seed)
            with out.open("a") as file:
                file.write(json.dumps(found) + "\n")
            print(way, name, pending, seed, found["best"][TRIALS], found["cpu_seconds"], flush=True)


def _cost(count: int) -> str:
    """Of 16 suggestions, each told before the next, with 64 others on trial."""
    generator = np.random.default_rng(0)
    configs = [varying(MIXED, MIXED.sample(generator)) for _ in range(count + 64)]
    known = tuple(PriorTrial(config, {1: {"value": mixed(config)}}) for config in configs[:count])
    model = AxModel(SearcherSettings(MIXED, GOAL, known=known))
    for config in configs[count:]:
        model.begin(config)
    began = time.process_time()
    for _ in range(16):
        config = model.suggest()
        model.tell(config, TrialOutcome("completed", {1: {"value": mixed(config)}}))
    seconds = (time.process_time() - began) / 16
    assert not model.fallbacks
    size = len(pickle.dumps(model)) / 1e6
    return f"{seconds:.3f} CPU s a suggestion, state of {size:.2f} MB"


def _print_table(done: list[dict[str, Any]]) -> None:
    for name, pending in itertools.product(SURFACES, PENDING):
        runs = [d for d in done if (d["surface"], d["pending"]) == (name, pending)]
        if runs:
            print(f"\n{name}, {pending} at once (lower is better)")
            heads = "".join(f"{f'after {n}':>22}" for n in runs[0]["best"])
            print(f"{'':12}{heads}{'seeds':>7}{'CPU s':>8}")
        for way in WAYS if runs else ():
            own = [d for d in runs if d["way"] == way]
            columns = zip(*(d["best"].values() for d in own), strict=True)
            cells = "".join(f"{_interval(list(values)):>22}" for values in columns)
            seconds = statistics.mean(d["cpu_seconds"] for d in own) if own else math.nan
            print(f"{way:12}{cells}{len(own):7}{seconds:8.3f}")


def _interval(values: list[float]) -> str:
    """Mean and half of its 95 % interval (Student's t)."""
    if len(values) < 2:
        return f"{values[0]:.3g}"
    error = statistics.stdev(values) / len(values) ** 0.5
    return f"{statistics.mean(values):.3f} ± {stats.t.ppf(0.975, len(values) - 1) * error:.3f}"


if __name__ == "__main__":
    sys.argv[0] = "large_studies.py"
    typer.run(main)
