"""Does the search end at least at the best classical method, on the test part of MovieLens-100K?

    python -m benchmarks.recommendation.bar --out bar.jsonl    # goes on where it was
    python -m benchmarks.recommendation.bar --out bar.jsonl --show

For each split and seed it runs `workflows/recommend.py` as a user would. Each classical method has
a grid of its own, of which the best on the latest fold is fitted again to all before the test part;
the study knows nothing of these. What was found is fitted in the same way here, and all are tested
on the same users, with 95 % intervals by bootstrap over them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from automl_on_ray.search_spaces import Config
from automl_on_ray.trainables.recommendation import (
    EventKeywords,
    Events,
    FitSettings,
    fit,
    load_events,
    rank,
    scores,
)
from automl_on_ray.trainables.recommendation.test_report import (
    FOUND,
    RecommendReport,
    look_at_test,
)

ROOT = Path(__file__).parents[2]
DATASET = "movielens-100k"
SPLITS = ("time", "leave-last-out")
GRIDS: dict[str, list[Config]] = {
    "popularity": [{"model": "popularity"}],
    "recent popularity": [
        {"model": "recent_popularity", "recent_popularity_share": share}
        for share in (0.01, 0.03, 0.1, 0.3)
    ],
    "ItemKNN": [
        {"model": "item_knn", "item_knn_neighbours": neighbours, "item_knn_shrink": shrink}
        for neighbours, shrink in product((20, 50, 100, 200), (1.0, 10.0, 100.0))
    ],
    "EASE": [{"model": "ease", "ease_l2": l2} for l2 in (30.0, 100.0, 300.0, 1000.0, 3000.0)],
}


def study_of(split: str, seed: int, minutes: float, storage: Path) -> Config:
    """The config that a study found; it goes on where it was."""
    name = f"bar-{split}-{seed}"
    words = [
        ROOT / "workflows" / "recommend.py", DATASET, "--split", split, "--seed", seed,
        "--minutes", minutes, "--storage", storage, "--name", name,
    ]  # fmt: skip
    subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, check=True, env=os.environ)
    told = json.loads((storage / name / "recommend_report.json").read_text())["report"]
    return dict(RecommendReport.of(told).found.config)


def best_of(grid: list[Config], events: Events) -> Config:
    """By NDCG@10 on the latest fold."""
    seen, (users, held) = events.seen(0), events.held(0)

    def value(config: Config) -> float:
        fitted = fit(config, seen, FitSettings())
        return scores(rank(fitted, seen, users).items, held)["ndcg"]

    return max(grid, key=value)


def judge(split: str, seed: int, found: Config) -> dict[str, Any]:
    events = load_events(EventKeywords(dataset=DATASET, split=split, seed=seed))
    configs = {name: best_of(grid, events) for name, grid in GRIDS.items()} | {FOUND: found}
    fitted = {
        name: fit(config, events.seen(None), FitSettings(seed)) for name, config in configs.items()
    }
    report = look_at_test(events, fitted, configs, seed=seed)
    return {"split": split, "seed": seed, "report": report.as_dict()}


def table(lines: list[dict[str, Any]]) -> Iterator[str]:
    """In Markdown: a row a study, then the means over seeds."""
    names = [*GRIDS, FOUND]
    yield f"| split, seed | {' | '.join(names)} | its model | less the best of the others |"
    yield f"|---{'|---' * (len(names) + 2)}|"
    for line in lines:
        report = RecommendReport.of(line["report"])
        best = max(report.compared[:-1], key=lambda one: one.interval.value)
        lead = best.lead
        assert lead is not None
        told = " | ".join(f"{one.interval.value:.3f}" for one in report.compared)
        yield (
            f"| {line['split']}, {line['seed']} | {told} | {report.found.config['model']} | "
            f"{lead.value:+.3f} [{lead.low:+.3f}, {lead.high:+.3f}] ({best.name}) |"
        )
    for split in SPLITS:
        own = [RecommendReport.of(line["report"]) for line in lines if line["split"] == split]
        if own:
            values = np.array([[one.interval.value for one in report.compared] for report in own])
            means = " | ".join(f"{value:.3f}" for value in values.mean(axis=0))
            ahead = values[:, -1] - values[:, :-1].max(axis=1)
            yield f"| {split}, mean | {means} | | {ahead.mean():+.3f} |"


def main(
    out: Annotated[Path, typer.Option(help="JSON lines; what is there is not run again.")],
    minutes: Annotated[float, typer.Option(help="Of each search.")] = 2.0,
    seeds: Annotated[int, typer.Option(help="How many, from 0 on.")] = 3,
    storage: Annotated[Path, typer.Option(help="Where the studies are kept.")] = Path("runs"),
    show: Annotated[bool, typer.Option("--show", help="Only print what is there.")] = False,
) -> None:
    """Run what is missing, and print the table."""
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(line["split"], line["seed"]) for line in lines}
    for split, seed in product(SPLITS, range(seeds)):
        if show or (split, seed) in done:
            continue
        found = study_of(split, seed, minutes, storage.absolute())
        with threadpool_limits(1):
            lines.append(judge(split, seed, found))
        with out.open("a") as file:
            file.write(json.dumps(lines[-1]) + "\n")
    print("\n".join(table(lines)))


if __name__ == "__main__":
    typer.run(main)
