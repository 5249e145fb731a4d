"""Does `make nas` pay? Its default against random search with the same seconds, seed by seed.

    python -m benchmarks.default_search --out default.jsonl --minutes 1 --seeds 10

Each way is the command as a user types it, with the same space, stages and final training: they
differ in the options below alone. The default tries the start of its space first; so that one sees
what the search adds to it, random search is there twice, with that start and without. Each search
has `--minutes`, in turn with the others' of its seed, so that all have the machine alike. The
random candidates that a study trains as its control are left out, for random search is a study of
its own here. What counts is the test accuracy of the final network. It goes on where `--out` ends.
Nothing was tuned on these data sets.
"""

import json
import math
import statistics
from pathlib import Path
from typing import Annotated, Any

import ray
import typer

from automl_on_ray import search_architecture
from automl_on_ray.search_spaces.macro import START

WAYS: dict[str, dict[str, Any]] = {
    "default": {},
    "random": {"searcher": "random", "scheduler": "fifo"},
    "random, from the start": {"searcher": "random", "scheduler": "fifo", "try_first": Path()},
    "random, asha": {"searcher": "random", "scheduler": "asha"},
    "supernets": {"evaluation": "supernet", "limit": None},  # whose cells have ten times as many
}
BASE = "random"


def run(way: str, seed: int, storage: Path, given: dict[str, Any]) -> dict[str, Any]:
    """Test accuracy of the network that one study ends with, and what it tried."""
    name, own = f"{way.replace(', ', '-').replace(' ', '-')}-{seed}", {**given, **WAYS[way]}
    if "try_first" in own:
        own["try_first"] = storage / "start.json"
        own["try_first"].write_text(json.dumps([START]))
    found = search_architecture(name=name, seed=seed, storage=str(storage), random_cells=0, **own)
    accuracies = [trial["test_accuracy"] for trial in found.final]
    every = found.trials()
    searched = every[~every["role"].isin(["trial", "final"])]
    return {
        "way": way, "seed": seed, "test": statistics.fmean(accuracies), "repeats": accuracies,
        "trials": len(searched), "whole": int((searched["outcome"] == "completed").sum()),
        "trial_seconds": float(searched["seconds"].sum()),
        "parameters": found.final[0].get("parameters"),
    }  # fmt: skip


def written(rows: list[dict[str, Any]]) -> str:
    """A line a way: mean and standard error, and those of the paired difference to random."""
    lines = [
        f"{'':<24}{'test accuracy':>20}{'less random':>22}{'seeds':>7}{'trials':>8}{'whole':>7}"
    ]
    base = {row["seed"]: row["test"] for row in rows if row["way"] == BASE}
    for way in WAYS:
        own = [row for row in rows if row["way"] == way]
        if own:
            paired = [row["test"] - base[row["seed"]] for row in own if row["seed"] in base]
            trials, whole = (statistics.fmean(r[key] for r in own) for key in ("trials", "whole"))
            lines.append(
                f"{way:<24}{_mean([row['test'] for row in own]):>20}"
                f"{_mean(paired) if way != BASE else '':>22}{len(own):>7}{trials:8.0f}{whole:7.0f}"
            )
    return "\n".join(lines)


def _mean(values: list[float]) -> str:
    """In percent, with the standard error of the mean."""
    if len(values) < 2:
        return ""
    error = statistics.stdev(values) / math.sqrt(len(values))
    return f"{100 * statistics.fmean(values):+.3f} ± {100 * error:.3f}"


def main(
    out: Annotated[Path, typer.Option(help="Where runs are kept, a line each.")],
    storage: Annotated[Path, typer.Option(help="Folder of the studies.")] = Path("runs-default"),
    dataset: Annotated[str, typer.Option(help="As for nas.py.")] = "mnist",
    minutes: Annotated[float, typer.Option(help="Of each search.")] = 1.0,
    seeds: Annotated[int, typer.Option(help="Studies of each way.")] = 10,
    first_seed: Annotated[int, typer.Option(help="For tuning: 10000 or more.")] = 0,
    only: Annotated[str, typer.Option(help="Ways, separated by semicolons.")] = "",
    limit: Annotated[str, typer.Option(help="As make nas has it.")] = "parameters <= 5000",
    final_epochs: Annotated[int, typer.Option(help="Of the final training.")] = 9,
    final_seeds: Annotated[int, typer.Option(help="Repeats of the final training.")] = 2,
) -> None:
    ray.init("local", log_to_driver=False)  # shared by all studies
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(row["way"], row["seed"]) for row in rows}
    given = {
        "dataset": dataset, "minutes": minutes, "limit": [limit], "final_seeds": final_seeds,
        "final_epochs": final_epochs,
    }  # fmt: skip
    storage.mkdir(parents=True, exist_ok=True)
    with out.open("a") as file:
        for seed in range(first_seed, first_seed + seeds):
            for way in only.split(";") if only else WAYS:
                if (way, seed) not in done:
                    rows.append(run(way, seed, storage, given))
                    print(json.dumps(rows[-1]), file=file, flush=True)
    print(written(rows))


if __name__ == "__main__":
    typer.run(main)
