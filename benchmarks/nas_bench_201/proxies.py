"""Zero-cost proxies on NAS-Bench-201's table: how they rank cells, and what a prior is worth.

    python -m benchmarks.nas_bench_201.proxies --table nasbench201.parquet

The first table has Spearman's rank correlation with the test accuracy after 200 epochs on CIFAR-10,
over cells drawn at random, with a bootstrap interval of 95 %; and the CPU time of a score. Networks
have one cell a stage, unless `--cells-a-stage` says otherwise, and see 16 images of noise.

The second has searches for the validation accuracy after 12 epochs, without and with a prior: the
test accuracy of the cell that is best by validation after so many cells. Nothing was tuned on seeds
below 10,000.
"""

import functools
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow.parquet as pq
import torch
import typer
from scipy.stats import spearmanr

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.search_spaces.nas_bench_201 import architecture_text, build, parse_architecture
from automl_on_ray.search_spaces.proxies import NAMES, noise, score
from automl_on_ray.searchers import SearcherSettings, create_searcher
from benchmarks.nas_bench_201.objectives import CELLS

SHAPE, CLASSES = (3, 32, 32), 10
BUDGETS = (20, 100)
SEARCHERS = ("random", "evolution")
RESAMPLED = 2000


def scored(name: str, text: str, cells_a_stage: int) -> float:
    """Of an architecture's network, initialised by seed 0."""
    torch.manual_seed(0)
    network = build({**parse_architecture(text), "cells_a_stage": cells_a_stage}, SHAPE, CLASSES)
    return score(name, network, noise(SHAPE, CLASSES))


def correlation(scores: list[float], accuracies: list[float]) -> tuple[float, float, float]:
    """Spearman's, and the ends of its interval."""
    pairs, generator = np.array([scores, accuracies]), np.random.default_rng(0)
    count = len(scores)
    drawn = [pairs[:, generator.integers(count, size=count)] for _ in range(RESAMPLED)]
    low, high = np.quantile([spearmanr(*sample).statistic for sample in drawn], [0.025, 0.975])
    return float(spearmanr(*pairs).statistic), float(low), float(high)


def search(
    searcher: str, valid: dict[str, float], prior: Callable[[Config], float] | None, seed: int
) -> list[str]:
    """The cells tried, as their texts."""
    settings = SearcherSettings(
        CELLS, (Objective("accuracy"),), seed=seed, samples=max(BUDGETS), prior=prior
    )
    own, tried = create_searcher(searcher, settings), []
    for index in range(max(BUDGETS)):
        tried.append(architecture_text(own.suggest(f"t{index}") or {}))
        result = {"accuracy": valid[tried[-1]], "training_iteration": 1}
        own.on_trial_complete(f"t{index}", result)
    return tried


def main(
    table: Annotated[Path, typer.Option(help="Parquet file of the benchmark.")],
    cells: Annotated[int, typer.Option(help="Drawn for the rank correlations.")] = 100,
    cells_a_stage: Annotated[int, typer.Option(help="Of the networks judged.")] = 1,
    seeds: Annotated[int, typer.Option(help="Searches of each kind.")] = 20,
    prior: Annotated[str, typer.Option(help="Of the searches.")] = "live_parameters",
) -> None:
    torch.set_num_threads(1)
    names = ["architecture", "cifar10_valid_accuracy_12", "cifar10_test_accuracy_200"]
    texts, valids, tests = pq.read_table(table, columns=names).to_pydict().values()
    valid, test = dict(zip(texts, valids, strict=True)), dict(zip(texts, tests, strict=True))
    drawn = [texts[i] for i in np.random.default_rng(0).choice(len(texts), cells, replace=False)]
    print(f"{'':<18}{'Spearman':>9}{'95 %':>18}{'ms':>8}")
    for name in NAMES:
        began = time.process_time()
        found = [scored(name, text, cells_a_stage) for text in drawn]
        milliseconds = 1000 * (time.process_time() - began) / cells
        finite = min(filter(math.isfinite, found)) - 1  # dead ones rank last
        ranked = [max(value, finite) for value in found]
        middle, low, high = correlation(ranked, [test[text] for text in drawn])
        print(f"{name:<18}{middle:9.2f}{f'{low:.2f} to {high:.2f}':>18}{milliseconds:8.0f}")

    @functools.cache
    def judged(text: str) -> float:
        return scored(prior, text, cells_a_stage)

    heads = "".join(f"{f'{budget} cells':>18}" for budget in BUDGETS)
    print(f"\n{f'prior: {prior}':<28}{heads}{'seeds':>7}")
    for searcher in SEARCHERS:
        for name, heeded in (
            ("", None),
            (" with it", lambda cell: judged(architecture_text(cell))),
        ):
            runs = [search(searcher, valid, heeded, seed) for seed in range(seeds)]
            columns = ""
            for budget in BUDGETS:
                found = [test[max(tried[:budget], key=valid.__getitem__)] for tried in runs]
                half = 1.96 * statistics.stdev(found) / math.sqrt(seeds)
                columns += f"{f'{statistics.fmean(found):.3f} ± {half:.3f}':>18}"
            print(f"{searcher + name:<28}{columns}{seeds:>7}", flush=True)


if __name__ == "__main__":
    typer.run(main)
