"""What early values are moved by before Ax sees them."""

import pandas as pd
import pytest
from ax.adapter.data_utils import ExperimentData
from hypothesis import given, strategies as st

from automl_on_ray.searchers.ax.step_effect import RECENT, StepEffect, StepGains, gains_to_last

FINITE = st.floats(-100, 100)


def gains(curves):
    rows = {(t, f"{t}_0", step): v for t, curve in curves.items() for step, v in curve.items()}
    index = pd.MultiIndex.from_tuples(rows, names=["trial_index", "arm_name", "step"])
    return gains_to_last(pd.Series(list(rows.values()), index=index))


@given(levels=st.lists(FINITE, min_size=2, max_size=6), rise=FINITE, more=FINITE)
def test_curves_of_one_shape_end_where_they_would_have(levels, rise, more):
    curves = {t: {1: level, 3: level + rise, 9: level + more} for t, level in enumerate(levels)}
    for t in range(1, len(levels)):  # all but the first were stopped, at one step or the other
        curves[t] = {s: v for s, v in curves[t].items() if s <= (1 if t % 2 else 3)}
    found = gains(curves)
    for t, level in enumerate(levels):
        last = max(curves[t])
        assert curves[t][last] + found[last] == pytest.approx(level + more, abs=1e-6)


def test_trials_that_were_stopped_do_not_bias_the_gain():
    assert gains({0: {1: 0.9, 9: 1.0}, 1: {1: 0.1}, 2: {1: 0.2}})[1] == pytest.approx(0.1)


def test_a_step_that_no_other_trial_has_lies_between_its_neighbours():
    found = gains({0: {1: 0.0, 9: 1.0}, 1: {4: 0.3}})
    assert 0 < found[4] < found[1] == 1.0
    assert found[9] == 0.0


def test_a_gain_is_counted_up_to_the_next_step_that_trials_share():
    assert gains({0: {1: 0.0, 3: 3.0}, 1: {1: 0.0, 3: 1.0, 9: 5.0}}) == {1: 6.0, 3: 4.0, 9: 0.0}


def test_without_trials_of_several_steps_nothing_is_moved():
    assert gains({0: {9: 1.0}, 1: {3: 0.5}}) == {3: 0.0, 9: 0.0}


def observed(curves):
    """As Ax has values of the metric m0 by trial, arm and step."""
    rows = {(t, f"{t}_0", step): v for t, curve in curves.items() for step, v in curve.items()}
    index = pd.MultiIndex.from_tuples(rows, names=["trial_index", "arm_name", "step"])
    values = pd.DataFrame({("mean", "m0"): list(rows.values()), ("sem", "m0"): 0.5}, index=index)
    return ExperimentData(arm_data=pd.DataFrame({"p0": [0.25]}), observation_data=values)


def test_a_models_values_are_moved_by_the_gains_of_their_steps():
    seen = observed({0: {1: 0.0, 4: 1.0, 9: 3.0}, 1: {1: 5.0}})
    effect = StepEffect(experiment_data=seen)
    moved = effect.transform_experiment_data(seen)
    assert list(moved.observation_data["mean", "m0"]) == [3.0, 3.0, 3.0, 8.0]
    assert list(moved.observation_data["sem", "m0"]) == [0.5] * 4
    assert list(moved.arm_data["p0"]) == [0.25]
    later = effect.transform_experiment_data(observed({2: {4: 1.0, 27: 1.0}}))
    assert list(later.observation_data["mean", "m0"]) == [3.0, 1.0]


def test_gains_are_learned_from_trials_as_they_end():
    gains = StepGains()
    assert gains.to_last(1) == 0.0
    gains.add({4: 7.0})
    assert gains.to_last(1) == 0.0, "one value says nothing of gains"
    gains.add({1: 0.0, 2: 1.0, 4: 4.0})
    assert [gains.to_last(step) for step in (1, 2, 4)] == [4.0, 3.0, 0.0]
    assert 3.0 > gains.to_last(3) > 0.0


def test_the_latest_trials_say_what_the_gains_are():
    gains = StepGains()
    for _ in range(RECENT):
        gains.add({1: 0.0, 4: 1.0})
    for _ in range(RECENT):
        gains.add({1: 0.0, 4: 2.0})
    assert gains.to_last(1) == 2.0
