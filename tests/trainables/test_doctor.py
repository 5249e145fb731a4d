"""What the doctor finds in a search's history, and what it does not."""

import math

import pytest

from search_spaces._errors import UserError
from trainables._doctor import Vitals, check_remedy, examine


def history(skips, eigenvalues=None):
    eigenvalues = eigenvalues or [math.nan] * len(skips)
    pairs = zip(skips, eigenvalues, strict=True)
    return [Vitals(epoch, s, e) for epoch, (s, e) in enumerate(pairs, 1)]


def test_a_healthy_search_is_left_alone():
    assert examine(history([1, 2, 0, 2, 1, 2], [0.3, 0.28, 0.3, 0.31, 0.3, 0.29])) is None
    assert examine([]) is None


def test_skip_connections_that_gather_lead_back_to_the_last_epoch_without():
    finding = examine(history([0, 2, 2, 4]))
    assert finding is not None
    assert finding.healthiest == 3
    assert "4 of the normal cell's 8" in finding.reason


def test_a_rising_eigenvalue_leads_back_to_before_its_rise():
    finding = examine(history([0] * 6, [0.2, 0.2, 0.2, 0.2, 0.4, 0.6]))
    assert finding is not None
    assert finding.healthiest == 4
    assert "eigenvalue" in finding.reason


def test_an_eigenvalue_that_is_measured_at_an_interval_counts_at_its_epochs():
    values = [math.nan, 0.2, math.nan, 0.2, math.nan, 0.2, math.nan, 0.9, math.nan, 1.5]
    finding = examine(history([0] * 10, values))
    assert finding is not None
    assert finding.healthiest == 6


def test_epochs_of_the_warm_up_do_not_count():
    assert examine(history([5, 5, 1]), since=2) is None
    finding = examine(history([5, 5, 5]), since=2)
    assert finding is not None
    assert finding.healthiest == 3  # the first that counts: there is no better


def test_an_unknown_remedy_is_answered_with_the_list():
    with pytest.raises(UserError, match=r"Did you mean 'stop'\? There are: warn, stop"):
        check_remedy("stopp")
