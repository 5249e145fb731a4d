"""What the start of a command, of a driver and of a worker costs in CPU time: help, a mistake that
is refused, a study's imports. And what the start of a second model of Ax takes.

    python -m benchmarks.start_up.imports
    python -m benchmarks.start_up.imports --only "hpo.py --help" --only "hpo.py --dataset mnst"

Each beside the same with what it imported before as well; in turn, so that a machine that slows
down does so for both. What Python and typer take by themselves is there too. `first_trial` measures
what comes until the first trial is at work.
"""

import os
import subprocess
import sys
import time
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from automl_on_ray.searchers.ax.process import AxWorker, _server

RUN = """
import runpy, sys
sys.argv = {words}
runpy.run_path(sys.argv[0], run_name="__main__")
"""
DRAWING = "import scipy.special, matplotlib.figure"  # which each study imported before
STUDY = "from automl_on_ray.studies.hpo import tune_hyperparameters"
WORKER = (
    "from automl_on_ray.trainables.datasets._dataset import load_dataset; load_dataset('digits')"
)
TRIAL = """
import numpy
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.trainables.image_classifier import ImageClassifier
class Trial(ImageClassifier):
    def setup(self, config):
        super().setup(config, space=SPACE, dataset="digits", subset=200, epochs=1, seed=0)
numpy.random.seed(0)
Trial({key: d.sample() if hasattr(d, "sample") else d for key, d in SPACE.all.items()}).train()
"""
COMPILER = "import torch._dynamo"  # which counting and torch's optimisers load
TABLES = "from automl_on_ray.studies.tables import search_pipelines"
CELLS = "from automl_on_ray.studies.architecture import search_architectures"
METHODS = "from automl_on_ray.studies.comparison import compare_methods"
SIMULATOR = "import automl_on_ray.tracking.store, ray.tune, automl_on_ray.simulation.recorded_study"
IMAGES = f"{STUDY}\nimport automl_on_ray.trainables.image_classifier"
# What was typed, and what was imported first.
COMMANDS = {
    "hpo.py --help": STUDY,
    "nas.py --help": CELLS,
    "automl.py --help": TABLES,
    "compare.py --help": METHODS,
    "simulate.py --help": SIMULATOR,
    "hpo.py --trials 0": STUDY,
    "hpo.py --dataset mnst": STUDY,
    "hpo.py --space mnist-cn": STUDY,
    "hpo.py --searcher bayesan": STUDY,
    "nas.py --evaluation one-shoot": CELLS,
    "automl.py none.csv --target y": TABLES,
    "compare.py --base randm": METHODS,
}
NEEDED_RAY = (
    "hpo.py --dataset digits --objective acuracy",
    "hpo.py --dataset digits --scheduler pb2",
    "hpo.py --dataset digits --explore ax",
    "hpo.py --dataset digits --gpus-per-trial 99",
    "hpo.py --dataset digits --space docs.own_trainable:NONE",
    "nas.py --dataset digits --select magnitud",
)
ALONE = {"Python": "pass", "Python, typer and rich": "import typer, typer.rich_utils"}
Only = Annotated[list[str] | None, typer.Option(help="These processes, by name. Default: all.")]


def seconds(code: str) -> float:
    """Of CPU, all threads, until the process has ended."""
    before = os.times()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    after = os.times()
    assert done.returncode in (0, 2), done.stderr.decode()  # 2: a mistake was refused
    return after.children_user + after.children_system - before[2] - before[3]


def of_command(typed: str) -> str:
    return RUN.format(words=f"workflows/{typed}".split())


def cases() -> dict[str, list[str]]:
    """By name the code, and the same as it was before if there is a difference."""
    heavy = {name: f"{DRAWING}\n{before}" for name, before in COMMANDS.items()}
    return {
        **{name: [code] for name, code in ALONE.items()},
        **{typed: [of_command(typed), f"{heavy[typed]}{of_command(typed)}"] for typed in COMMANDS},
        **{typed: [of_command(typed), f"{IMAGES}\n{of_command(typed)}"] for typed in NEEDED_RAY},
        "a study's imports": [STUDY, f"{STUDY}; {DRAWING}"],
        "a trial of images, one epoch": [TRIAL, f"{COMPILER}\n{TRIAL}"],
        "a worker that trains on digits": [WORKER, f"{WORKER}; import sklearn.datasets"],
    }


def row(codes: list[str], repeats: int) -> list[str]:
    seconds(codes[0])  # the cache, and the disk's
    runs = [[seconds(code) for code in codes] for _ in range(repeats)]
    found = [median(column) for column in zip(*runs, strict=True)]
    told = [f"{each:.2f}" for each in found]
    return [*told, f"{found[0] / found[1]:.2f}"] if len(found) > 1 else told


def ready(*, alone: bool) -> float:
    """Seconds until a process for a model has Ax; `alone`: one that imports it for itself."""
    if alone:
        _server.cache_clear()
    began = time.perf_counter()
    worker = AxWorker("builtins:list", (), [])
    worker.pid.result()
    worker.close()
    return time.perf_counter() - began


def models(repeats: int) -> None:
    taken = [(ready(alone=True), ready(alone=False)) for _ in range(repeats)]
    own, forked = (median(column) for column in zip(*taken, strict=True))
    print(f"A second model of Ax: {forked:.3f} s until its process is there, {own:.2f} s before")


def main(only: Only = None, repeats: int = 5) -> None:
    table = Table("process", "CPU seconds", "as before", "ratio")
    for name, codes in cases().items():
        if not only or name in only:
            table.add_row(name, *row(codes, repeats))
    Console().print(time.strftime("%Y-%m-%d"), table)
    if not only:
        models(repeats)


if __name__ == "__main__":
    typer.run(main)
