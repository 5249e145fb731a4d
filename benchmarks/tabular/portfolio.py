"""Chooses the configs that a study of a table tries first, on tables that judge nothing.

    python -m benchmarks.tabular.portfolio --out portfolio.jsonl            # goes on where it was
    python -m benchmarks.tabular.portfolio --out portfolio.jsonl --choose   # writes studies/tables/
    python -m benchmarks.tabular.portfolio --out portfolio.jsonl --scores   # of those chosen, too

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
from automl_on_ray.trainables.tables import (
    METRICS as ALL_METRICS,
    FittedPipeline,
    Table,
    load_table,
    scores,
)
from automl_on_ray.trainables.tables.models import FitSettings
from benchmarks.tabular._candidates import candidates
from benchmarks.tabular._greedy import choose, normalised
from benchmarks.tabular.data import METRICS, PORTFOLIO, DataSet, read

ROOT = Path(__file__).parents[2]
CHOSEN = ROOT / "studies" / "tables" / "portfolio.json"
SCORES = CHOSEN.with_name("portfolio_scores.json")
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


def write_scores(chosen: list[Config], lines: list[dict[str, Any]]) -> None:
    """As trials on other data, for --warm-start: each metric is the mean normalised error."""
    configs, errors = errors_of([line for line in lines if line["config"] in chosen])
    trials = [
        {"config": configs[place], "metrics": _as_metrics(float(errors[place].mean()))}
        for place in sorted(range(len(configs)), key=lambda place: chosen.index(configs[place]))
    ]
    SCORES.write_text(json.dumps(trials, indent=1) + "\n")


def _as_metrics(error: float) -> dict[str, float]:
    """Of each metric of tables; 1 less the error where more is better."""
    return {
        f"val_{name}": round(1 - error if way == "max" else error, 4)
        for of_task in ALL_METRICS.values() for name, way in of_task.items()
    }  # fmt: skip


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    members: Annotated[int, typer.Option(help="At random, beside those by hand.")] = 40,
    choosing: Annotated[
        bool, typer.Option("--choose", help="Write the portfolio from what is there.")
    ] = False,
    scoring: Annotated[
        bool, typer.Option("--scores", help="Evaluate the portfolio alone, and write its scores.")
    ] = False,
) -> None:
    """Evaluate what is missing, or choose."""
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    if choosing:
        write_chosen(lines, COUNT)
        return
    warnings.filterwarnings("ignore")
    chosen: list[Config] = json.loads(CHOSEN.read_text())["configs"]
    lines += evaluated(chosen if scoring else candidates(members), lines, out)
    if scoring:
        write_scores(chosen, lines)


def evaluated(
    configs: list[Config], lines: list[dict[str, Any]], out: Path
) -> list[dict[str, Any]]:
    """What the `lines` lack of these configs on all data sets; each is appended to `out`."""
    done = {(line["set"], json.dumps(line["config"], sort_keys=True)) for line in lines}
    tables, found = {each.name: table_of(each) for each in PORTFOLIO}, []
    for config in configs:
        for name, table in tables.items():
            if (name, json.dumps(config, sort_keys=True)) in done:
                continue
            found.append({"set": name, "config": config, **evaluate(config, table)})
            with out.open("a") as file:
                file.write(json.dumps(found[-1]) + "\n")
            print(config["model"], *list(found[-1].values())[::2], flush=True)
    return found


if __name__ == "__main__":
    sys.argv[0] = "portfolio.py"
    with threadpool_limits(1):
        typer.run(main)
