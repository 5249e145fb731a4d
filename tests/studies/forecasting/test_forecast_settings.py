"""What a command for forecasts refuses in one line, before anything starts."""

import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.studies.forecasting import ForecastSettings
from automl_on_ray.studies.forecasting.settings import names_in

OWN = {"time": "date", "target": "units", "horizon": 3}


@pytest.fixture
def sales(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("date,units\n2024-01-01,1\n")
    return str(path)


def test_a_file_needs_a_horizon(sales):
    with pytest.raises(UserError, match="needs --horizon: how many steps to forecast"):
        ForecastSettings(dataset=sales, **{**OWN, "horizon": None}).check()


@pytest.mark.parametrize(
    ("option", "value"),
    [("time", "date"), ("series", "id"), ("target", "units"), ("known_ahead", "price")],
)
def test_a_collection_has_no_columns(option, value):
    said = f"leave out --{option.replace('_', '-')}"
    with pytest.raises(UserError, match=said):
        ForecastSettings(dataset="m3-monthly", **{option: value}).check()


def test_what_is_neither_a_file_nor_a_collection_is_told_with_the_list():
    with pytest.raises(UserError, match=r"no collection 'm3-montly'.*Did you mean 'm3-monthly'\?"):
        ForecastSettings(dataset="m3-montly").check()


def test_what_is_in_a_bucket_or_the_user_s_own_code_is_asked_later():
    for dataset in ("s3://bucket/sales.parquet", "mine:FRAME"):
        ForecastSettings(dataset=dataset, **OWN).check()


@pytest.mark.parametrize("field", [{"horizon": 0}, {"origins": 0}, {"season": 0}, {"subset": 0}])
def test_a_number_out_of_range_is_refused(field):
    with pytest.raises(UserError, match=next(iter(field))):
        ForecastSettings(dataset="m3-monthly", **field)


def test_a_step_is_an_origin():
    assert ForecastSettings(dataset="m3-monthly", origins=4).epochs == 4


def test_columns_are_parted_by_commas():
    assert names_in("store, item") == ["store", "item"]
    assert names_in(None) == []


def test_a_frame_is_called_a_table_where_a_word_about_it_is_missing():
    with pytest.raises(UserError, match="The table needs --horizon: "):
        ForecastSettings(dataset="pandas:series 12ab", target="units").check()
