"""Accuracy against cost on NAS-Bench-201's table: the hypervolume found by 100 and 300 cells.

    python -m benchmarks.nas_bench_201.objectives --table nasbench201.parquet --out objectives.jsonl

The two objectives are the validation accuracy after 12 epochs and the convolutions' cost: a 1x1
convolution is one unit, a 3x3 nine. The network's MFLOPs are 7.783 + 3.932 units on CIFAR-10, so
both rank cells alike. The hypervolume counts above 50 % accuracy and below 60 units, as a share of
what all 15,625 cells have. Each budget has runs of its own, told of their budget. It goes on where
`--out` ends. Rows of pymoo need it installed, which nothing else here does. Cells are plain choices
for all but the Gaussian process, which compares their graphs. Nothing was tuned on seeds below
10,000.
"""

import json
import math
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import optuna
import pyarrow.parquet as pq
import typer

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.nas_bench_201 import SPACE, architecture_text, parse_architecture
from automl_on_ray.searchers import SearcherSettings, create_searcher, values
from automl_on_ray.searchers.evolution import Evolution
from automl_on_ray.searchers.gaussian_process import GaussianProcess
from automl_on_ray.tracking.reports import Front, hypervolume

CELLS = SearchSpace(
    "cells", architecture={key: value for key, value in SPACE.domains.items() if "edge" in key}
)
GRAPHS = replace(CELLS, graph=SPACE.graph)
BUDGETS = (100, 300)
GOAL = (Objective("accuracy"), Objective("cost", "min"))
REFERENCE = (50.0, -60.0)  # accuracy in %, and minus the cost in units
COST = {"nor_conv_1x1": 1, "nor_conv_3x3": 9}
Point = tuple[float, float]  # accuracy in %, minus the cost
Judge = Callable[[Config], Point]


def cost(config: Config) -> int:
    """Of a cell's convolutions, dead ones too, as the benchmark counts."""
    return sum(COST.get(operation, 0) for operation in config.values())


def ours(
    make: Callable[[SearcherSettings], Any], space: SearchSpace = CELLS
) -> Callable[[Judge, int, int], None]:
    """One of our searchers, asked and told in turns."""

    def search(judge: Judge, seed: int, budget: int) -> None:
        searcher = make(SearcherSettings(space, GOAL, seed=seed, samples=budget))
        for index in range(budget):
            config = None
            while config is None:  # Ax thinks in a process of its own
                config = searcher.suggest(f"t{index}")
            accuracy, less = judge(config)
            result = {"accuracy": accuracy, "cost": -less, "training_iteration": 1}
            searcher.on_trial_complete(f"t{index}", result)
        if hasattr(searcher, "close"):
            searcher.close()

    return search


def optuna_nsga2(population: int, judge: Judge, seed: int, budget: int) -> None:
    """Optuna's sampler, one trial after another."""
    sampler = optuna.samplers.NSGAIISampler(population_size=population, seed=seed)
    study = optuna.create_study(directions=["maximize", "maximize"], sampler=sampler)
    every = {key: values(domain) or [] for key, domain in CELLS.domains.items()}
    for _ in range(budget):
        trial = study.ask()
        point = judge({k: trial.suggest_categorical(k, options) for k, options in every.items()})
        study.tell(trial, point)


def pymoo_nsga2(population: int, judge: Judge, seed: int, budget: int) -> None:
    """pymoo's for choices: it asks for a whole generation, and is told of all of it."""
    from pymoo.algorithms.moo.nsga2 import RankAndCrowding
    from pymoo.core.mixed import MixedVariableGA
    from pymoo.core.problem import Problem
    from pymoo.core.variable import Choice

    choice = {key: Choice(options=values(domain)) for key, domain in CELLS.domains.items()}
    algorithm = MixedVariableGA(pop_size=population, survival=RankAndCrowding())
    algorithm.setup(Problem(vars=choice, n_obj=2), termination=("n_eval", budget), seed=seed)
    told = 0
    while told < budget:
        asked = algorithm.ask()
        for one in asked:
            accuracy, less = judge(dict(one.X))
            one.set("F", np.array([-accuracy, -less]))
            one.set("G", np.empty(0))
            one.set("H", np.empty(0))
            one.evaluated.update({"F", "G", "H"})
            told += 1
        algorithm.tell(infills=asked)


METHODS: dict[str, Callable[[Judge, int, int], None]] = {
    "random": ours(lambda settings: create_searcher("random", settings)),
    "evolution": ours(Evolution),
    "gaussian process": ours(GaussianProcess, GRAPHS),
    "Optuna NSGA-II, population 20": partial(optuna_nsga2, 20),
    "Optuna NSGA-II, population 50": partial(optuna_nsga2, 50),
    "pymoo NSGA-II, population 20": partial(pymoo_nsga2, 20),
    "pymoo NSGA-II, population 50": partial(pymoo_nsga2, 50),
    "bayesian (Ax)": ours(lambda settings: create_searcher("bayesian", settings)),
}


def share(seen: list[Point], whole: float) -> float:
    front = Front()
    for point in seen:
        front.add(*point)
    return hypervolume(front.points, REFERENCE) / whole


def run(method: str, cells: dict[str, Point], seed: int, budget: int) -> dict[str, Any]:
    """The share of the whole table's hypervolume after so many cells, and the seconds it took."""
    began = time.perf_counter()
    seen: list[Point] = []

    def judge(config: Config) -> Point:
        seen.append(cells[architecture_text(config)])
        return seen[-1]

    METHODS[method](judge, seed, budget)
    found = share(seen[:budget], hypervolume(list(cells.values()), REFERENCE))
    seconds = (time.perf_counter() - began) / budget
    return {"method": method, "budget": budget, "seed": seed, "share": found, "seconds": seconds}


def points(path: Path, dataset: str) -> dict[str, Point]:
    """By a cell's text."""
    names = ["architecture", f"{dataset}_valid_accuracy_12"]
    columns = pq.read_table(path, columns=names).to_pydict().values()
    return {
        text: (accuracy, -float(cost(parse_architecture(text))))
        for text, accuracy in zip(*columns, strict=True)
    }


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each method: mean share with its 95 % interval, and the time of a suggestion."""
    yield f"{'':<32}" + "".join(f"{f'{n} cells':>20}" for n in BUDGETS) + f"{'seeds':>7}{'ms':>9}"
    for method in METHODS:
        own = [row for row in rows if row["method"] == method]
        if own:
            parts = [[r["share"] for r in own if r["budget"] == budget] for budget in BUDGETS]
            seconds = statistics.fmean(row["seconds"] for row in own)
            yield (
                f"{method:<32}" + "".join(map(_mean, parts))
                + f"{max(map(len, parts)):>7}{1000 * seconds:9.2f}"
            )  # fmt: skip


def _mean(shares: list[float]) -> str:
    if len(shares) < 2:
        return f"{shares[0]:20.4f}" if shares else " " * 20
    half = 1.96 * statistics.stdev(shares) / math.sqrt(len(shares))
    return f"{f'{statistics.fmean(shares):.4f} ± {half:.4f}':>20}"


def main(
    table: Annotated[Path, typer.Option(help="Parquet file of the benchmark.")],
    out: Annotated[Path, typer.Option(help="Where runs are kept, a line each.")],
    dataset: Annotated[str, typer.Option(help="cifar10, cifar100, imagenet16_120.")] = "cifar10",
    seeds: Annotated[int, typer.Option(help="Runs of each method.")] = 50,
    first_seed: Annotated[int, typer.Option(help="For tuning: 10000 or more.")] = 0,
    only: Annotated[str, typer.Option(help="Methods, separated by semicolons.")] = "",
    budgets: Annotated[str, typer.Option(help="Cells of a run, separated by commas.")] = "",
) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    cells = points(table, dataset)
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(row["method"], row["budget"], row["seed"]) for row in rows}
    with out.open("a") as file:
        for method in only.split(";") if only else METHODS:
            for budget in map(int, budgets.split(",")) if budgets else BUDGETS:
                for seed in range(first_seed, first_seed + seeds):
                    if (method, budget, seed) not in done:
                        rows.append(run(method, cells, seed, budget))
                        print(json.dumps(rows[-1]), file=file, flush=True)
    print("\n".join(lines(rows)))


if __name__ == "__main__":
    typer.run(main)
