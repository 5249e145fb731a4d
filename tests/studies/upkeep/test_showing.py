"""Sizes and ages in words."""

import pytest

from automl_on_ray.studies.upkeep.overview import ago
from automl_on_ray.studies.upkeep.sizes import in_bytes


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2_340_000, "2.3 MB"), (7.1e9, "7.1 GB"),
     (4e12, "4.0 TB")],
)  # fmt: skip
def test_bytes_are_told_in_thousands(count, told):
    assert in_bytes(count) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1, "0 seconds"), (90, "90 seconds"), (600, "10 minutes"), (7300, "2 hours"),
     (300_000, "3 days")],
)  # fmt: skip
def test_an_age_is_told_roughly(seconds, told):
    assert ago(seconds) == told
