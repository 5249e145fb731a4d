"""Studies as their folders tell them, made by a formula: what they should say is known."""

from pathlib import Path

import numpy as np
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.studies.results import StoredStudy, Summary
from automl_on_ray.tracking import RecordedStudy, RecordedTrial

PLANE = SearchSpace("plane", training={name: tune.uniform(0, 1) for name in ("x", "y", "z")})
SHARES = {"x": 0.41, "y": 0.59, "z": 0.0}  # of the score's variance over the plane
REDUCTION = 3


def halved(seed, *, trials=45, epochs=9, noise=0.05):
    """A study under successive halving: most trials have values of early epochs only."""
    generator = np.random.default_rng(seed)
    configs = [PLANE.sample(generator) for _ in range(trials)]
    curves = [_curve(config, epochs, noise, generator) for config in configs]
    alive, ends, rung = list(range(trials)), [epochs] * trials, 1
    while rung * REDUCTION <= epochs:
        alive.sort(key=lambda i: -curves[i][rung - 1][1]["score"])
        for i in alive[len(alive) // REDUCTION :]:
            ends[i] = rung
        alive, rung = alive[: len(alive) // REDUCTION], rung * REDUCTION
    return [
        recorded(f"t_{i:05d}", configs[i], curves[i][: ends[i]], whole=ends[i] == epochs, began=i)
        for i in range(trials)
    ]


def _curve(config, epochs, noise, generator):
    """It grows, as scores do: to compare those of unlike epochs is to compare epochs."""
    weights = {name: np.sqrt(12 * share) for name, share in SHARES.items()}
    base = sum(weights[name] * config[name] for name in weights)
    return [
        (epoch, {"score": float(base + 0.5 * epoch + noise * generator.normal())})
        for epoch in range(1, epochs + 1)
    ]


def recorded(name, config, curve, *, whole=True, began=0, **more):
    last = {key: value for _, told in curve for key, value in told.items()}
    more = {"outcome": "completed" if whole else "pruned", **more}
    return RecordedTrial(
        name, config, last, iterations=curve[-1][0] if curve else 0, curve=tuple(curve),
        began=60.0 * began, last=60.0 * began + 60, **more,
    )  # fmt: skip


def stored(trials, *, objectives=(("score", "max"),), name="s", summary=None, lineage=(), **facts):
    facts = {
        "objectives": [{"metric": metric, "mode": mode} for metric, mode in objectives],
        "dataset": "none", "space": "plane", "searcher": "random", "scheduler": "asha", "seed": 0,
        "command": f"python workflows/hpo.py --name {name} --trials {len(trials)}", "max_t": 9,
        "domains": PLANE.as_data(), "dataset_context": {}, **facts,
    }  # fmt: skip
    known = RecordedStudy(facts, "completed", tuple(trials), tuple(lineage))
    asked = {"trials": len(trials)}
    return StoredStudy(Path("runs") / name, name, "finished", asked, known, summary or Summary())
