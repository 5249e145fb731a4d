"""The space of forecasters: every member has what its model needs, and nothing of another."""

import numpy as np
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.forecast import CLASSICAL, LEARNING, NETWORKS, SPACE

SHARED = {"window", "scaling", "deseasonalise"}


def test_it_can_be_searched_and_its_start_is_a_member():
    SPACE.validate()
    SPACE.check(SPACE.start)


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_a_member_has_what_its_model_needs_alone(seed):
    member = SPACE.sample(np.random.default_rng(seed))
    SPACE.check(member)
    model = member.pop("model")
    prefixes = {key.partition("_")[0] for key in member if key not in SHARED}
    expected = {"network", model} if model in NETWORKS else {model} & set(LEARNING)
    assert prefixes == expected
    assert (set(member) >= SHARED) == (model not in CLASSICAL)


def test_nothing_of_a_forecaster_may_change_in_a_live_trial():
    assert SPACE.mutable == {}
