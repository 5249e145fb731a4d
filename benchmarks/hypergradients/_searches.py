"""Searches for constants by trainings, one at a time, for as long as they may take."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from automl_on_ray.search_spaces import Config, SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import SearcherSettings, TrialOutcome, varying
from automl_on_ray.searchers.ax import AxModel

Outcome = dict[str, Any]  # `held`, the loss to choose by; the `seconds` it took; and what else is


def by_ax(
    space: SearchSpace, seed: int, train: Callable[[Config], Outcome], seconds: float
) -> list[Outcome]:
    """What the trainings gave that our Bayesian searcher's model proposed; seconds are theirs."""
    model = AxModel(SearcherSettings(space, (Objective("held", "min"),), seed=seed))
    found: list[Outcome] = []
    while not found or sum(one["seconds"] for one in found) < seconds:
        config = model.suggest()
        found.append(train(config))
        held = found[-1]["held"]
        outcome = TrialOutcome("completed", {1: {"held": held}})
        model.tell(config, outcome if math.isfinite(held) else TrialOutcome("failed"))
    return found


def at_random(
    space: SearchSpace, seed: int, train: Callable[[Config], Outcome], seconds: float
) -> list[Outcome]:
    generator = np.random.default_rng(seed)
    found: list[Outcome] = []
    while not found or sum(one["seconds"] for one in found) < seconds:
        found.append(train(varying(space, space.sample(generator))))
    return found


def best(found: list[Outcome]) -> Outcome:
    """By the loss to choose by, with the number of trainings and the seconds of all of them."""
    finite = [one for one in found if math.isfinite(one["held"])]
    chosen = min(finite or found, key=lambda one: one["held"])
    total = sum(one["seconds"] for one in found)
    return {**chosen, "tried": len(found), "seconds": total}
