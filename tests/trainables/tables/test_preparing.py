"""What is refused of a table, what is left out, and what is said before a study begins."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.tables.conform import conform
from automl_on_ray.trainables.tables.preparing import prepare

N = 120
RNG = np.random.default_rng(0)
TARGET = np.array(["no", "yes"])[RNG.integers(0, 2, N)]
NUMBERS = RNG.normal(size=N)


def prepared(target="y", **columns):
    asked = {key: columns.pop(key) for key in ("task", "time", "group", "subset") if key in columns}
    frame = pd.DataFrame({"y": TARGET, "x": NUMBERS, **columns})
    return prepare(frame, {"target": target, "folds": 3, "seed": 0, **asked})


def refused(**asked):
    with pytest.raises(UserError) as caught:
        prepared(**asked)
    return str(caught.value)


def test_columns_are_in_order_and_the_target_is_none_of_them():
    found = prepared(town=np.array(["a", "b", "c"])[np.arange(N) % 3])

    assert dict(found.kinds) == {"x": "number", "town": "category"}
    assert found.target.classes == ("no", "yes")
    assert found.remarks == ()


def test_what_cannot_be_learned_from_is_left_out_by_name():
    found = prepared(
        number=np.arange(N), one=1, nothing=np.nan, lists=[[i] for i in range(N)],
        twin=np.where(TARGET == "yes", "Y", "N"),
    )  # fmt: skip

    assert dict(found.left_out) == {
        "number": "it is an id: each row has a number of its own",
        "one": "it has one value only",
        "nothing": "all of its values are missing",
        "lists": "it holds lists",
        "twin": "it is the target under another name",
    }
    assert list(found.columns) == ["x"]


def test_rows_without_a_target_are_left_out_and_said():
    found = prepared(y=np.where(np.arange(N) < 10, None, TARGET))

    assert found.remarks == ("10 rows without the target 'y' are left out.",)
    np.testing.assert_array_equal(found.columns["x"], NUMBERS[10:])


def test_a_date_without_time_is_a_remark():
    found = prepared(day=pd.date_range("2020-01-01", periods=N))

    assert found.remarks == (
        "Column 'day' holds dates, but rows are parted at random: to predict later rows from "
        "earlier ones, give --time day.",
    )


def test_rows_that_go_backwards_in_time_are_put_into_order_and_said():
    day = pd.Series(pd.date_range("2020-01-01", periods=N)[::-1])
    found = prepared(day=day.mask(day.index == 5), time="day")

    assert found.remarks == (
        "1 rows without the time 'day' are left out.",
        "The rows are not in order of 'day'; they were put into it.",
    )
    assert (np.diff(found.columns["day"][found.split.train]) > np.timedelta64(0)).all()
    assert found.columns["day"][found.split.test].min() > found.columns["day"][
        found.split.train].max()  # fmt: skip


def test_the_group_is_no_column_and_missing_ones_are_one_group():
    store = np.arange(N) % 12
    found = prepared(group="store", store=np.where(store == 3, np.nan, store))

    assert found.left_out == {"store": "it is the group, of which new rows have other values"}
    assert "Rows without 'store' are taken as one group." in found.remarks
    assert not set(store[found.split.test]) & set(store[found.split.train])


def test_rows_that_a_time_and_a_group_leave_out_are_counted():
    found = prepared(store=np.arange(N) % 12, step=np.arange(N) // 2, time="step", group="store")

    unused = N - len(found.split.train) - len(found.split.test)
    assert unused > 0
    assert found.remarks == (
        f"{unused} rows are in neither train nor test, as test rows are both later and of other "
        "groups; give no --group if the groups of new rows are known.",
    )


def test_remarks_of_columns_name_them():
    found = prepared(z=np.append(NUMBERS[1:], np.inf))

    assert found.remarks == ("Column 'z': 1 infinite numbers are taken as missing.",)


def test_rare_classes_are_said():
    found = prepared(y=np.append(TARGET[2:], ["rare", "rare"]))

    assert found.remarks[0] == "There are few rows of the classes 'rare' (2)."


def test_of_many_rare_classes_the_first_are_named():
    found = prepared(y=np.array([f"c{i // 2}" for i in range(N)]))

    assert found.remarks[0].startswith("There are few rows of the classes 'c0' (2), 'c1' (2), ")
    assert found.remarks[0].endswith("'c19' (2) and 48 more.")


def test_copies_and_leaks_are_said():
    found = prepared(x=(TARGET == "yes") + 0.0, z=np.append(0.5, (TARGET == "yes")[1:] * 3.0))

    assert found.left_out == {"x": "it is the target under another name"}
    assert found.remarks[0].startswith("23 of 24 test rows are in the train part too")
    assert found.remarks[1].startswith("Column 'z' alone predicts the target nearly perfectly (AUC")


@pytest.mark.parametrize(("asked", "message"), [
    ({"target": "Y"}, "The table has no column 'Y' for the target. Did you mean 'y'? It has y, x."),
    ({"target": "z", **{f"c{i}": 1 for i in range(20)}},
     "The table has no column 'z' for the target. It has y, x, c0, c1, c2, c3, c4, c5, c6, c7, c8, "
     "c9 and 10 more."),
    ({"group": ""}, "The table has no column '' for the group. It has y, x."),
    ({"time": "when"}, "The table has no column 'when' for the time. It has y, x."),
    ({"group": "y"}, "Column 'y' cannot be the target and something else too."),
    ({"x": np.nan}, "There is no column to learn from ('x': all of its values are missing)."),
    ({"group": "x"}, "There is no column to learn from ('x': it is the group, of which new rows "
     "have other values)."),
    ({"g": 1, "group": "g"},
     "All rows are of one group, so none can be held out; give no --group."),
    ({"g": [[1]] * N, "group": "g"}, "The group 'g' cannot part the rows: it holds lists."),
    ({"t": "soon", "time": "t"},
     "The time 't' cannot order the rows: it has one value only."),
    ({"y": None}, "The target 'y' is missing in all rows."),
])  # fmt: skip
def test_what_cannot_be_learned_is_refused(asked, message):
    assert refused(**asked) == message


def digest(**asked):
    return prepared(**asked).digest


def test_the_digest_is_of_values_target_and_test_part():
    first = digest(z=np.arange(N) % 7)

    assert digest(z=np.arange(N) % 7) == first
    assert digest(z=np.arange(N) % 7, subset=50) == first
    others = [
        digest(z=np.arange(N) % 8), digest(w=np.arange(N) % 7), digest(),
        digest(z=[f"c{i % 7}" for i in range(N)]), digest(z=[f"d{i % 7}" for i in range(N)]),
        digest(z=np.arange(N) % 7, y=TARGET[::-1]), digest(z=np.arange(N) % 7, time="z"),
        digest(z=np.arange(N) % 7, g=np.arange(N) % 11, group="g"),
    ]  # fmt: skip
    assert len({first, *others}) == 1 + len(others)


ANYTHING = [
    1, 2, 3.5, -1, float("nan"), None, float("inf"), 10**30, True, False, Decimal("1.5"), 1j,
    np.float32(1.5), "a", "b", "", "NA", "1,5", "1,234", "$3", "007", "?", "1e400", "true", "é",
    "x" * 60, "12:30", "2020-01-01", "2020-13", "2020-02-30", "31/1/2020", "1/31/2020", "3/4/20",
    "Jan 3, 2020", "9999-12-31", "0001-01-01", [1], (1, 2), {"a": 1}, b"x", pd.NA, pd.NaT,
    datetime.date(2020, 1, 1), datetime.time(1, 2), pd.Timestamp("2020"), pd.Timedelta("1h"),
    datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
]  # fmt: skip


@st.composite
def columns_of_anything(draw):
    """Columns of 30 values, each of a few different ones."""
    columns = {}
    for i in range(draw(st.integers(1, 4))):
        pool = draw(st.lists(st.sampled_from(ANYTHING), min_size=1, max_size=4))
        values = [pool[i] for i in draw(st.lists(st.integers(0, len(pool) - 1),
                                                 min_size=30, max_size=30))]  # fmt: skip
        columns[f"c{i}"] = pd.Series(values, dtype=draw(st.sampled_from([None, object])))
    return columns


@given(columns_of_anything(), st.sampled_from([{}, {"time": "c0"}, {"group": "c0"}]))
@pytest.mark.filterwarnings("error")
def test_a_table_of_anything_is_refused_in_one_line_or_conforms_to_itself(columns, asked):
    raw = pd.DataFrame({**columns, "x": NUMBERS[:30], "y": TARGET[:30]})
    try:
        found = prepare(raw.copy(), {"target": "y", "folds": 2, "seed": 0, **asked})
    except UserError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert "\n" not in refusal
    if refusal:
        return

    made = conform(raw[found.target.known], found.kinds, found.formats)

    for name, values in found.columns.items():
        expected = pd.Series(np.asarray(values, made[name].dtype), dtype=made[name].dtype)
        pd.testing.assert_series_equal(
            made[name].reset_index(drop=True), expected, check_names=False
        )
