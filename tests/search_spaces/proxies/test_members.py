"""Functions of a config that searchers are given: proxies and limits of its network."""

import math
import pickle
from dataclasses import replace

import pytest
import torch

from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.search_spaces.proxies import Limit, Networks, Proxy, Within

NETWORKS = Networks(SPACE, (1, 8, 8), 10, seed=3)
SMALL = {"depth": 2, "width": 8, "kernel_size": 3, "activation": "relu", "normalisation": "batch"}
COUNTED = 72 + 16 + 1152 + 32 + 170  # 3x3x1x8 + norm, 3x3x8x16 + norm, the head


def test_a_proxy_says_the_same_of_a_config_whatever_was_drawn_before_and_when_it_was_pickled():
    proxy = Proxy("naswot", NETWORKS)
    before, random = proxy(SMALL), torch.get_rng_state()
    torch.manual_seed(1)
    assert pickle.loads(pickle.dumps(proxy))(SMALL) == before
    assert math.isfinite(before)
    assert proxy({**SMALL, "width": 16}) != before
    torch.set_rng_state(random)
    proxy(SMALL)
    assert torch.equal(torch.get_rng_state(), random)


def test_a_proxy_judges_the_config_with_the_spaces_constants():
    fixed = replace(SPACE, architecture={**SPACE.architecture, "width": 16})
    proxy = Proxy("parameters", replace(NETWORKS, space=fixed))
    rest = {key: value for key, value in SMALL.items() if key != "width"}
    assert proxy(rest) == Proxy("parameters", NETWORKS)({**SMALL, "width": 16})


@pytest.mark.parametrize(
    ("limit", "met"),
    [
        (Limit("parameters", True, COUNTED), True),
        (Limit("parameters", True, COUNTED - 1), False),
        (Limit("parameters", False, COUNTED + 1), False),
        (Limit("flops", True, 2 * (64 * 72 + 16 * 1152 + 160)), True),
        (Limit("flops", True, 1000), False),
        (Limit("latency", True, 0.0), True),  # of which nothing is known yet
    ],
)
def test_a_network_is_within_its_limits(limit, met):
    assert Within((limit,), NETWORKS)(SMALL) == met
