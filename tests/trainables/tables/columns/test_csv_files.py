"""Text files: encodings, delimiters, and what cannot be read."""

import gzip

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.columns import read

TEXT = "name,height\nZoë,1.5\nRené,2\nÅsa,\n"


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(path):
    with pytest.raises(UserError) as caught:
        read(path)
    return str(caught.value).replace(str(path), "FILE")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mark_of_the_encoding_is_no_part_of_the_first_name(tmp_path, encoding):
    frame, remarks = read(written(tmp_path / "a.csv", TEXT.encode(encoding)))

    assert list(frame.columns) == ["name", "height"]
    assert frame["name"].tolist() == ["Zoë", "René", "Åsa"]
    np.testing.assert_array_equal(frame["height"], [1.5, 2, np.nan])
    assert remarks == []


def test_windows_encoding_is_read_and_said(tmp_path):
    frame, remarks = read(written(tmp_path / "a.csv", TEXT.encode("cp1252")))

    assert frame["name"].tolist() == ["Zoë", "René", "Åsa"]
    assert remarks == ["The file is no UTF-8 and was read as Windows-1252 (Latin 1)."]


def test_another_encoding_behind_the_sample_is_seen_too(tmp_path):
    rows = b"abc,1\n" * 800_000
    frame, remarks = read(
        written(tmp_path / "a.csv", b"name,x\n" + rows + "é,2\n".encode("cp1252"))
    )

    assert frame["name"].iloc[-1] == "é"
    assert len(remarks) == 1


def test_an_unknown_encoding_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", b"name,x\n\x81\x8d,1\n")

    assert refused(path) == "FILE is neither UTF-8 nor Windows-1252 (Latin 1); save it as UTF-8."


def test_a_file_with_zero_bytes_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", TEXT.encode("utf-16-le"))

    assert refused(path) == "FILE is no text file: it holds zero bytes; save it as UTF-8."


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, delimiter):
    rows = ["a{0}b{0}c", "1{0}x y{0}2020-01-01", "2{0}z, w; q{0}2020-01-02"]
    if delimiter in ",;":
        rows[2] = '2{0}"z, w; q"{0}2020-01-02'
    path = written(tmp_path / "a.csv", "\n".join(rows).format(delimiter))

    frame, _ = read(path)

    assert frame.shape == (2, 3)
    assert frame["b"].tolist() == ["x y", "z, w; q"]


def test_an_unknown_delimiter_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", "a:b\n1:2\n3:4\n")

    assert refused(path) == (
        "FILE has one column only, 'a:b'; columns are parted by a comma, a semicolon, a tab, a bar."
    )


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_refused(tmp_path, content):
    assert refused(written(tmp_path / "a.csv", content)) == "FILE is empty."


def test_a_file_of_names_only_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", "a,b\n")

    assert refused(path) == "FILE has no rows below its 2 columns' names."


def test_names_that_are_there_twice_are_refused(tmp_path):
    path = written(tmp_path / "a.csv", "a,b, a\n1,2,3\n")

    assert refused(path) == "FILE has several columns called 'a'; rename all but one."


def test_a_file_without_names_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", "1,2,3\n4,5,6\n")

    assert refused(path) == (
        "FILE begins with numbers, '1,2,3'; its first line must be the columns' names."
    )


def test_a_row_with_more_fields_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", "a,b\n1,2\n3,4,5\n")

    assert refused(path) == (
        "FILE cannot be read: CSV parse error: Expected 2 columns, got 3: 3,4,5."
    )


def test_a_column_without_a_name_is_called_as_pandas_does(tmp_path):
    path = tmp_path / "a.csv"
    pd.DataFrame({"x": [1.5, 2]}, index=["p", "q"]).to_csv(path)

    assert list(read(path)[0].columns) == list(pd.read_csv(path).columns) == ["Unnamed: 0", "x"]


def test_no_value_is_lost_that_the_sample_did_not_show(tmp_path):
    path = written(tmp_path / "a.csv", "x,y\n" + "1,2\n" * 2000 + "late,3\n")

    frame, _ = read(path)

    assert frame["x"].iloc[-1] == "late"
    assert frame["x"].iloc[0] == "1"
    assert frame["y"].dtype == float


def test_many_columns_with_late_words_are_read(tmp_path):
    names = [f"c{i}" for i in range(20)]
    rows = [",".join("1" * 20)] * 600 + [",".join(["late"] * 20)]
    path = written(tmp_path / "a.csv", "\n".join([",".join(names), *rows]))

    frame, _ = read(path)

    assert frame.iloc[-1].tolist() == ["late"] * 20
    assert len(frame) == 601


def test_zeros_in_front_of_codes_stay(tmp_path):
    frame, _ = read(written(tmp_path / "a.csv", "code,x\n0123,1\n4567,2\n"))

    assert frame["code"].tolist() == ["0123", "4567"]


def test_line_ends_within_quotes_are_read(tmp_path):
    frame, _ = read(written(tmp_path / "a.csv", 'a,b\r\n"one\r\ntwo",1\r\nx,2\r\n'))

    assert frame["a"].tolist() == ["one\r\ntwo", "x"]


def test_a_packed_file_is_read(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))

    assert read(path)[0]["name"].tolist() == ["Zoë", "René", "Åsa"]


def test_a_quote_that_does_not_end_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", 'a,b\n"1,2\n' + "3,4\n" * 200_000)

    assert refused(path).startswith("FILE")


def test_a_field_longer_than_any_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", '"' + "x" * 200_000 + '",b\n1,2\n')

    assert refused(path).startswith("FILE has one column only, '\"xxx")
