"""Files and frames: what is read is what was written, however it was."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.columns import column_of, content_of, read, read_frame

NAMES = st.text("abcdefgh", min_size=1, max_size=4)
WORDS = st.none() | st.text("abc,;|\"' äß\n-1.", min_size=1, max_size=5).filter(str.strip)
TIMES = st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1))
COLUMNS = [
    (float, st.floats(allow_infinity=False)),
    (float, st.integers(-(2**40), 2**40)),
    (object, WORDS),
    (bool, st.booleans()),
    ("datetime64[ns]", st.none() | TIMES),
]


@st.composite
def tables(draw):
    """A frame of two to five columns of several types."""
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    rows = draw(st.integers(1, 40))
    columns = {}
    for name in names:
        kind, values = draw(st.sampled_from(COLUMNS))
        columns[name] = pd.Series(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=kind)
    return pd.DataFrame(columns)


def told(frame):
    """All that is learned of each column."""
    made = {}
    for name in frame:
        column = column_of(frame[name])
        values = column.values
        if values is not None:
            values = values.tolist() if isinstance(values, pd.Categorical) else values
            values = [None if pd.isna(value) else value for value in values]
        made[name] = (column.kind, values, column.left_out, column.written, column.remark)
    return made


@settings(max_examples=30)
@given(tables())
def test_a_frame_is_the_same_from_every_file(tmp_path_factory, frame):
    folder = tmp_path_factory.mktemp("tables")
    frame.to_csv(folder / "a.csv", index=False)
    frame.to_csv(folder / "b.csv", index=False, sep=";")
    frame.to_parquet(folder / "a.parquet")
    frame.to_feather(folder / "a.feather")

    expected = told(read_frame(frame, "it"))

    for name in ("a.csv", "b.csv", "a.parquet", "a.feather"):
        assert told(read(folder / name)[0]) == expected


MIXED = {
    "number": [1.5, None, 3.0],
    "word": ["a", None, "b"],
    "when": [datetime.datetime(2020, 1, 1), None, datetime.datetime(2021, 5, 5)],
    "day": [datetime.date(2020, 1, 1), None, datetime.date(2021, 5, 5)],
    "true": [True, None, False],
    "price": [Decimal("1.10"), None, Decimal("2.20")],
}


@pytest.mark.parametrize(
    "make", [pl.DataFrame, pa.table, pd.DataFrame, lambda x: pl.DataFrame(x).lazy()],
    ids=["polars", "arrow", "pandas", "lazy polars"],
)  # fmt: skip
def test_frames_of_every_library_are_read_alike(make):
    kinds = {name: column[0] for name, column in told(read_frame(make(MIXED), "it")).items()}
    first = {name: column[1][0] for name, column in told(read_frame(make(MIXED), "it")).items()}

    assert kinds == {
        "number": "number", "word": "category", "when": "date", "day": "date",
        "true": "category", "price": "number",
    }  # fmt: skip
    assert first["true"] == "True"
    assert first["price"] == 1.1
    assert first["day"] == np.datetime64("2020-01-01")


def test_arrows_types_in_a_pandas_frame_are_read():
    frame = pd.DataFrame(pa.table(MIXED).to_pandas(types_mapper=pd.ArrowDtype))
    frame["lists"] = pd.array([[1], None, [2]], pd.ArrowDtype(pa.list_(pa.int64())))

    found = told(read_frame(frame, "it"))

    assert found.pop("lists")[2] == "it holds lists"
    assert found == told(read_frame(pa.table(MIXED), "it"))


def test_polars_categories_and_arrows_dictionaries_are_categories():
    words = ["b", "a", None]
    for given_ in (pl.DataFrame({"x": pl.Series(words, dtype=pl.Categorical)}),
                   pa.table({"x": pa.array(words).dictionary_encode()})):  # fmt: skip
        column = column_of(read_frame(given_, "it")["x"])
        assert (column.kind, list(column.values)[:2]) == ("category", ["b", "a"])


def test_a_folder_of_parquet_is_one_table(tmp_path):
    for i in range(2):
        pd.DataFrame({"x": [i, i]}).to_parquet(tmp_path / f"{i}.parquet")

    assert read(tmp_path)[0]["x"].tolist() == [0, 0, 1, 1]


def test_a_stream_of_arrow_is_read(tmp_path):
    table = pa.table({"x": [1, 2]})
    with pa.ipc.new_stream(tmp_path / "a.arrow", table.schema) as stream:
        stream.write_table(table)

    assert read(tmp_path / "a.arrow")[0]["x"].tolist() == [1, 2]


def test_the_index_of_a_frame_in_a_file_is_no_column(tmp_path):
    frame = pd.DataFrame({"x": [1, 2], "y": [3, 4]}, index=[7, 9])
    frame.to_parquet(tmp_path / "a.parquet")

    assert list(read(tmp_path / "a.parquet")[0].columns) == ["x", "y"]


def refused(make):
    with pytest.raises(UserError) as caught:
        make()
    return str(caught.value)


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"nothing of the kind")
    (tmp_path / "a.xlsx").write_bytes(b"x")
    (tmp_path / "b.parquet").touch()

    assert refused(lambda: read(tmp_path / "c.csv")) == f"There is no table at {tmp_path}/c.csv."
    assert refused(lambda: read(tmp_path / "b.parquet")) == f"{tmp_path}/b.parquet is empty."
    assert refused(lambda: read(tmp_path / "a.parquet")).startswith(
        f"{tmp_path}/a.parquet is damaged or of another format: "
    )
    assert refused(lambda: read(tmp_path / "a.xlsx")) == (
        f"{tmp_path}/a.xlsx is of no known format: give .csv, .tsv, .txt, .parquet, .pq, .arrow, "
        ".feather, .ipc, or a folder of Parquet files."
    )
    for odd in (pd.Series([1.0]), pl.DataFrame({"x": pl.Series([1], dtype=pl.Int128)})):
        assert refused(lambda odd=odd: read_frame(odd, "The table")).startswith(
            "The table cannot be read as an Arrow table: "
        )
    assert refused(lambda: read_frame([1, 2], "The table")) == (
        "The table must be a data frame of pandas or polars, or an Arrow table, but is list."
    )


@pytest.mark.parametrize("make", [
    lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
    lambda: pa.table([[1], [2]], names=["a", "a"]),
], ids=["pandas", "arrow"])  # fmt: skip
def test_columns_of_one_name_are_refused(make):
    assert refused(lambda: read_frame(make(), "The table")) == (
        "The table has several columns called 'a'; rename all but one."
    )


def test_a_frame_without_rows_is_refused():
    assert refused(lambda: read_frame(pd.DataFrame({"a": []}), "The table")) == (
        "The table has no rows."
    )


def test_a_frames_content_is_known_whatever_its_index_and_memory():
    frame = pd.DataFrame({"a": [1.0, 2, 3], "b": ["x", "y", None], "c": [[1], [2], None]})
    same = frame.set_axis([5, 6, 7]).reset_index(drop=True)

    assert content_of(same) == content_of(frame)
    for name, value in (("a", 9.0), ("b", "z"), ("c", [3])):
        other = frame.copy()
        other.at[1, name] = value
        assert content_of(other) != content_of(frame)
    assert content_of(frame.rename(columns={"a": "d"})) != content_of(frame)
