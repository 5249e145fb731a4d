"""Popularity, neighbours and EASE on MovieLens-100K: does the harness give what is known of them?

    python -m benchmarks.recommendation.baselines                # both splits; about 2 CPU minutes
    python -m benchmarks.recommendation.baselines --seeds 10

Each method's hyperparameters are those of a grid that are best on fold 0 by NDCG@10. It is then
fitted with all before the test part, and tested once. Users and items have 5 events at least, any
rating is a click, and all items are ranked. A seed draws the order of events of one time.
"""

import argparse
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from automl_on_ray.trainables.recommendation import (
    Events,
    FitSettings,
    fit,
    load_events,
    scores,
    top,
)

GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "popularity": {},
    "recent_popularity": {"share": (0.02, 0.05, 0.1, 0.2)},
    "item_knn": {"neighbours": (20, 50, 100, 200), "shrink": (0, 10, 100)},
    "ease": {"l2": (30.0, 100.0, 200.0, 500.0, 1000.0)},
}
METRICS = ("ndcg", "recall")
# NDCG@10 and Recall@20 that another program, written before this one, has measured.
KNOWN = {
    "time": {
        "popularity": (0.150, 0.203),
        "recent_popularity": (0.223, 0.270),
        "item_knn": (0.203, 0.206),
        "ease": (0.208, 0.241),
    },
    "leave-last-out": {
        "popularity": (0.041, 0.115),
        "recent_popularity": (0.038, 0.117),
        "item_knn": (0.062, 0.195),
        "ease": (0.072, 0.222),
    },
}


def main(seeds: int = 5) -> None:
    print("| split | method | NDCG@10 | known | Recall@20 | known |")
    print("|---|---|---|---|---|---|")
    for split, known in KNOWN.items():
        drawn = [
            load_events({"dataset": "movielens-100k", "split": split, "seed": seed})
            for seed in range(seeds)
        ]
        for model in GRIDS:
            found = np.array([_tested(model, events) for events in drawn])
            cells = [
                f"{mean:.3f} ± {spread:.3f} | {other:.3f}"
                for mean, spread, other in zip(
                    found.mean(axis=0), found.std(axis=0, ddof=1), known[model], strict=True
                )
            ]
            print(f"| {split} | {model} | {' | '.join(cells)} |", flush=True)


def _tested(model: str, events: Events) -> tuple[float, float]:
    """NDCG and recall on the test part, of the best of the grid on fold 0."""
    best = max(_grid(model), key=lambda config: _scored(config, events, 0)["ndcg"])
    found = _scored(best, events, None)
    return found["ndcg"], found["recall"]


def _grid(model: str) -> Iterator[dict[str, Any]]:
    for values in product(*GRIDS[model].values()):
        named = {f"{model}_{key}": v for key, v in zip(GRIDS[model], values, strict=True)}
        yield {"model": model, **named}


def _scored(config: dict[str, Any], events: Events, fold: int | None) -> dict[str, float]:
    seen = events.seen(fold)
    users, held = events.held(fold)
    fitted = fit(config, seen, FitSettings())
    return scores(top(fitted.scores(users, seen), seen.matrix()[users]), held)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    main(parser.parse_args().seeds)
