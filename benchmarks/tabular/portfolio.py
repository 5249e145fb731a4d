"""Chooses the configs that a study of a table tries first, on tables that judge nothing.

    python -m benchmarks.tabular.portfolio --out portfolio.jsonl            # goes on where it was
    python -m benchmarks.tabular.portfolio --out portfolio.jsonl --choose   # writes studies/tables/

Each candidate is fitted on three folds of at most 2,000 rows of each of the portfolio's data sets,
in this process, on one thread. A candidate that fails on a data set, or takes longer than
`SECONDS` of a CPU for its three fits there, counts as no better than the median. `--choose` prints
how good the portfolio is on a data set that it was chosen without, beside as many random members.
"""

import json
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.tables import FittedPipeline, Table, load_table, scores
from automl_on_ray.trainables.tables.models import FitSettings
from benchmarks.tabular._candidates import candidates
from benchmarks.tabular.data import METRICS, PORTFOLIO, DataSet, read
from benchmarks.tabular._greedy import choose, normalised

ROOT = Path(__file__).parents[2]
CHOSEN = ROOT / "studies" / "tables" / "portfolio.json"
COUNT = 12
FOLDS, ROWS = 3, 2_500  # of which a fifth is the test part, and is not used
SECONDS = 25.0


def table_of(data_set: DataSet) -> Table:
    frame = read(data_set)
    frame = frame.sample(min(len(frame), ROWS), random_state=0).reset_index(drop=True)
    return load_table({
        "dataset": data_set.name, "frame": frame, "target": data_set.target,
        "task": data_set.task, "folds": FOLDS, "seed": 0,
    })  # fmt: skip


def evaluate(config: Config, table: Table) -> dict[str, Any]:
    """The out-of-fold `loss` and the CPU `seconds`; or the `error`, in a few words."""
    began, metric = time.process_time(), METRICS[table.task]
    try:
        with _ended_after(SECONDS):
            found = _out_of_fold(config, table)
    except Exception as error:  # whatever a library raises is a fact of this candidate
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    seconds = round(time.process_time() - began, 2)
    value = scores(table.task, table.answers, found)[metric]
    return {"loss": 1 - value if metric == "auc" else value, "seconds": seconds}


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """TimeoutError once the block has taken so much CPU time, between two steps of a library."""

    def end(*_: Any) -> None:
        raise TimeoutError(f"more than {seconds:g} CPU seconds")

    signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _out_of_fold(config: Config, table: Table) -> np.ndarray:
    classes = len(table.classes)
    found = np.empty((len(table.answers), classes) if classes else len(table.answers))
    for rows, held in table.folds:
        fitted = FittedPipeline.fit(
            config, table.features.iloc[rows], table.answers[rows],
            FitSettings(table.task, classes),
        )  # fmt: skip
        found[held] = fitted.predict(table.features.iloc[held])
    return found


def errors_of(lines: list[dict[str, Any]]) -> tuple[list[Config], np.ndarray]:
    """Candidates that were tried on all data sets, and their normalised errors on each."""
    names = [each.name for each in PORTFOLIO]
    by_config: dict[str, dict[str, float]] = {}
    for line in lines:
        key = json.dumps(line["config"], sort_keys=True)
        by_config.setdefault(key, {})[line["set"]] = line.get("loss", np.nan)
    whole = {key: found for key, found in by_config.items() if set(names) <= set(found)}
    losses = np.array([[found[name] for name in names] for found in whole.values()])
    return [json.loads(key) for key in whole], normalised(losses.reshape(len(whole), len(names)))


def held_out(errors: np.ndarray, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(data sets,) each: the least error of a portfolio that was chosen without that data set, and
    the mean least error of as many candidates at random."""
    generator = np.random.default_rng(seed)
    places = range(errors.shape[1])
    ours = [errors[choose(np.delete(errors, at, axis=1), count), at].min() for at in places]
    draws = [generator.permutation(len(errors))[:count] for _ in range(1_000)]
    chance = [np.mean([errors[drawn, at].min() for drawn in draws]) for at in places]
    return np.array(ours), np.array(chance)


def write_chosen(lines: list[dict[str, Any]], count: int) -> None:
    """Into the file that `workflows/automl.py` reads; and prints how good it is."""
    configs, errors = errors_of(lines)
    chosen = choose(errors, count)
    told = {
        "made_by": "python -m benchmarks.tabular.portfolio",
        "candidates": len(configs),
        "data_sets": [each.name for each in PORTFOLIO],
        "configs": [configs[place] for place in chosen],
    }
    CHOSEN.write_text(json.dumps(told, indent=1) + "\n")
    for size, place in enumerate(chosen, 1):
        print(f"{size:3} {errors[chosen[:size]].min(axis=0).mean():.3f} {configs[place]}")
    ours, chance = held_out(errors, count)
    print(
        f"on a data set that it was chosen without: {ours.mean():.3f}, random: {chance.mean():.3f}"
    )


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    members: Annotated[int, typer.Option(help="At random, beside those by hand.")] = 40,
    choosing: Annotated[
        bool, typer.Option("--choose", help="Write the portfolio from what is there.")
    ] = False,
) -> None:
    """Evaluate what is missing, or choose."""
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    if choosing:
        write_chosen(lines, COUNT)
        return
    warnings.filterwarnings("ignore")
    done = {(line["set"], json.dumps(line["config"], sort_keys=True)) for line in lines}
    tables = {each.name: table_of(each) for each in PORTFOLIO}
    for config in candidates(members):
        for name, table in tables.items():
            if (name, json.dumps(config, sort_keys=True)) in done:
                continue
            found = evaluate(config, table)
            with out.open("a") as file:
                file.write(json.dumps({"set": name, "config": config, **found}) + "\n")
            print(config["model"], name, *found.values(), flush=True)


if __name__ == "__main__":
    sys.argv[0] = "portfolio.py"
    with threadpool_limits(1):
        typer.run(main)
