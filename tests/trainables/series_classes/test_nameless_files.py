"""Files of the UCR archive: the class first, and no names of columns."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.series_classes import load_series
from automl_on_ray.trainables.series_classes.files import read_parts
from tests.trainables.series_classes.made_series import waves

ASKED = {"series": None, "label": "label", "time": None}
SERIES, LABELS = waves(8, 12, 1)
CODES = [{"a": 1, "b": -1}[label] for label in LABELS]


def rows():
    return np.column_stack([CODES, np.stack(SERIES)[:, 0]])


@pytest.mark.parametrize(
    ("name", "delimiter"), [("x.tsv", "\t"), ("x.txt", "  "), ("x.csv", ","), ("x.txt", "; ")]
)
def test_the_class_is_the_first_column_and_that_is_said(name, delimiter, tmp_path):
    np.savetxt(tmp_path / name, rows(), delimiter=delimiter, fmt="%.18e")
    read, test = read_parts(tmp_path / name, ASKED)
    assert test is None
    assert list(read.labels) == [str(code) for code in CODES]
    assert np.array_equal(np.stack(read.series), np.stack(SERIES))
    assert "its first column is the class" in read.remarks[0]


def test_points_after_the_end_and_numbers_of_columns_are_no_points(tmp_path):
    frame = pd.DataFrame(rows())
    frame.iloc[0, 9:] = np.nan
    frame.to_csv(tmp_path / "x.csv", index=False, na_rep="NaN")
    read, _ = read_parts(tmp_path / "x.csv", ASKED)
    assert len(read.labels) == 8
    assert np.isnan(read.series[0][0, 8:]).all()


def test_the_facts_say_it_and_the_test_part_stands_beside(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))
    for part in ("TRAIN", "TEST"):
        np.savetxt(tmp_path / f"Waves_{part}.tsv", rows(), delimiter="\t")
    found = load_series({"dataset": str(tmp_path), "folds": 2})
    assert (len(found.labels), len(found.test_labels)) == (8, 8)
    assert sum("its first column is the class" in remark for remark in found.remarks) == 1


def test_a_label_that_is_named_and_a_row_of_words_are_refused(tmp_path):
    path = tmp_path / "x.tsv"
    np.savetxt(path, rows(), delimiter="\t")
    with pytest.raises(UserError, match="leave --label kind out"):
        read_parts(path, {**ASKED, "label": "kind"})
    path.write_text(path.read_text() + "1\tone\ttwo\n")
    with pytest.raises(UserError, match="begins with numbers, but is no table of them"):
        read_parts(path, ASKED)
