"""What the comparison of proxies measures: rank correlation, and searches with a prior."""

import math

import pytest

from benchmarks.nas_bench_201 import proxies

DEAD = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
LIVE = DEAD.replace("+|none~0|none~1|none~2|", "+|nor_conv_3x3~0|none~1|none~2|")


class Convolutions(dict):
    """By a cell's text: how many it has."""

    def __missing__(self, text):
        return float(text.count("conv"))


def test_equal_ranks_correlate_wholly_and_so_does_every_sample():
    values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert proxies.correlation(values, [math.log(v) for v in values]) == pytest.approx((1, 1, 1))
    assert proxies.correlation(values, values[::-1])[0] == pytest.approx(-1)


def test_a_network_is_scored_by_its_cell_and_alike_each_time():
    assert proxies.scored("naswot", DEAD, 1) == -math.inf
    assert proxies.scored("naswot", LIVE, 1) == proxies.scored("naswot", LIVE, 1) > 0


@pytest.mark.parametrize("searcher", proxies.SEARCHERS)
def test_a_search_with_a_prior_that_is_right_finds_good_cells_at_once(searcher):
    found = {
        name: proxies.search(searcher, Convolutions(), prior, seed=10_000)
        for name, prior in (("usual", None), ("guided", lambda cell: str(cell).count("conv")))
    }
    means = {name: sum(t.count("conv") for t in tried[:20]) for name, tried in found.items()}
    assert means["guided"] > means["usual"] + 10
    assert all(len(set(tried)) == len(tried) == 100 for tried in found.values())
