"""Long and wide tables and arrays hold the same series; odd ones are refused by name."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes.own_files import (
    read_long,
    read_npz,
    read_table,
    read_wide,
)
from tests.trainables.series_classes.made_series import waves


@pytest.fixture
def long(tmp_path):
    """Two channels, rows of all series mixed."""
    series, labels = waves(6, 8, 2)
    frame = pd.concat([
        pd.DataFrame({"id": number, "at": range(8), "x": one[0], "y": one[1], "kind": label})
        for number, (one, label) in enumerate(zip(series, labels, strict=True))
    ])  # fmt: skip
    return frame.sample(frac=1, random_state=0), tmp_path / "long.csv"


def read_of(frame, path, **asked):
    frame.to_csv(path, index=False)
    return read_long(path, **{"series": "id", "label": "kind", "time": "at", **asked})


def test_a_long_table_is_put_in_the_order_of_time(long):
    read = read_of(*long)
    series, labels = waves(6, 8, 2)
    found = dict.fromkeys("ab", 0)
    for label in read.labels:
        found[label] += 1
    assert found == {"a": 3, "b": 3}
    assert sorted(one.sum() for one in read.series) == pytest.approx(
        sorted(one.sum() for one in series)
    )
    place = int(np.argmin([abs(one.sum() - series[0].sum()) for one in read.series]))
    np.testing.assert_allclose(read.series[place], series[0])
    assert read.labels[place] == labels[0]


def test_times_may_be_dates(long):
    frame, path = long
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["at"], "D")
    read = read_of(frame.assign(at=dates.astype(str)), path)
    assert read.series[0].shape == (2, 8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.assign(at="soon"), "--time 'at' has a value that is no time: 'soon'"),
        (lambda f: pd.concat([f, f.iloc[:1]]), r"Series \d has the time \d twice"),
        (lambda f: f.assign(kind=["z", *f["kind"].iloc[1:]]), "has two labels"),
        (lambda f: f.assign(x="high"), "hold no numbers: x"),
        (lambda f: f.drop(columns="id"), "--series 'id' is no column of long.csv"),
    ],
)
def test_an_odd_long_table_is_refused(change, said, long):
    frame, path = long
    with pytest.raises(UserError, match=said):
        read_of(change(frame), path)


def test_a_row_of_a_wide_table_is_a_series(tmp_path):
    frame = pd.DataFrame({"t0": [1.0, 2], "t1": [3.0, 4], "t2": [5.0, 6], "kind": ["a", "b"]})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    read = read_wide(tmp_path / "wide.csv", label="kind")
    assert [one.tolist() for one in read.series] == [[[1, 3, 5]], [[2, 4, 6]]]
    assert read.labels == ("a", "b")


def test_labels_that_are_whole_numbers_are_the_same_words_in_each_kind_of_file(tmp_path):
    frame = pd.DataFrame({"t0": [1.0, 2, 3], "t1": [3.0, 4, 5], "label": [1, 2, None]})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    long = frame.drop(columns="t1").assign(id=range(3))
    long.to_csv(tmp_path / "long.csv", index=False)
    y = frame["label"].to_numpy()
    np.savez(tmp_path / "floats.npz", x=np.ones((3, 4)), y=y)
    np.savez(tmp_path / "integers.npz", x=np.ones((2, 4)), y=y[:2].astype(int))
    long_of = {"series": "id", "label": "label", "time": None}
    assert read_wide(tmp_path / "wide.csv", label="label").labels == ("1", "2", "")
    assert read_long(tmp_path / "long.csv", **long_of).labels == ("1", "2", "")
    assert read_npz(tmp_path / "floats.npz")[0].labels == ("1", "2", "")
    assert read_npz(tmp_path / "integers.npz")[0].labels == ("1", "2")


def test_arrays_have_one_part_or_two(tmp_path):
    series, labels = waves(6, 8, 2)
    x, y = np.stack(series), np.array(labels)
    np.savez(tmp_path / "one.npz", x=x, y=y)
    np.savez(tmp_path / "two.npz", x_train=x[:4], y_train=y[:4], x_test=x[4:, 0], y_test=y[4:])
    assert read_npz(tmp_path / "one.npz")[1] is None
    train, test = read_npz(tmp_path / "two.npz")
    assert (len(train.series), len(test.series)) == (4, 2)
    assert test.series[0].shape == (1, 8)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.ones((3, 4)), "y": np.ones(2)}, r"are \(3, 1, 4\) and \(2,\)"),
        ({"x": np.array([["a"]]), "y": np.ones(1)}, "needs numbers as x"),
        ({"values": np.ones(3)}, "it has values"),
        ({"x": np.array([None, 1]), "y": np.ones(2)}, "cannot be read as arrays"),
    ],
)
def test_odd_arrays_are_refused(arrays, said, tmp_path):
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(UserError, match=said):
        read_npz(tmp_path / "odd.npz")


@pytest.mark.parametrize("column", ["id", "at", "kind"])
def test_lists_in_a_column_of_names_times_or_labels_are_refused(column, long, tmp_path):
    frame, path = long
    path = path.with_suffix(".parquet")
    frame.assign(**{column: [[1]] * len(frame)}).to_parquet(path)
    with pytest.raises(UserError, match=f"'{column}' must be a column of single values: it holds"):
        read_long(path, series="id", label="kind", time="at")


def test_columns_of_a_long_table_that_are_called_as_is_usual_need_not_be_named(long):
    frame, _ = long
    named = read_long(frame, series="id", label="kind", time="at")
    frame = frame.rename(columns={"id": "series_id", "at": "time"})
    found = read_table(frame, {"series": None, "time": None, "label": "kind"})
    assert [one.tolist() for one in found.series] == [one.tolist() for one in named.series]
    assert found.remarks == ("By the columns' names: --series is 'series_id', --time is 'time'.",)


def test_a_wide_table_with_a_name_a_row_stays_wide():
    frame = pd.DataFrame({"series": range(4), "p": 1.0, "label": list("abab")})
    found = read_table(frame, {"series": None, "time": None, "label": "label"})
    assert (len(found.series), found.remarks) == (4, ())
