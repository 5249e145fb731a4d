"""What earlier studies on other data are worth: ways to use them, beside a start from nothing.

    python -m benchmarks.transfer.svm_table --out svm.parquet                       # once
    python -m benchmarks.transfer.compare --out transfer.jsonl \\
        --cells nasbench201.parquet --svm svm.parquet                         # goes on where it was
    python -m benchmarks.transfer.compare --out transfer.jsonl --table

One trial at a time, in one process without Ray. What was tuned on seeds of 1,000 and more is judged
on those below.
"""

import itertools
import json
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from benchmarks.transfer._cells import DATA_SETS, cells_problem
from benchmarks.transfer._functions import FUNCTIONS, function_problem
from benchmarks.transfer._methods import run
from benchmarks.transfer._problems import Problem
from benchmarks.transfer._report import report
from benchmarks.transfer._tables import TARGETS, tables_problem

IN_AX = ("cold", "pooling", "best-first", "multi-task", "both")
BELIEVING = ("prior-right", "prior-wrong")
WITHOUT_SOURCES = ("cold", *BELIEVING)
ON_CELLS = (
    *("process", "process-best-first", "process-sources", "process-both"),
    *("random", "random-best-first"),
)
Maker = Callable[[int], Problem]


def problems(cells: Path | None, svm: Path | None) -> dict[str, tuple[Maker, tuple[str, ...]]]:
    """By name: made from a seed, and the methods that are compared on it."""
    functions = {
        f"{word}-{name}": partial(function_problem, name, related=word == "related")
        for name in FUNCTIONS
        for word in ("related", "unrelated")
    }
    large = partial(function_problem, "branin", related=True, sources=5, points=50)
    return {
        **{name: (maker, (*IN_AX, *BELIEVING)) for name, maker in functions.items()},
        "large-branin": (large, ("cold", "both")),
        **{f"cells-{name}": (partial(cells_problem, cells, name), (*ON_CELLS, *IN_AX))
           for name in DATA_SETS if cells},
        **{f"svm-{name}": (partial(tables_problem, svm, name), ("random", *IN_AX))
           for name in TARGETS if svm},
    }  # fmt: skip


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    table: Annotated[bool, typer.Option("--table", help="Print the tables of --out.")] = False,
    problem: Annotated[
        list[str] | None, typer.Option("--problems", help="Only these; may be repeated.")
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option("--methods", help="Only these; may be repeated.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="The first and the last.")] = "0-9",
    cells: Annotated[Path | None, typer.Option(help="NAS-Bench-201's Parquet file.")] = None,
    svm: Annotated[Path | None, typer.Option(help="The file that svm_table wrote.")] = None,
) -> None:
    """Run what is missing, or print the tables."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    if table:
        print("\n".join(report(lines)))
        return
    done = {(line["problem"], line["method"], line["seed"]) for line in lines}
    first, last = map(int, seeds.split("-"))
    every = problems(cells, svm)
    for seed, name in itertools.product(range(first, last + 1), problem or every):
        maker, methods = every[name]
        for way in method or methods:
            if (name, way, seed) not in done:
                found = _of_twin(lines, name, way, seed) or run(way, maker(seed), seed)
                lines.append({"problem": name, "method": way, "seed": seed, **found})
                with out.open("a") as file:
                    file.write(json.dumps(lines[-1]) + "\n")
                print(name, way, seed, found["regrets"][-1], found["cpu_seconds"], flush=True)


def _of_twin(lines: list[dict[str, Any]], name: str, way: str, seed: int) -> dict[str, Any] | None:
    """The same run: without sources it does not matter whether they are related."""
    twin = name.removeprefix("un") if name.startswith("un") else f"un{name}"
    for line in lines if way in WITHOUT_SOURCES else ():
        if (line["problem"], line["method"], line["seed"]) == (twin, way, seed):
            return {key: line[key] for key in ("regrets", "cpu_seconds")}
    return None


if __name__ == "__main__":
    sys.argv[0] = "compare.py"
    typer.run(main)
