"""What is kept up to date operation by operation is what all trials, looked at anew, give."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.tracking import Study, TrialRow
from automl_on_ray.tracking.reports import best_first, best_values, describe
from automl_on_ray.tracking.trial_states import PARENT, Trials

ONE, TWO = (Objective("loss", "min"),), (Objective("loss", "min"), Objective("score"))
VALUES = [0.0, 1.0, 2.0, 2.0, 3.0, math.nan, math.inf]


def operation(draw, trials, index):
    """One of those that a tracker writes down."""
    name = draw.choice([f"t{number}" for number in range(25)])
    kind = draw.choice(["result", "result", "result", "begin", "end", "parent", "exploit", "adopt"])
    if kind == "parent":
        return {"run": PARENT, "metrics": {"loss": -1.0}}
    if kind == "result":
        metrics = {metric: draw.choice(VALUES) for metric in draw.choice([["loss"], ["score"], []])}
        return {"run": name, "step": draw.randint(1, 9), "metrics": metrics | {"hp/x": 1.0}}
    if kind == "begin":
        return {"run": name, "config": {"x": draw.random()}, "tags": {"automl.outcome": "running"}}
    if kind == "end":
        outcome = draw.choice(["completed", "pruned", "failed", "stopped"])
        return {"run": name, "ended": True, "tags": {"automl.outcome": outcome}}
    if kind == "exploit":
        config = {"x": draw.random()}
        told = {"offset": 0, "generation": 1, "donor": "t0", "donor_iteration": 1}
        return {"run": name, "exploit": {"config": config, **told}}
    known = [*trials.known]
    return {"run": f"again{index}", "adopts": draw.choice(known)} if known else {"run": name}


@pytest.mark.parametrize("objectives", [ONE, TWO], ids=len)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_description_and_best_values_are_those_of_all_trials_after_each_operation(objectives, seed):
    study = Study("s", objectives, "d", "", "s", "random", "fifo", 0, "command", "id", max_t=9)
    trials = Trials(objectives)
    draw = random.Random(seed)
    for index in range(100):
        trials.apply(operation(draw, trials, index))
        rows = [
            TrialRow(name, t.config, t.metrics, t.outcome, t.step)
            for name, t in trials.known.items()
        ]
        whole = describe(
            study, Counter(row.outcome for row in rows), best_first(rows, objectives), {}
        )
        assert describe(study, trials.counts, trials.best(10), {}) == whole
        assert best_values(trials.best_of_each(), objectives) == best_values(rows, objectives)
