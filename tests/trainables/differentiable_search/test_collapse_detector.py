"""What the doctor finds in a search's history, and what it does not."""

import math

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.differentiable_search import (
    EpochStatistics,
    check_remedy,
    examine,
    window_of,
)


def history(skips, eigenvalues=None):
    eigenvalues = eigenvalues or [math.nan] * len(skips)
    pairs = zip(skips, eigenvalues, strict=True)
    return [EpochStatistics(epoch, s, s, e) for epoch, (s, e) in enumerate(pairs, 1)]


def test_a_healthy_search_is_left_alone():
    assert examine(history([1, 2, 0, 2, 1, 2], [0.3, 0.28, 0.3, 0.31, 0.3, 0.29])) is None
    assert examine([]) is None


def test_skip_connections_that_gather_lead_back_to_the_last_epoch_without():
    finding = examine(history([0, 2, 2, 4]))
    assert finding is not None
    assert finding.healthiest == 3
    assert "4 of the normal cell's 8" in finding.reason


def test_skip_connections_of_chance_are_no_collapse_but_nothing_to_go_back_to():
    drawn = [EpochStatistics(1, 4, 0), EpochStatistics(2, 3, 1), EpochStatistics(3, 5, 2)]
    assert examine(drawn) is None
    finding = examine([*drawn, EpochStatistics(4, 5, 4)])
    assert finding is not None
    assert finding.healthiest == 2


def test_a_rising_eigenvalue_leads_back_to_the_epoch_that_it_rose_from():
    # Zela et al.: means of five around epochs 3 and 8, and back to the former.
    risen = [0.2] * 5 + [0.25, 0.26, 0.27, 0.28, 0.29]
    assert examine(history([0] * 10, risen)) is not None
    assert examine(history([0] * 9, risen[:9])) is None
    finding = examine(history([0] * 10, risen))
    assert finding.healthiest == 3
    assert "eigenvalue" in finding.reason
    assert examine(history([0] * 10, [0.2] * 5 + [0.26] * 5)) is None  # less than a third more


def test_short_searches_compare_shorter_windows():
    assert [window_of(count) for count in (6, 10, 15, 20, 50)] == [3, 3, 3, 4, 5]
    finding = examine(history([0] * 4, [0.2, 0.2, 0.3, 0.3]), window=2)
    assert finding is not None
    assert finding.healthiest == 1


def test_an_eigenvalue_that_is_measured_at_an_interval_counts_at_its_epochs():
    values = [math.nan, 0.2, math.nan, 0.2, math.nan, 0.2, math.nan, 0.9, math.nan, 1.5]
    finding = examine(history([0] * 10, values), window=2)
    assert finding is not None
    assert finding.healthiest == 4


def test_an_eigenvalue_rises_while_the_weights_begin_to_learn():
    rising = history([0] * 6, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert examine(rising, window=2) is not None
    assert examine(rising, window=2, settled=4) is None
    assert examine(rising, window=2, settled=3) is not None


def test_epochs_of_the_warm_up_do_not_count():
    assert examine(history([5, 5, 1]), since=2) is None
    finding = examine(history([5, 5, 5]), since=2)
    assert finding is not None
    assert finding.healthiest == 3  # the first that counts: there is no better


def test_an_unknown_remedy_is_answered_with_the_list():
    with pytest.raises(UserError, match=r"Did you mean 'stop'\? There are: warn, stop"):
        check_remedy("stopp")
