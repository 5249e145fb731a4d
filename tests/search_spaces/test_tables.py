"""The spaces of pipelines: every member can be built, and has what its model needs alone."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces import tables, tables_all

SPACES = {"tables": tables.SPACE, "tables-all": tables_all.SPACE}
every_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
PREFIXES = {"linear": "linear", "neighbours": "neighbours", "network": "network",
            "extra_trees": "forest"}  # fmt: skip


@every_space
def test_a_space_can_be_searched_and_its_start_is_a_member(space):
    space.validate()
    space.check(space.start)


@every_space
@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_a_member_has_hyperparameters_of_its_own_model_alone(space, seed):
    member = space.sample(np.random.default_rng(seed))
    space.check(member)
    own = PREFIXES.get(member["model"], "boosted")
    others = {*PREFIXES.values(), "boosted"} - {own}
    assert any(key.startswith(f"{own}_") for key in member)
    assert not [key for key in member if key.partition("_")[0] in others]
    assert ("selected_share" in member) == (member["selection"] != "none")
    assert sum(key.endswith("encoding") for key in member) == 1


def test_libraries_that_are_an_extra_are_in_the_larger_space_alone():
    models = {name: set(space.domains["model"].categories) for name, space in SPACES.items()}
    assert models["tables-all"] - models["tables"] == {"catboost", "xgboost"}


@every_space
def test_nothing_of_a_pipeline_may_change_in_a_live_trial(space):
    assert space.mutable == {}
