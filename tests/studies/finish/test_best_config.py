"""best_config.json: the whole config, as another study takes it."""

import json

import numpy as np
from hypothesis import given, strategies as st

from automl_on_ray.studies.finish.best_config import written
from automl_on_ray.studies.inputs import find_space, read_points
from tests.helpers.odd_values import SPACE as NESTED

CONDITIONAL = find_space("mnist-cnn")


@given(seed=st.integers(0, 2**32), space=st.sampled_from([NESTED, CONDITIONAL]))
def test_any_member_is_read_back_as_it_was(seed, space, tmp_path_factory):
    """Nested parts, values that JSON does not have, and parameters that depend on others.

    That it is the best one's, and in MLflow too: test_ending.py.
    """
    config = space.sample(np.random.default_rng(seed))
    file = tmp_path_factory.getbasetemp() / "best_config.json"
    file.write_text(json.dumps([written(config, space)]))
    (point,) = read_points(file, space)
    assert point == space.active(space.plain(config))
