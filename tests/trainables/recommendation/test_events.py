"""Events are read, told about and parted so that nothing is known of what is held out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.recommendation import give_events, load_events
from automl_on_ray.trainables.recommendation.ids import texts_of
from automl_on_ray.trainables.recommendation.splits import in_order, parts_by_user, parts_in_time

BOTH = pytest.mark.parametrize("split", ["time", "leave-last-out"])


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))


def frame_of(users=20, items=30, events=400, seed=0):
    """Each pair of user and item once, at a time of its own."""
    rng = np.random.default_rng(seed)
    pairs = rng.choice(users * items, events, replace=False)
    return pd.DataFrame({
        "user": pairs // items, "item": [f"i{pair % items}" for pair in pairs],
        "time": rng.permutation(events) * 60.0, "rating": rng.integers(1, 6, events),
    })  # fmt: skip


def events_of(frame, **asked):
    return load_events({"dataset": give_events(frame), "frame": frame, **asked})


def refusal(frame, **asked):
    with pytest.raises(UserError) as refused:
        events_of(frame, **asked)
    told = str(refused.value)
    assert "\n" not in told
    return told


@BOTH
@pytest.mark.parametrize("fold", [None, 0, 1, 2])
def test_a_held_item_comes_after_all_that_its_user_has_shown(split, fold):
    events = events_of(frame_of(), split=split)
    seen = events.seen(fold)
    users, held = events.held(fold)
    assert held.nnz > 0
    for user, row in zip(users, held, strict=True):
        last = seen.times[seen.users == user].max()
        every = events.everything
        times = every.times[(every.users == user) & np.isin(every.items, row.indices)]
        assert (times > last).all()
        assert not np.isin(row.indices, seen.items[seen.users == user]).any()


def test_in_time_nothing_that_is_seen_is_later_than_what_is_held_of_anybody():
    events = events_of(frame_of())
    for fold in (None, 0, 1, 2):
        part = 0 if fold is None else fold + 1
        held = events.everything.times[events.parts == part]
        assert events.seen(fold).times.max() < held.min()


def test_in_time_each_part_is_a_tenth():
    counts = np.bincount(events_of(frame_of()).parts)
    assert counts.tolist() == [40, 40, 40, 40, 240]


def test_leave_last_out_holds_one_item_of_each_user_and_is_named_as_leaky():
    events = events_of(frame_of(), split="leave-last-out")
    users, held = events.held(None)
    assert np.diff(held.indptr).tolist() == [1] * len(users) == [1] * 20
    assert "others did after it" in events.facts()["split"]


@given(st.lists(st.integers(0, 400), min_size=40, max_size=200), st.integers(1, 4))
def test_events_of_one_time_are_in_one_part_and_later_ones_in_no_earlier(times, folds):
    ordered = np.sort(np.array(times, float))
    try:
        parts = parts_in_time(ordered, folds)
    except UserError:
        return
    assert (np.diff(parts) <= 0).all()
    for time in np.unique(ordered):
        assert len(np.unique(parts[ordered == time])) == 1
    assert set(parts) == set(range(folds + 2))


@given(st.lists(st.integers(0, 5), min_size=30, max_size=60))
def test_of_each_user_the_last_events_are_held_and_never_the_first(users):
    codes = np.unique(np.array(users), return_inverse=True)[1]
    parts = parts_by_user(codes, 2)
    for user in np.unique(codes):
        own = parts[codes == user]
        assert own[0] == 3
        assert own[1:].tolist() == [min(back, 3) for back in range(len(own) - 2, -1, -1)]


def test_events_of_one_time_have_an_order_by_chance_that_follows_from_the_seed():
    times = np.zeros(50)
    first, again, other = (in_order(times, 50, seed).tolist() for seed in (1, 1, 2))
    assert first == again != other != list(range(50))


def test_the_rows_order_counts_where_there_is_no_time_and_that_is_said():
    frame = frame_of().drop(columns="time")
    events = events_of(frame, split="leave-last-out")
    assert any("no times" in remark for remark in events.remarks)
    assert [events.user_ids[code] for code in events.everything.users] == [*map(str, frame["user"])]


def test_a_pair_counts_once_at_its_first_time():
    frame = frame_of()
    again = frame.iloc[:7].assign(time=1e6)
    events = events_of(pd.concat([again, frame]))
    assert len(events.everything.users) == 400
    assert events.everything.times.max() < 1e6
    assert any("7 events repeat" in remark for remark in events.remarks)


def test_rows_without_user_item_or_time_are_left_out_and_counted():
    frame = frame_of().astype({"user": "float"})
    frame.loc[0, "user"], frame.loc[1, "item"], frame.loc[2, "time"] = np.nan, None, np.nan
    events = events_of(frame)
    assert len(events.everything.users) == 397
    assert any(remark.startswith("3 of 400 rows") for remark in events.remarks)


def test_equal_ratings_tell_nothing_and_others_are_kept_with_their_events():
    frame = frame_of()
    assert events_of(frame, rating="rating").seen(None).values is not None
    equal = events_of(frame.assign(rating=5), rating="rating")
    assert equal.seen(None).values is None
    assert any("All ratings are 5" in remark for remark in equal.remarks)


def test_users_in_the_test_part_only_are_counted_and_not_asked():
    frame = frame_of()
    frame.loc[len(frame)] = [99, "i1", 1e6, 3]
    events = events_of(frame)
    asked = [events.user_ids[code] for code in events.held(None)[0]]
    assert "99" not in asked
    assert any(remark.startswith("1 users have events in the test") for remark in events.remarks)


def test_items_seen_once_are_told_and_core_leaves_them_out_until_all_have_enough():
    frame = frame_of()
    frame.loc[len(frame)] = [1, "rare", 30.0, 3]
    assert any("1 of 31 items have one event" in remark for remark in events_of(frame).remarks)
    events = events_of(frame, core=12)
    assert "rare" not in events.item_ids
    every = events.everything
    assert min(np.bincount(every.users).min(), np.bincount(every.items).min()) >= 12


def test_a_subset_has_so_many_users_that_follow_from_the_seed():
    frame = frame_of()
    some = [events_of(frame, subset=10, seed=seed).user_ids for seed in (1, 1, 2)]
    assert len(some[0]) == 10
    assert some[0] == some[1] != some[2]


@BOTH
def test_a_trial_on_another_node_reads_the_same_events_or_none(split, tmp_path):
    path = tmp_path / "log.csv"
    frame_of().to_csv(path, index=False)
    events = load_events({"dataset": str(path), "split": split, "folds": 2})
    assert load_events(events.keywords()) is events
    frame_of(seed=1).to_csv(path, index=False)
    with pytest.raises(UserError, match="not those that the study began with"):
        load_events(events.keywords())


def test_the_digest_is_of_the_content_and_of_what_the_test_part_is_but_not_of_folds_or_order():
    """Results on another test part are results on other data."""
    frame = frame_of()
    mixed = frame.sample(frac=1, random_state=0)
    alike = [frame, mixed]
    digests = {events_of(one, folds=folds).digest for one in alike for folds in (1, 2)}
    assert len(digests) == 1
    assert events_of(frame, split="leave-last-out").digest not in digests
    assert events_of(frame.iloc[:-1]).digest not in digests


def test_dates_and_texts_of_dates_are_times():
    frame = frame_of()
    dates = pd.to_datetime("2020-01-01") + pd.to_timedelta(frame["time"], unit="s")
    seconds = frame.assign(time=frame["time"] + 1577836800.0)
    for column in (dates, dates.dt.strftime("%Y-%m-%d %H:%M:%S")):
        found = events_of(frame.assign(time=column))
        assert found.everything.times.tolist() == events_of(seconds).everything.times.tolist()
        assert "2020-01-01" in found.facts()["split"]


def test_columns_that_are_not_there_are_named_with_those_that_are():
    frame = frame_of()
    assert "'user', 'item', 'time', 'rating'" in refusal(frame, user="users")
    assert "Did you mean" in refusal(frame, user="users")
    assert "--item" in refusal(frame.rename(columns={"item": "film"}))
    assert "name two" in refusal(frame, user="item", item="item")


def test_what_cannot_be_parted_is_refused_with_what_to_do():
    frame = frame_of()
    assert "--time" in refusal(frame.drop(columns="time"))
    assert "'later'" in refusal(frame.assign(time=["soon", "later"] * 200))
    assert "2 different times" in refusal(frame.assign(time=np.arange(400) % 2))
    assert "one user only, '1'" in refusal(frame.assign(user=1, item=np.arange(400)))
    assert "one item only" in refusal(frame.assign(item="a", user=np.arange(400)))
    assert "No user has events both" in refusal(frame.assign(user=np.arange(400)))
    assert "No item that the test part asks for" in refusal(frame.assign(item=np.arange(400)))
    assert "give fewer folds" in refusal(
        frame.assign(user=np.arange(400) // 2, item=np.arange(400)), split="leave-last-out"
    )
    assert "lower --core" in refusal(frame, core=1000)
    assert "leave-last-out" in refusal(frame, split="random")
    assert "1 to 8" in refusal(frame, folds=9)


def test_ratings_and_ids_of_no_use_are_refused():
    frame = frame_of()
    assert "'good'" in refusal(frame.assign(rating="good"), rating="rating")
    assert "it holds lists" in refusal(frame.assign(rating=[[1]] * 400), rating="rating")
    assert "are times" in refusal(frame.assign(rating=pd.Timestamp("2024")), rating="rating")
    assert "finite" in refusal(frame.assign(rating=np.inf), rating="rating")
    assert "below 0" in refusal(frame.assign(rating=-1), rating="rating")
    assert "without loss" in refusal(frame.assign(user=frame["user"] + 1e17))
    assert "lists" in refusal(frame.assign(item=[[1]] * 400))
    assert "No row has a user" in refusal(frame.assign(user=None))
    assert "no rows" in refusal_of_empty(frame)


def refusal_of_empty(frame):
    with pytest.raises(UserError) as refused:
        give_events(frame.iloc[:0])
    return str(refused.value)


def test_ids_are_texts_in_the_order_of_numbers_where_all_are():
    events = events_of(frame_of())
    assert events.user_ids[:3] == ("0", "1", "2")
    assert events.user_ids[-1] == "19"


def test_ids_of_any_type_of_column_are_the_same_texts():
    for column in ([7.0, None, 12.0], ["7", None, " 12 "], pd.array([7, None, 12], "Int64"),
                   pd.Categorical(["7", None, "12"])):  # fmt: skip
        assert texts_of(pd.Series(column)) == ["7", None, "12"]


@given(st.lists(st.one_of(st.none(), st.text(st.characters(codec="utf-8"))), max_size=30))
@settings(max_examples=50)
def test_ids_keep_all_but_the_space_around_them(texts):
    assert texts_of(pd.Series(texts, dtype=object)) == [
        (text.strip() or None) if text else None for text in texts
    ]


@pytest.mark.slow
def test_movielens_comes_out_of_its_wheel_with_five_events_of_each_user_and_film():
    events = load_events({"dataset": "movielens-100k"})
    assert (events.facts()["users"], events.facts()["items"]) == (943, 1349)
    assert len(events.everything.users) == 99287
    assert len(events.held(None)[0]) == 89


def test_columns_that_are_called_as_is_usual_need_not_be_named_but_ratings_do():
    frame = frame_of().rename(columns={"user": "userId", "item": "movie_id", "time": "timestamp"})
    events = events_of(frame)
    named = events_of(frame, user="userId", item="movie_id", time="timestamp")
    assert events.digest == named.digest
    assert events.column("user") == "userId"
    said = "By the columns' names: --user is 'userId', --item is 'movie_id', --time is 'timestamp'."
    assert events.remarks[:2] == (
        said, "Column 'rating' is not heeded; --rating rating would be."
    )  # fmt: skip
    assert events.everything.values is None
    assert "may be the user: 'user', 'userId'" in refusal(frame.assign(user=1)[::-1][
        ["user", *frame.columns]])  # fmt: skip
