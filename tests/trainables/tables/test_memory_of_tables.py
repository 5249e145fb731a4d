"""What cannot be held is refused by its size, before it is read or fitted."""

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.memory import (
    FITTING,
    LIBRARIES,
    READING,
    SHARE,
    check_fits,
    check_reading,
    memory_here,
    size_of,
)

FOLDS = [(np.arange(800), np.arange(800, 1000))]


@pytest.fixture(params=["csv", "parquet", "feather"])
def file(request, tmp_path):
    """1,000 rows and 20 columns."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 20))).rename(columns=str)
    path = tmp_path / f"table.{request.param}"
    write = {"csv": frame.to_csv, "parquet": frame.to_parquet, "feather": frame.to_feather}
    write[request.param](path, **({"index": False} if request.param == "csv" else {}))
    return path


def test_the_size_is_told_without_reading_the_table(file):
    assert size_of(file) == (1000, 20)


def test_a_folder_of_parquet_files_has_the_rows_of_all(tmp_path):
    for part in range(3):
        pd.DataFrame({"a": range(part, 10)}).to_parquet(tmp_path / f"{part}.parquet")
    assert size_of(tmp_path) == (27, 1)


def test_of_a_long_text_file_the_rows_are_told_from_its_beginning(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("a;b;c\n" + "1.25;3.75;word\n" * 600_000)
    rows, columns = size_of(path)
    assert columns == 3
    assert rows == pytest.approx(600_000, rel=0.01)


def test_what_is_no_table_is_left_to_those_who_read_it(tmp_path):
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(b"PAR1 and no more")
    for path in (damaged, tmp_path / "none.csv", tmp_path / "packed.csv.gz"):
        assert size_of(path) == (0, 0)
        check_reading(path, 0.3e9)


def test_a_table_that_cannot_be_read_here_is_refused_with_the_rows_that_can(file):
    values = READING * 8 * 1000 * 20
    check_reading(file, (LIBRARIES + values) / SHARE)
    with pytest.raises(UserError, match=r"1,000 rows and 20 columns.* Give a file with 500 of"):
        check_reading(file, (LIBRARIES + values / 2) / SHARE)


def test_a_fold_that_no_trial_has_room_for_is_refused_with_the_rows_that_fit():
    needed = FITTING * 8 * 800 * 50
    check_fits(FOLDS, 50, needed)
    with pytest.raises(UserError, match=r"800 rows and 50 columns .* Give --subset 250, or fewer"):
        check_fits(FOLDS, 50, needed / 4)


def test_this_machine_has_memory():
    assert 1e8 < memory_here() < 1e14
