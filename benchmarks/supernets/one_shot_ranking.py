"""Do inherited weights rank cells as training by itself does, and how many do they judge a minute?

    python -m benchmarks.supernets.one_shot_ranking --seeds 0,1,2 --out ranking.jsonl
    python -m benchmarks.supernets.one_shot_ranking --out ranking.jsonl --table

For each seed a supernet is trained by drawn cells (SPOS, Guo et al. 2020, arXiv:1904.00420). Then
cells drawn at random, all other ones, are judged with its weights, and trained by themselves.
Kendall's tau is that of the two rankings, for accuracy and for loss; parameters alone are the
control. The interval is over seeds (Student's t).
"""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from scipy.stats import kendalltau

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.darts import space as cell_space
from automl_on_ray.studies.results import half_width
from automl_on_ray.trainables import TorchTrainable
from automl_on_ray.trainables.image_classifier import ImageClassifier
from automl_on_ray.trainables.one_shot import SPACE, InheritedCell, SharedWeights

Row = dict[str, Any]


def bound(kind: type[TorchTrainable], config: Config, **settings: Any) -> Any:
    """A trial outside Tune, whose `setup` gets `settings` as tune.with_parameters binds them."""

    def setup(self: Any, config: Config) -> None:
        kind.setup(self, config, **settings)

    return type(kind.__name__, (kind,), {"setup": setup})(config=config)


def ranking(seed: int, asked: Row, folder: Path) -> Row:
    """Of one supernet: taus with their p-values, its accuracy, cells a minute."""
    data = {"dataset": asked["dataset"], "data_dir": asked["data_dir"], "seed": seed}
    stem = {"stem_stride": asked["stem_stride"]}
    supernet = bound(
        SharedWeights, {**SPACE.constants, "seed": seed}, epochs=asked["epochs"],
        subset=asked["images"], channels=8, layers=asked["layers"], **stem, **data,
    )  # fmt: skip
    began = time.perf_counter()
    drawn = [supernet.step()["val_accuracy"] for _ in range(asked["epochs"])]
    trained = time.perf_counter() - began
    supernet.save_checkpoint(str(folder))
    space = cell_space(learning_rate=0.05, weight_decay=3e-4, layers=5, **stem)
    generator = np.random.default_rng(seed)
    cells = [space.sample(generator) for _ in range(asked["cells"])]
    judge = bound(
        InheritedCell, cells[0], space=space, supernet=str(folder), subset=asked["images"], **data
    )
    began, cpu, inherited = time.perf_counter(), time.process_time(), []
    for cell in cells:
        judge.reset_config(cell)
        inherited.append(judge.step())
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    alone = []
    for cell in cells:
        trial = bound(
            ImageClassifier, cell, space=space, epochs=asked["cell_epochs"],
            subset=asked["cell_images"], **data,
        )  # fmt: skip
        alone.append([trial.step() for _ in range(asked["cell_epochs"])][-1])
    own = [result["val_accuracy"] for result in alone]
    by = {
        "accuracy": [result["val_accuracy"] for result in inherited],
        "loss": [-result["val_loss"] for result in inherited],
        "parameters": [result["parameters"] for result in inherited],
    }
    taus = {key: kendalltau(values, own) for key, values in by.items()}
    return {
        "seed": seed, **asked, "supernet_accuracy": drawn[-1], "supernet_seconds": trained,
        "cells_a_minute": 60 * len(cells) / wall, "cells_a_cpu_minute": 60 * len(cells) / cpu,
        "own": own, "by": by,
        "tau": {key: tau.statistic for key, tau in taus.items()},
        "p": {key: tau.pvalue for key, tau in taus.items()},
    }  # fmt: skip


def table(rows: list[Row]) -> str:
    lines = [f"{'score':<12}{'mean tau':>20}   by seed (p)"]
    for key in rows[0]["tau"]:
        taus = [row["tau"][key] for row in rows]
        each = ", ".join(f"{row['tau'][key]:+.2f} ({row['p'][key]:.2g})" for row in rows)
        lines.append(f"{key:<12}{np.mean(taus):>+10.2f} ± {half_width(taus):.2f}   {each}")
    speed = [row["cells_a_cpu_minute"] for row in rows]
    lines.append(
        f"{np.mean(speed):.0f} cells a CPU minute; cells of each seed: {len(rows[0]['own'])}"
    )
    return "\n".join(lines)


def main(
    out: Annotated[Path, typer.Option(help="A file of JSON lines.")],
    seeds: str = "0,1,2",
    dataset: str = "mnist",
    data_dir: str | None = None,
    images: int = 1800,
    epochs: int = 16,
    layers: int = 3,
    stem_stride: int = 2,
    cells: int = 12,
    cell_images: int = 2400,
    cell_epochs: int = 3,
    only_table: Annotated[bool, typer.Option("--table")] = False,
) -> None:
    """Append a line a seed to `out`; seeds that it has are left out."""
    torch.set_num_threads(1)
    asked: Row = {
        "dataset": dataset, "images": images, "epochs": epochs, "layers": layers,
        "stem_stride": stem_stride, "cells": cells, "cell_images": cell_images,
        "cell_epochs": cell_epochs, "data_dir": data_dir,
    }  # fmt: skip
    rows = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {row["seed"] for row in rows}
    for seed in [
        int(part) for part in seeds.split(",") if int(part) not in done and not only_table
    ]:
        folder = out.with_suffix(f".{seed}")
        folder.mkdir(exist_ok=True)
        rows.append(ranking(seed, asked, folder))
        with out.open("a") as file:
            file.write(json.dumps(rows[-1]) + "\n")
    print(table(rows))


if __name__ == "__main__":
    typer.run(main)
