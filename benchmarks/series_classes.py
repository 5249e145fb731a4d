"""Classifiers of series: what a search finds, beside 1-NN and ROCKET, on sets of the UCR archive.

    python -m benchmarks.series_classes --out series.jsonl            # goes on where it was
    python -m benchmarks.series_classes --out series.jsonl --table    # shows what is there
    python -m benchmarks.series_classes --baselines                   # 1-NN and ROCKET alone

One thread and CPU time. The search has the parts of `workflows/classify_series.py` in one process:
the space `series` with its first configs, TPE, ASHA over five folds, greedy ensemble, refit. Ray
and MLflow are left out. Test parts are those of the archive, and are looked at once, in the end.
"""

import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import typer
from ray import tune
from ray.tune.execution.placement_groups import PlacementGroupFactory
from ray.tune.schedulers import TrialScheduler

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.series import FIRST, NEAREST, ROCKET, SPACE
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.studies.results import half_width
from automl_on_ray.trainables.folds import read_folds
from automl_on_ray.trainables.series_classes import (
    PROBABILITIES,
    SETS,
    SeriesClassifier,
    SeriesSet,
    judged,
    load_series,
    refitted,
    weighted,
)

OBJECTIVE = Objective("val_accuracy", "max")
TRIALS = 1_000  # more than any budget here allows
WAYS = ("1-NN", "ROCKET", "best single", "ensemble")


def run(name: str, seed: int, seconds: float) -> dict[str, Any]:
    """One line: accuracies on the test part by way, CPU seconds, and what the search did."""
    data = load_series({"dataset": name, "seed": seed})
    told, cost = {}, {}
    for way, config in (("1-NN", NEAREST), ("ROCKET", ROCKET)):
        began = time.process_time()
        told[way] = refitted(data, config, seed=seed, threads=1).predict(data.test_values)
        cost[way] = time.process_time() - began
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        trials = list(_searched(data, seed, began + seconds, Path(folder)))
        whole = {one["name"]: one for one in trials if one["whole"]}
        held = {
            trial: [arrays[PROBABILITIES] for arrays in read_folds(Path(folder, trial)).arrays]
            for trial in whole
        }
    weights = weighted(data, held, seed)
    best = max(whole.values(), key=lambda one: one["score"])["name"]
    models = {
        trial: refitted(data, whole[trial]["config"], seed=seed, threads=1).predict(
            data.test_values
        )
        for trial in {best, *weights}
    }
    told["best single"] = models[best]
    told["ensemble"] = np.sum([share * models[trial] for trial, share in weights.items()], axis=0)
    cost["ensemble"] = time.process_time() - began
    return {
        "set": name, "seed": seed, "seconds": seconds, "tried": len(trials), "whole": len(whole),
        "best": whole[best]["config"], 
        "members": [whole[one]["config"]["model"] for one in weights],
        "cost": {way: round(value, 1) for way, value in cost.items()},
        "scores": {way: judged(data.test_labels, made) for way, made in told.items()},
    }  # fmt: skip


def _searched(
    data: SeriesSet, seed: int, end: float, folder: Path
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Trials, one after the other, until the CPU time is spent and one of them is whole."""
    folds = len(data.folds)
    searcher = create_searcher(
        "optuna",
        SearcherSettings(SPACE, (OBJECTIVE,), seed, folds, points=FIRST, samples=TRIALS),
    )
    # Of Tune's; it is given no controller and of a trial only the id, as ASHA needs.
    asha: Any = create_scheduler("asha", SchedulerSettings(SPACE, OBJECTIVE, folds, TRIALS, seed))
    any_whole = False
    for name in map(str, itertools.count()):
        config = searcher.suggest(name)
        assert config is not None  # TPE always has one
        trial, known = _trial(config, data, seed), SimpleNamespace(trial_id=name)
        asha.on_trial_add(None, known)
        result, stopped = trial.train(), False
        while not result["done"] and not stopped:
            if time.process_time() > end and any_whole:
                trial.stop()
                return
            searcher.on_trial_result(name, result)
            stopped = asha.on_trial_result(None, known, result) == TrialScheduler.STOP
            if not stopped:
                result = trial.train()
        if not stopped:
            trial.save(str(folder / name))
            any_whole = True
            asha.on_trial_complete(None, known, result)
        trial.stop()
        searcher.on_trial_complete(name, result)
        yield {"name": name, "config": config, "whole": not stopped,
               "score": result[OBJECTIVE.metric]}  # fmt: skip
        if time.process_time() > end and any_whole:
            return


def _trial(config: Config, data: SeriesSet, seed: int) -> tune.Trainable:
    class Bound(SeriesClassifier):  # as tune.with_parameters binds keywords
        trial_resources = PlacementGroupFactory([{"CPU": 1}])

        def setup(self, config: Config) -> None:  # type: ignore[override]
            super().setup(config, space=SPACE, **data.keywords())

    return Bound(config=config)


def baselines(names: list[str], seeds: int) -> Iterator[str]:
    """Accuracies on the test part, and CPU seconds: 1-NN, and ROCKET by how it scales."""
    ways = {
        "1-NN": NEAREST,
        "ROCKET, each": ROCKET,
        "ROCKET, whole": {**ROCKET, "scaling": "whole"},
    }
    yield f"{'':20}" + "".join(f"{way:>18}" for way in ways) + f"  CPU s a ROCKET ({seeds} seeds)"
    for name in names:
        data, cells, cost = load_series({"dataset": name}), [], 0.0
        for config in ways.values():
            found, began = [], time.process_time()
            for seed in range(seeds if config is not NEAREST else 1):
                told = refitted(data, config, seed=seed, threads=1).predict(data.test_values)
                found.append(judged(data.test_labels, told)["accuracy"])
            cost = (time.process_time() - began) / seeds
            spread = f" +-{half_width(found):.3f}" if len(found) > 1 else ""
            cells.append(f"{np.mean(found):.3f}{spread}")
        yield f"{name:20}" + "".join(f"{cell:>18}" for cell in cells) + f"  {cost:.1f}"


def table(lines: list[dict[str, Any]]) -> str:
    """Means over seeds with 95 % intervals; ways without anything random have none."""
    rows = [f"{'':20}" + "".join(f"{way:>16}" for way in WAYS) + "   CPU s: ROCKET, search"]
    for name in sorted({line["set"] for line in lines}):
        own = [line for line in lines if line["set"] == name]
        cells = []
        for way in WAYS:
            found = [line["scores"][way]["accuracy"] for line in own]
            spread = f" +-{half_width(found):.3f}" if len(found) > 1 else ""
            cells.append(f"{np.mean(found):.3f}{'' if way == '1-NN' else spread}")
        cost = [np.mean([line["cost"][way] for line in own]) for way in ("ROCKET", "ensemble")]
        rows.append(
            f"{name:20}" + "".join(f"{cell:>16}" for cell in cells)
            + f"   {cost[0]:.1f}, {cost[1]:.0f}  ({len(own)} seeds)"
        )  # fmt: skip
    for way in ("ROCKET", "1-NN"):
        differences = [
            line["scores"]["ensemble"]["accuracy"] - line["scores"][way]["accuracy"]
            for line in lines
        ]
        won = sum(each > 0 for each in differences), sum(each < 0 for each in differences)
        rows.append(
            f"The ensemble less {way}: {np.mean(differences):+.3f} in the mean over {len(lines)} "
            f"runs; better in {won[0]}, worse in {won[1]}."
        )
    return "\n".join(rows)


def main(
    out: Annotated[Path, typer.Option(help="A line of JSON a run.")] = Path("series.jsonl"),
    sets: Annotated[str, typer.Option(help="By commas.")] = ",".join(SETS),
    seeds: Annotated[int, typer.Option(help="0, 1, ...")] = 3,
    seconds: Annotated[float, typer.Option(help="CPU seconds of a search.")] = 20.0,
    show: Annotated[bool, typer.Option("--table", help="Show what is there.")] = False,
    alone: Annotated[bool, typer.Option("--baselines", help="Search nothing.")] = False,
) -> None:
    if alone:
        for line in baselines(sets.split(","), seeds):
            print(line, flush=True)
        return
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(line["set"], line["seed"]) for line in lines}
    for seed, name in itertools.product(range(seeds), sets.split(",")):
        if show or (name, seed) in done:
            continue
        lines.append(run(name, seed, seconds))
        with out.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
        print(name, seed, lines[-1]["cost"], file=sys.stderr)
    print(table(lines))


if __name__ == "__main__":
    typer.run(main)
