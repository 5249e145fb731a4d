"""ASHA with its rungs in order decides as Ray's own does."""

import math

import cloudpickle
import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler

from automl_on_ray.schedulers.tune_internals.sorted_rungs import SortedRung, sort_rungs

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@example([0.1, 0.7], 0.5)  # high - gap * share and low + gap * share are rounded otherwise
@given(st.lists(FINITE, min_size=1), st.sampled_from([0.5, 2 / 3, 0.75]))
def test_a_rungs_quantile_is_numpys(values, part):
    rung = SortedRung()
    for trial, value in enumerate(values):
        rung[str(trial)] = 0.0
        rung[str(trial)] = value
    expected = np.nanpercentile(values, 100 * part)
    assert rung.quantile(100 * part / 100) == expected
    assert cloudpickle.loads(cloudpickle.dumps(rung)).quantile(100 * part / 100) == expected


def asha(mode):
    return ASHAScheduler(metric="score", mode=mode, max_t=27, grace_period=1, reduction_factor=3)


def test_new_rungs_are_in_order_and_those_of_former_versions_as_rays():
    (bracket,), (rays,) = sort_rungs(asha("max"))._brackets, asha("max")._brackets
    assert {type(rung) for _, rung in bracket._rungs} == {SortedRung}
    values = {"a": 1.0, "b": 3.0, "c": 4.0}
    assert bracket.cutoff(values) == rays.cutoff(values) == bracket.cutoff(SortedRung(values))
    values["d"] = math.nan  # which only Ray's passes over
    assert bracket.cutoff(values) == rays.cutoff(values) != bracket.cutoff(SortedRung(values))
    assert bracket.cutoff(SortedRung()) is None


@pytest.mark.parametrize("mode", ["min", "max"])
def test_every_decision_is_rays_with_a_save_between(mode):
    ours, rays, draw = sort_rungs(asha(mode)), asha(mode), np.random.default_rng(0)
    trials = [Trial("stub", stub=True, trial_id=f"t{number}") for number in range(60)]
    for scheduler in (ours, rays):
        for trial in trials:
            scheduler.on_trial_add(None, trial)
    decisions, alive = [], dict.fromkeys(range(60), 0)
    while alive:
        number = int(draw.choice(list(alive)))
        alive[number] += 1
        result = {"training_iteration": alive[number], "score": float(draw.integers(20))}
        decision = ours.on_trial_result(None, trials[number], dict(result))
        assert decision == rays.on_trial_result(None, trials[number], dict(result))
        decisions.append(decision)
        if decision == "STOP":
            del alive[number]
        if len(decisions) == 100:
            ours = cloudpickle.loads(cloudpickle.dumps(ours))
    assert {"STOP", "CONTINUE"} == set(decisions)
