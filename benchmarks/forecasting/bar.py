"""The bar for forecasts: what a study finds in ten minutes, beside seasonal naive, Theta and ETS.

    python -m benchmarks.forecasting.bar --storage build/bar            # hours; goes on
    python -m benchmarks.forecasting.bar --storage build/bar --table

Each run is one `workflows/forecast.py NAME --minutes 10 --seed S` with its defaults, on two cores.
A study that was stopped goes on where it was. The seed is the study's: series and test part are
always the same, all of a collection with its official horizon. Nothing in `search_spaces/` or
`studies/` was chosen by a test part.
"""

import itertools
import json
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from automl_on_ray.studies.forecasting import ForecastReport
from automl_on_ray.studies.results import FORECAST_REPORT, half_width

COLLECTIONS = ("m3-monthly", "tourism-monthly", "tourism-quarterly")
METRICS = ("mase", "smape", "wql", "coverage")
ROOT = Path(__file__).parents[2]


def study_of(collection: str, minutes: float, seed: int) -> str:
    return f"{collection}-{minutes:g}min-seed{seed}"


def run(collection: str, minutes: float, seed: int, storage: Path, more: Sequence[str]) -> int:
    """The command's exit code. Its words go to this terminal."""
    name = study_of(collection, minutes, seed)
    words = [str(ROOT / "workflows" / "forecast.py"), collection, "--name", name,
             "--minutes", f"{minutes:g}", "--seed", str(seed), "--storage", str(storage),
             *more]  # fmt: skip
    return subprocess.run([sys.executable, *words], cwd=ROOT, check=False).returncode


def report_of(storage: Path, study: str) -> ForecastReport | None:
    """What it has found on the test part; None before its end."""
    file = storage / study / FORECAST_REPORT
    return ForecastReport.of(json.loads(file.read_text())["report"]) if file.exists() else None


def lines_of(collection: str, reports: Sequence[ForecastReport]) -> Iterator[str]:
    """A table: baselines, then what was found, as means over seeds with 95 % intervals of these.

    Baselines have no seed. Gains are what the baseline has more of the metric.
    """
    first, seeds = reports[0], f"{len(reports)} seed{'s' * (len(reports) > 1)}"
    yield f"{collection}: {first.series:,} series, {first.horizon} steps, {seeds}"
    yield f"{'':16}" + "".join(f"{name:>20}" for name in METRICS)
    for one in first.compared:
        fixed = one.name in first.baselines
        cells = []
        for metric in METRICS:
            values = [report.named(one.name).scores[metric] for report in reports]
            cells.append(f"{values[0]:.4g}" if fixed else _spread(values))
        yield f"{one.name:16}" + "".join(f"{cell:>20}" for cell in cells)
    for name in first.baselines:
        gains = [report.compared[-1].gain_over[name].value for report in reports]
        alone = [report.compared[-1].gain_over[name] for report in reports]
        sure = sum(gain.low is not None and gain.low > 0 for gain in alone)
        worse = sum(gain.high is not None and gain.high < 0 for gain in alone)
        yield (
            f"  over {name}: {first.metric} {_spread(gains, '+')}; by bootstrap over series "
            f"better with {sure}, worse with {worse} of {seeds}"
        )


def _spread(values: Sequence[float], sign: str = "") -> str:
    """The mean, and its 95 % interval over seeds (Student's t); that only of several."""
    half = half_width(values)
    told = f"{np.mean(values):{sign}.4g}"
    return told if np.isnan(half) else f"{told} ± {half:.2g}"


def main(
    storage: Annotated[Path, typer.Option(help="Folder of the studies; done ones stay done.")],
    table: Annotated[bool, typer.Option("--table", help="Print the tables of what is there.")] = (
        False
    ),
    collection: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be repeated.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Of each search.")] = 10,
    seeds: Annotated[int, typer.Option(help="Studies of each collection.")] = 3,
    first_seed: Annotated[int, typer.Option(help="The others follow it.")] = 0,
    option: Annotated[
        list[str] | None, typer.Option(help="For the command, as --subset=100; may be repeated.")
    ] = None,
) -> None:
    """Run what is missing, or print the tables."""
    chosen, numbers = collection or COLLECTIONS, range(first_seed, first_seed + seeds)
    if not table:
        _run_missing(storage, chosen, numbers, minutes, option or [])
    for each in chosen:
        names = [study_of(each, minutes, seed) for seed in numbers]
        found = [report for name in names if (report := report_of(storage, name))]
        if found:
            print("\n".join(lines_of(each, found)), end="\n\n")


def _run_missing(
    storage: Path, chosen: Collection[str], seeds: range, minutes: float, more: Sequence[str]
) -> None:
    for seed, each in itertools.product(seeds, chosen):
        if report_of(storage, study_of(each, minutes, seed)) is None:
            code = run(each, minutes, seed, storage, more)
            if code:
                print(f"{each}, seed {seed}: exit code {code}", file=sys.stderr)


if __name__ == "__main__":
    typer.run(main)
