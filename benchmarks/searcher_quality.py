"""Best value after 15, 30 and 60 trials: ours against random search, bare Ax and Optuna's TPE.

    python -m benchmarks.searcher_quality --out quality.jsonl          # hours; goes on where it was
    python -m benchmarks.searcher_quality --out quality.jsonl --table

Two surfaces to minimise, one trial at a time and with 4 pending (the oldest is told first), no Ray.
"""

import itertools
import json
import math
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from botorch.test_functions import Hartmann
from ray import tune

from automl_on_ray.search_spaces import Condition, Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, TrialOutcome, values, varying
from automl_on_ray.searchers.ax import Encoding

CHECKPOINTS = (15, 30, 60)
METHODS = ("ours", "bare Ax", "Optuna TPE", "random")
Ask = Callable[[], tuple[Any, Config]]
Tell = Callable[[Any, float], Any]

HARTMANN = SearchSpace("hartmann6", training={f"x{i}": tune.uniform(0, 1) for i in range(6)})
MIXED = SearchSpace(
    "mixed",
    training={
        "rate": tune.loguniform(1e-5, 1e-1),
        "decay": tune.loguniform(1e-6, 1e-2),
        "layers": tune.randint(1, 9),
        "activation": tune.choice(["relu", "tanh", "gelu", "silu"]),
        "optimizer": tune.choice(["sgd", "adam"]),
        "momentum": tune.uniform(0, 1),
        "beta": tune.uniform(0.5, 1),
    },
    conditions={
        "momentum": Condition("optimizer", ("sgd",)),
        "beta": Condition("optimizer", ("adam",)),
    },
)
_hartmann = Hartmann(dim=6)


def hartmann6(config: Config) -> float:
    """Minimum -3.32237."""
    point = torch.tensor([config[f"x{i}"] for i in range(6)], dtype=torch.double)
    return float(_hartmann(point))


def mixed(config: Config) -> float:
    """Minimum 0: the best rate depends on the optimiser, the best depth on the activation."""
    sgd = config["optimizer"] == "sgd"
    rate, decay = math.log10(config["rate"]), math.log10(config["decay"])
    best_rate = -1.7 + 1.2 * (0.9 - config["momentum"]) if sgd else -2.8
    depth = {"relu": 5, "tanh": 2, "gelu": 6, "silu": 4}[config["activation"]]
    penalty = {"relu": 0.3, "tanh": 0.6, "gelu": 0.0, "silu": 0.1}[config["activation"]]
    extra = 3 * (config["momentum"] - 0.9) ** 2 + 0.2 if sgd else 8 * (config["beta"] - 0.93) ** 2
    return (
        0.4 * (rate - best_rate) ** 2
        + 0.1 * (decay + 4) ** 2
        + 0.05 * (config["layers"] - depth) ** 2
        + penalty
        + extra
    )


SURFACES = {"hartmann6": (HARTMANN, hartmann6), "mixed": (MIXED, mixed)}


def ours(space: SearchSpace, seed: int) -> tuple[Ask, Tell]:
    from automl_on_ray.searchers.ax import AxModel

    model = AxModel(SearcherSettings(space, (Objective("value", "min"),), seed=seed))

    def ask() -> tuple[Any, Config]:
        config = model.suggest()
        return config, config

    return ask, lambda config, value: model.tell(
        config, TrialOutcome("completed", {1: {"value": value}})
    )


def bare_client(space: SearchSpace, seed: int) -> tuple[Any, Encoding]:
    """Ax's client with its defaults; conditional parameters as Ax has them."""
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    from automl_on_ray.searchers.ax import quiet

    encoding = Encoding(space)
    names = encoding.names()
    quiet()
    client = Client(random_seed=seed)
    parameters = []
    for keywords in encoding.parameters():
        key = encoding.keys()[keywords["name"]]
        below: dict[int, list[str]] = {}
        for child, condition in space.conditions.items():
            if condition.parent == key:
                for value in condition.values:
                    index = (values(space.domains[key]) or []).index(value)
                    below.setdefault(index, []).append(names[child])
        if below:
            count = len(values(space.domains[key]) or [])
            keywords = {
                "name": keywords["name"], "parameter_type": "int", "is_ordered": False,
                "values": list(range(count)), "dependent_parameters": below,
            }  # fmt: skip
        kind = ChoiceParameterConfig if "values" in keywords else RangeParameterConfig
        parameters.append(kind(**keywords))
    client.configure_experiment(parameters=parameters)
    client.configure_optimization(objective="-value")
    client.configure_generation_strategy(
        initialization_random_seed=seed, allow_exceeding_initialization_budget=True
    )
    return client, encoding


def bare_ax(space: SearchSpace, seed: int) -> tuple[Ask, Tell]:
    client, encoding = bare_client(space, seed)

    def ask() -> tuple[Any, Config]:
        ((index, found),) = client.get_next_trials(max_trials=1).items()
        return index, encoding.decode(dict(found))

    def tell(index: Any, value: float) -> None:
        client.complete_trial(index, raw_data={"value": value})

    return ask, tell


def optuna_tpe(space: SearchSpace, seed: int) -> tuple[Ask, Tell]:
    import optuna

    from automl_on_ray.searchers.optuna_search import ByRun

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))

    def ask() -> tuple[Any, Config]:
        trial = study.ask()
        ByRun(space)(trial)
        return trial, dict(trial.params)

    return ask, lambda trial, value: study.tell(trial, value)


def at_random(space: SearchSpace, seed: int) -> tuple[Ask, Tell]:
    import numpy as np

    generator = np.random.default_rng(seed)
    return lambda: (None, varying(space, space.sample(generator))), lambda *_: None


MAKERS = {"ours": ours, "bare Ax": bare_ax, "Optuna TPE": optuna_tpe, "random": at_random}


def run(method: str, surface: str, pending: int, seed: int, trials: int) -> dict[str, Any]:
    """The best value after each trial, in the order of telling, and the CPU seconds it took."""
    space, function = SURFACES[surface]
    began = time.process_time()
    ask, tell = MAKERS[method](space, seed)
    waiting: list[tuple[Any, float]] = []
    best, curve = math.inf, []
    for _ in range(trials):
        handle, config = ask()
        waiting.append((handle, function(config)))
        while len(waiting) >= pending:
            handle, value = waiting.pop(0)
            tell(handle, value)
            best = min(best, value)
            curve.append(best)
    curve += [min(best, *(v for _, v in waiting[: i + 1])) for i in range(len(waiting))]
    return {
        "method": method, "surface": surface, "pending": pending, "seed": seed,
        "curve": curve, "cpu_seconds": round(time.process_time() - began, 1),
    }  # fmt: skip


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    table: Annotated[
        bool, typer.Option("--table", help="Print the table of what is there.")
    ] = False,
    method: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Of each pair of method and surface.")] = 10,
    first_seed: Annotated[int, typer.Option(help="The others follow it.")] = 0,
    trials: Annotated[int, typer.Option(help="Of each run.")] = max(CHECKPOINTS),
) -> None:
    """Run what is missing, or print the table."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    done = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    if table:
        print_table(done)
        return
    known = {(d["method"], d["surface"], d["pending"], d["seed"]) for d in done}
    for seed, pending, surface, name in itertools.product(
        range(first_seed, first_seed + seeds), (4, 1), SURFACES, method or METHODS
    ):
        if (name, surface, pending, seed) in known:
            continue
        result = run(name, surface, pending, seed, trials)
        with out.open("a") as file:
            file.write(json.dumps(result) + "\n")
        print(name, surface, pending, seed, result["curve"][-1], result["cpu_seconds"], flush=True)


def print_table(done: list[dict[str, Any]]) -> None:
    """Means and standard errors; in brackets, of the differences to bare Ax on the same seeds."""
    for surface, pending in itertools.product(SURFACES, (1, 4)):
        print(f"\n{surface}, {pending} at a time (lower is better)")
        print(f"{'':12}" + "".join(f"{n:>34}" for n in CHECKPOINTS) + "   seeds   CPU s")
        curves = {
            m: {
                d["seed"]: d
                for d in done
                if (d["method"], d["surface"], d["pending"]) == (m, surface, pending)
            }
            for m in METHODS
        }
        for method, runs in curves.items():
            cells = [_cell(runs, curves["bare Ax"], n) for n in CHECKPOINTS]
            cpu = statistics.mean(d["cpu_seconds"] for d in runs.values()) if runs else math.nan
            print(f"{method:12}" + "".join(f"{c:>34}" for c in cells) + f"{len(runs):8}{cpu:8.0f}")


def _cell(runs: dict[int, Any], bare: dict[int, Any], trials: int) -> str:
    values = [d["curve"][trials - 1] for d in runs.values() if len(d["curve"]) >= trials]
    if not values:
        return "-"
    both = [
        runs[s]["curve"][trials - 1] - bare[s]["curve"][trials - 1]
        for s in runs
        if s in bare and len(runs[s]["curve"]) >= trials <= len(bare[s]["curve"])
    ]
    against = f" ({_mean_error(both, '+.3f')})" if both and runs is not bare else ""
    return _mean_error(values, ".3f") + against


def _mean_error(values: list[float], form: str) -> str:
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else math.nan
    return f"{statistics.mean(values):{form}} ± {error:.3f}"


if __name__ == "__main__":
    sys.argv[0] = "searcher_quality.py"
    typer.run(main)
