"""What cannot be learned from is refused in one line; what was done to the rest is told."""

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes.checks import parted
from automl_on_ray.trainables.series_classes.ts_files import Labelled
from tests.trainables.series_classes.made_series import waves


def labelled(change=None, **asked):
    series, labels = waves(**asked)
    if change is not None:
        change(series, labels)
    return Labelled(tuple(series), tuple(labels))


def at(place, value):
    def change(series, labels):
        series[place] = np.asarray(value, float)

    return change


def test_without_a_test_part_a_fifth_of_each_class_is_drawn_by_the_seed():
    one, other = parted(labelled(), None, seed=3), parted(labelled(), None, seed=3)
    assert np.bincount(one.test_labels).tolist() == [4, 4]
    assert np.bincount(one.labels).tolist() == [16, 16]
    np.testing.assert_array_equal(one.test_values, other.test_values)
    assert "drawn by seed 3" in one.split


def test_a_given_test_part_stays_as_it_is():
    parts = parted(labelled(), labelled(seed=1, count=10), seed=3)
    assert (len(parts.labels), len(parts.test_labels)) == (40, 10)
    assert parts.split == "the test part is as it was given"


def test_gaps_lengths_missing_labels_and_copies_are_told():
    def change(series, labels):
        series[0][0, 3:5] = np.nan
        labels[1] = ""

    parts = parted(labelled(change, unequal=True), labelled(unequal=True, count=4))
    told = " ".join(parts.remarks)
    assert "1 training series without a label are left out" in told
    assert "1 training series have missing values" in told
    assert "Series have" in told
    assert "test series are training series too" in told


def test_a_gap_is_filled_on_the_line_between_its_neighbours():
    parts = parted(labelled(at(0, [[np.nan, 1, np.nan, 3]]), length=4), labelled(length=4))
    assert parts.values[0].tolist() == [[1, 1, 2, 3]]


def test_what_is_missing_at_the_end_is_after_the_end_of_the_series():
    parts = parted(labelled(at(0, [[1, np.nan, 3, np.nan]]), length=4), labelled(length=4))
    assert parts.values[0, 0, :3].tolist() == [1, 2, 3]
    assert np.isnan(parts.values[0, 0, 3])
    assert any(remark.startswith("Series have 3 to 4 points") for remark in parts.remarks)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (at(2, [[1, np.inf]]), "Number 3 of the series holds an infinite number"),
        (at(2, [[1, 1e39]]), "Number 3 of the series holds an infinite number, or one beyond"),
        (at(2, [[np.nan, np.nan]]), "Number 3 of the series has no values"),
        (at(2, np.ones((2, 60))), "as many channels"),
        (lambda series, labels: labels.__setitem__(slice(None), ["a"] * 40), "nothing to tell"),
        (lambda s, labels: labels.__setitem__(slice(None), map(str, range(40))), "are no classes"),
        (lambda s, labels: labels.__setitem__(slice(None), [""] * 40), "None of the series has"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(change, said):
    with pytest.raises(UserError, match=said):
        parted(labelled(change), None)


def test_a_test_part_of_other_classes_or_channels_is_refused():
    with pytest.raises(UserError, match="no training series has: c"):
        parted(labelled(), labelled(classes=3))
    with pytest.raises(UserError, match="The test part has 2 channels, the training part 1"):
        parted(labelled(), labelled(channels=2))


def test_a_subset_keeps_the_mix_of_classes_and_the_test_part():
    parts = parted(labelled(), None, subset=10)
    assert np.bincount(parts.labels).tolist() == [5, 5]
    assert len(parts.test_labels) == 8
    with pytest.raises(UserError, match="there are 32"):
        parted(labelled(), None, subset=50)


def test_classes_that_are_numbers_come_in_their_order():
    def change(series, labels):
        labels[:] = [{"a": "10", "b": "2"}[one] for one in labels]

    assert parted(labelled(change), None).classes == ("2", "10")
