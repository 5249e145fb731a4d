"""Series of a file are parted the same way everywhere, and kept."""

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes import load_series
from tests.trainables.series_classes.made_series import as_ts, waves, write_ts


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))


def test_the_test_part_stands_beside_the_training_part(tmp_path):
    data = load_series({"dataset": str(write_ts(tmp_path, count=20)), "folds": 4})
    assert (data.name, data.classes, data.values.shape) == ("waves", ("a", "b"), (20, 1, 60))
    assert data.facts()["test"] == 20
    held = np.sort(np.concatenate([out for _, out in data.folds]))
    assert held.tolist() == list(range(20))
    for fitted, out in data.folds:
        assert not set(fitted) & set(out)


def test_arrays_have_a_test_part_beside_them_too(tmp_path):
    for part, count in (("TRAIN", 20), ("TEST", 6)):
        series, labels = waves(count)
        np.savez(tmp_path / f"waves_{part}.npz", x=np.stack(series), y=np.array(labels))
    found = load_series({"dataset": str(tmp_path / "waves_TRAIN.npz")})
    assert (len(found.labels), len(found.test_labels)) == (20, 6)


def test_a_folder_with_one_training_file_will_do(tmp_path):
    folder = tmp_path / "Waves"
    folder.mkdir()
    write_ts(folder, count=20)
    assert len(load_series({"dataset": str(folder)}).test_labels) == 20


def test_another_file_may_have_the_test_part(tmp_path):
    path = write_ts(tmp_path, count=20)
    other = tmp_path / "later.ts"
    other.write_bytes(write_ts(tmp_path, "late", count=6).read_bytes())
    assert len(load_series({"dataset": str(path), "test_data": str(other)}).test_labels) == 6


def test_the_digest_tells_the_data_and_not_the_folds(tmp_path):
    path = str(write_ts(tmp_path, count=20))
    one = load_series({"dataset": path})
    assert load_series({"dataset": path, "folds": 3, "seed": 5}).digest == one.digest
    assert load_series(one.keywords()).digest == one.digest
    write_ts(tmp_path, count=22)
    with pytest.raises(UserError, match="not those that the study began with"):
        load_series(one.keywords())


def test_a_test_part_that_has_changed_is_read_again(tmp_path):
    path = str(write_ts(tmp_path, count=20))
    before = load_series({"dataset": path}).digest
    (tmp_path / "waves_TEST.ts").write_text(as_ts(*waves(6, seed=5)))
    assert load_series({"dataset": path}).digest != before


def test_too_many_folds_are_refused(tmp_path):
    path = str(write_ts(tmp_path, count=8))
    with pytest.raises(UserError, match="the largest has 4; give fewer --folds"):
        load_series({"dataset": path})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="There are no series at"):
        load_series({"dataset": str(tmp_path / "none.ts")})
