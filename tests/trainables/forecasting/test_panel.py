import numpy as np
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.forecasting import Panel, columns_of, load_panel
from automl_on_ray.trainables.forecasting.registered.frames import Columns, read_history
from tests.trainables.forecasting.long_tables import asked, sales


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path))


def test_a_fold_ends_where_the_next_later_part_begins():
    panel = load_panel(asked(sales()))
    whole = panel.values[0]
    for fold, end in ((None, 90), (0, 83), (1, 76), (2, 69)):
        history, inside = panel.history(fold)
        assert inside.tolist() == [0, 1]
        assert history.values[0].tolist() == whole[: end - 7].tolist()
        assert panel.truth(fold)[0].tolist() == whole[end - 7 : end].tolist()


def test_covariates_known_ahead_reach_over_the_horizon_and_others_do_not():
    frame = sales().assign(visitors=np.arange(180.0))
    panel = load_panel(asked(frame, known=["price"], past=["visitors"]))
    history, _ = panel.history(1)
    assert history.known[1].shape == (len(history.values[1]) + 7, 1)
    assert history.past[1].shape == (len(history.values[1]), 1)
    assert history.known[1][:, 0].tolist() == frame["price"][90:166].tolist()


def test_nothing_after_a_cut_changes_what_is_learned_from():
    frame = sales().assign(visitors=np.arange(180.0))
    frame.loc[[50, 60], "units"] = np.nan
    later = frame.copy()
    later.loc[(later.index % 90) >= 76, ["units", "visitors"]] = 99.0
    keywords = {"past": ["visitors"]}
    before = load_panel(asked(frame, **keywords)).history(0)[0]
    after = load_panel(asked(later, **keywords)).history(0)[0]
    assert all(map(np.array_equal, before.values, after.values))
    assert all(map(np.array_equal, before.past, after.past))


def test_there_are_fewer_folds_where_series_are_short_and_that_is_said():
    panel = load_panel(asked(sales(steps=30)))
    assert panel.folds == 1
    assert any("1 folds instead of 3" in remark for remark in panel.remarks)


def test_a_series_too_short_for_a_fold_is_only_in_later_ones():
    frame = sales()
    frame = frame[(frame["store"] == "north") | (frame["date"] >= "2023-03-01")]
    panel = load_panel(asked(frame))
    assert [panel.history(fold)[1].tolist() for fold in (None, 0, 1)] == [[0, 1], [0, 1], [0]]
    assert panel.truth(1).shape == (1, 7)


def test_series_shorter_than_the_horizon_are_left_out_and_none_is_refused():
    frame = sales()
    short = frame[(frame["store"] == "north") | (frame["date"] >= "2023-03-25")]
    panel = load_panel(asked(short))
    assert panel.ids == ("north",)
    assert any("1 series are left out" in remark for remark in panel.remarks)
    with pytest.raises(UserError, match="All series are shorter than the horizon of 100"):
        load_panel(asked(frame, horizon=100))


def test_a_horizon_without_room_for_a_fold_is_refused():
    with pytest.raises(UserError, match="give a smaller horizon"):
        load_panel(asked(sales(), horizon=44))


def test_the_season_follows_from_the_frequency_unless_it_is_given():
    assert load_panel(asked(sales())).season == 7
    assert load_panel(asked(sales(), season=3)).season == 3


def test_a_season_that_is_not_seen_twice_is_left_away_and_that_is_said():
    panel = load_panel(asked(sales(steps=40, frequency="7D")))
    assert panel.season == 1
    assert any("without a season" in remark for remark in panel.remarks)


def test_a_subset_is_drawn_by_seed_and_has_the_digest_of_all():
    frame = sales(stores=[f"s{i:02}" for i in range(20)])
    drawn = [load_panel(asked(frame, subset=5, seed=seed)) for seed in (0, 0, 1)]
    assert len(drawn[0].ids) == 5
    assert drawn[0].ids == drawn[1].ids != drawn[2].ids
    assert drawn[0].digest == load_panel(asked(frame)).digest


def test_other_values_are_refused_by_their_digest():
    frame = sales()
    digest = load_panel(asked(frame)).digest
    changed = frame.assign(units=frame["units"] + 1)
    with pytest.raises(UserError, match="not those that the study began with"):
        load_panel(asked(changed, digest=digest))


def test_its_keywords_load_it_again(tmp_path):
    path = tmp_path / "sales.parquet"
    sales().to_parquet(path)
    keywords = {**asked(sales()), "dataset": str(path), "frame": None}
    panel = load_panel(keywords)
    again = load_panel(panel.keywords())
    assert isinstance(again, Panel)
    assert again.digest == panel.digest
    assert again.name == "sales"


def test_a_file_in_any_order_has_the_same_series(tmp_path):
    path = tmp_path / "sales.csv"
    sales().sample(frac=1, random_state=0).to_csv(path, index=False)
    panel = load_panel({**asked(sales()), "dataset": str(path), "frame": None})
    assert panel.digest == load_panel(asked(sales())).digest
    assert any("not in order of 'date'" in remark for remark in panel.remarks)


def test_times_go_on_over_the_test_part():
    panel = load_panel(asked(sales()))
    assert panel.times(0)[[0, -1]].astype("datetime64[D]").astype(str).tolist() == [
        "2023-01-01", "2023-03-31",
    ]  # fmt: skip


def test_facts_are_json_and_say_how_it_was_parted():
    facts = load_panel(asked(sales(), known=["price"])).facts()
    assert facts["test"] == "the last 7 steps of each series"
    assert facts["folds"]["7 steps before the test part"] == 2
    assert facts["known ahead"] == ["price"]


def test_series_that_end_at_different_times_are_told():
    frame = sales()
    frame = frame[(frame["store"] == "north") | (frame["date"] < "2023-03-20")]
    assert any("end at different times" in each for each in load_panel(asked(frame)).remarks)


def test_constant_series_are_told():
    frame = sales()
    frame.loc[frame["store"] == "south", "units"] = 0.0
    assert any("1 series never change" in each for each in load_panel(asked(frame)).remarks)


def test_a_name_that_is_near_to_a_known_one_is_told():
    with pytest.raises(UserError, match="m3-monthly"):
        load_panel({"dataset": "m3-montly"})


def test_a_table_needs_a_horizon():
    with pytest.raises(UserError, match="Give the horizon"):
        load_panel(asked(sales(), horizon=None))


def late(begins):
    """Visitors that are counted from a step of the second series on."""
    frame = sales().assign(visitors=100 + np.arange(180.0))
    frame.loc[90 : 90 + begins - 1, "visitors"] = np.nan
    return frame


def test_a_covariate_that_begins_late_is_its_first_number_before_as_where_a_model_is_asked():
    frame = late(20)
    panel = load_panel(asked(frame, past=["visitors"]))
    assert panel.past[1][:21, 0].tolist() == [210.0] * 21
    known = frame.groupby("store").head(83)
    told = Columns("date", ("store",), "units", (), ("visitors",), 7, 7, "D", dated=True)
    history, _ = panel.history(None)
    asked_with = read_history(known, told).history
    assert all(map(np.array_equal, history.past, asked_with.past))
    assert any("begins after the target" in remark for remark in panel.remarks)


def test_an_origin_before_a_covariate_begins_does_without_the_series():
    panel = load_panel(asked(late(72), past=["visitors"]))
    assert [panel.history(fold)[1].tolist() for fold in (None, 0, 1, 2)] == [
        [0, 1], [0, 1], [0], [0],
    ]  # fmt: skip


def test_a_series_without_a_covariate_before_the_test_part_is_left_out():
    panel = load_panel(asked(late(83), past=["visitors"]))
    assert panel.ids == ("north",)
    assert any("no number of 'visitors' before the test part" in said for said in panel.remarks)
    frame = late(83)
    frame.loc[:83, "visitors"] = np.nan
    with pytest.raises(UserError, match=r"All series, such as 'north', have no number of 'visi"):
        load_panel(asked(frame, past=["visitors"]))


def test_columns_that_are_called_as_is_usual_need_not_be_named():
    frame = sales().rename(columns={"date": "ds", "store": "unique_id", "units": "y"})
    panel = load_panel(asked(frame, time=None, series=[], target=None))
    named = load_panel(asked(frame, time="ds", series=["unique_id"], target="y"))
    assert panel.digest == named.digest
    said = "By the columns' names: --time is 'ds', --target is 'y', --series is 'unique_id'."
    assert panel.remarks[0] == said
    assert columns_of(panel) == columns_of(named)


def test_without_one_column_of_a_usual_name_all_are_listed():
    with pytest.raises(UserError, match=r"Say with --target .*are: 'date', 'store', 'units', 'pri"):
        load_panel(asked(sales(), target=None))
    frame = sales().assign(timestamp=1)
    with pytest.raises(UserError, match="may be the time: 'date', 'timestamp'"):
        load_panel(asked(frame, time=None))
