"""Series of a Python program are those of a file with the same content."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes import give_series, load_series
from tests.trainables.series_classes.made_series import waves


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))


def load(data, **asked):
    return load_series({"dataset": give_series(data), "folds": 2, **asked})


@pytest.fixture
def stored(tmp_path):
    series, labels = waves(20, 12, 2)
    np.savez(tmp_path / "waves.npz", x=np.stack(series), y=np.array(labels))
    return load_series({"dataset": str(tmp_path / "waves.npz"), "folds": 2})


def test_arrays_and_lists_of_arrays_are_those_of_a_file(stored):
    series, labels = waves(20, 12, 2)
    assert load((np.stack(series), labels)).digest == stored.digest
    assert load((series, np.array(labels))).digest == stored.digest


def test_a_frame_is_wide_or_long():
    series, labels = waves(20, 12, 1)
    wide = pd.DataFrame(np.stack(series)[:, 0]).rename(columns=str).assign(kind=labels)
    long = pd.concat([
        pd.DataFrame({"id": number, "x": one[0], "kind": label})
        for number, (one, label) in enumerate(zip(series, labels, strict=True))
    ])  # fmt: skip
    found = load(wide, label="kind")
    assert found.digest == load(long, label="kind", series="id").digest
    assert found.digest == load((np.stack(series), labels)).digest


def test_a_trial_on_another_node_takes_them_out_of_its_keywords(stored):
    series, labels = waves(20, 12, 2)
    keywords = load((series, labels)).keywords()
    elsewhere = {**keywords, "dataset": "builtins:series of another process"}
    assert load_series(elsewhere).digest == stored.digest


def test_a_test_part_may_be_given_too():
    series, labels = waves(20, 12, 2)
    late = waves(8, 12, 2, seed=3)
    found = load((series, labels), test_data=give_series(late))
    assert (len(found.labels), len(found.test_labels)) == (20, 8)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (7, "must be a data frame"),
        ((np.zeros((4, 1, 3)), [1, 2]), r"For 4 series y must be \(4,\)"),
        ((["one", "two"], [1, 2]), "must be an array of numbers"),
        ((np.zeros((4, 3)),), "but there are 1 parts"),
    ],
)
def test_what_is_no_series_is_refused(data, said):
    with pytest.raises(UserError, match=said):
        give_series(data)
