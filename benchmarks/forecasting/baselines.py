"""The classical forecasts on competitions' series, against their official test parts.

    python -m benchmarks.forecasting.baselines

sMAPE in percent, MASE, weighted quantile loss, the share of the truth in the interval of 80 %, and
CPU seconds. The same of the library statsforecast, on every fourth series:

    pip install --target FOLDER statsforecast==2.1.1 "pandas<3"
    python -m benchmarks.forecasting.baselines --collections m3-monthly --every 4 --library FOLDER
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from automl_on_ray.trainables.forecasting import BASELINES, History, load_panel, scores

ALL = "m3-yearly,m3-quarterly,m3-monthly,m3-other,tourism-yearly,tourism-quarterly,tourism-monthly"
Made = tuple[str, np.ndarray, float]  # by whom, the forecast, CPU seconds


def ours(history: History) -> Iterator[Made]:
    for name, forecast in BASELINES.items():
        begun = time.process_time()
        yield name, forecast(history), time.process_time() - begun


def of_library(history: History, folder: Path) -> Iterator[Made]:
    """In a process of its own: the library needs an older pandas than we do."""
    script = Path(__file__).with_name("_statsforecast.py")
    for name in ("Theta", "AutoETS"):
        with tempfile.TemporaryDirectory() as place:
            given, made = Path(place) / "given.npz", Path(place) / "made.npy"
            values = {f"{i:06}": each for i, each in enumerate(history.values)}
            np.savez(given, **values)  # type: ignore[arg-type]
            words = [name, str(history.season), str(history.horizon), str(given), str(made)]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, str(script), *words],
                check=True,
                env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            yield f"statsforecast's {name}", np.load(made), spent


def every(history: History, step: int) -> History:
    """Each `step`-th series."""
    parts = (history.values, history.known, history.past)
    values, known, past = (each[::step] for each in parts)
    return History(values, history.season, history.horizon, known, past)


def main(
    collections: Annotated[str, typer.Option(help="Names, by commas.")] = ALL,
    step: Annotated[int, typer.Option("--every", help="Of N series take one.")] = 1,
    library: Annotated[
        Path | None, typer.Option(help="Folder that statsforecast is installed in.")
    ] = None,
) -> None:
    print(f"{'':48}{'sMAPE':>8}{'MASE':>8}{'WQL':>8}{'80 %':>8}{'CPU s':>8}")
    for name in collections.split(","):
        panel = load_panel({"dataset": name})
        history, truth = every(panel.history(None)[0], step), panel.truth(None)[::step]
        made = list(ours(history)) + (list(of_library(history, library)) if library else [])
        for who, forecast, seconds in made:
            found = scores(forecast, truth, history)
            print(
                f"{f'{name} ({len(truth)} series), {who}':48}{found['smape']:8.2f}"
                f"{found['mase']:8.3f}{found['wql']:8.4f}{found['coverage']:8.3f}{seconds:8.1f}",
                flush=True,
            )


if __name__ == "__main__":
    typer.run(main)
