"""Configs there and back through parts of ranges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_on_ray.searchers._domains import varying
from automl_on_ray.searchers._unit_encoding import UnitEncoding
from tests.schedulers.growing import SPACE


@given(st.integers(0, 2**32 - 1))
def test_a_config_comes_back_from_its_codes_which_are_within_their_bounds(seed):
    encoding = UnitEncoding(SPACE)
    config = varying(SPACE, SPACE.sample(np.random.default_rng(seed)))
    codes = encoding.encode(config)
    for keywords in encoding.parameters():
        if keywords["parameter_type"] == "float":
            assert keywords["bounds"] == (0.0, 1.0)
            assert 0 <= codes[keywords["name"]] <= 1
    back = encoding.decode(codes)
    assert back.keys() == config.keys()
    for key, value in config.items():
        assert back[key] == (pytest.approx(value) if isinstance(value, float) else value)
