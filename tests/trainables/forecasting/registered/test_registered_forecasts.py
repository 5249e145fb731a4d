"""A registered forecaster takes a long frame of history and answers the horizon after it."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from automl_on_ray.trainables.forecasting import (
    Bagged,
    FitSettings,
    columns_of,
    final_model_of,
    fit,
    give_frame,
    load_panel,
)
from automl_on_ray.trainables.forecasting.history import carried_on
from automl_on_ray.trainables.forecasting.registered import ForecastModel
from automl_on_ray.trainables.forecasting.registered.frames import read_history
from tests.trainables.forecasting.drawn_series import CONFIGS
from tests.trainables.forecasting.sales import HORIZON, keywords, sales

SALES = sales()
PANEL = load_panel(keywords(SALES, known=["offer"]))
NAMES = ("mlp", "direct trees", "Theta")
ELSEWHERE = """
import importlib, json, sys
from pathlib import Path

class Absent:  # this project is installed for the tests, and must not be found
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("automl_on_ray", "ray", "mlflow", "lazy_loader"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import pandas as pd

folder = Path(sys.argv[1])
(code,) = (path for path in folder.iterdir() if path.name.startswith("automl_forecasting_"))
sys.path.insert(0, str(folder))
model = importlib.import_module(code.name)._load_pyfunc(str(folder / "model"))
told = model.predict(pd.read_parquet(folder / "rows.parquet"))
print(json.dumps(told["forecast"].tolist()))
"""


@pytest.fixture(scope="module")
def bagged():
    history, _ = PANEL.history(None)
    members = {
        name: (weight, fit({**CONFIGS[name], "window": 2}, history, FitSettings()))
        for name, weight in zip(NAMES, (0.5, 0.25, 0.25), strict=True)
    }
    return Bagged(members, columns_of(PANEL))


@pytest.fixture(scope="module")
def model(bagged):
    return ForecastModel(bagged)


@pytest.fixture
def rows():
    """All that is known before the test part, and of the test part the offers."""
    frame = SALES.copy()
    late = frame["date"] > frame["date"].max() - pd.Timedelta(days=HORIZON)
    frame.loc[late, "units"] = np.nan
    return frame


def test_one_row_a_series_and_step_with_the_users_own_columns(model, rows):
    told = model.predict(rows)
    levels = [f"q0.{i}" for i in range(1, 10)]
    assert list(told) == ["shop", "item", "date", "forecast", *levels]
    assert len(told) == 6 * HORIZON
    assert (told["forecast"] == told["q0.5"]).all()
    assert (np.diff(told[levels].to_numpy(), axis=1) >= 0).all()
    asked = rows.loc[rows["units"].isna(), ["shop", "item", "date"]]
    both = told.merge(asked, on=["shop", "item", "date"])
    assert len(both) == len(told)


def test_it_forecasts_as_it_did_on_the_test_part(model, bagged, rows):
    history, series = PANEL.history(None)
    expected = pd.DataFrame(
        {"id": np.repeat([PANEL.ids[i] for i in series], HORIZON),
         "expected": bagged.predict(history)[:, :, 4].ravel()}
    )  # fmt: skip
    told = model.predict(rows)
    told["id"] = told["shop"] + " / " + told["item"]
    found = told.sort_values(["id", "date"], ignore_index=True)
    expected = expected.sort_values("id", kind="stable", ignore_index=True)
    assert found["id"].tolist() == expected["id"].tolist()
    np.testing.assert_allclose(found["forecast"], expected["expected"], rtol=1e-6)


def test_the_forecast_is_near_the_truth(model, rows):
    told = model.predict(rows).merge(SALES, on=["shop", "item", "date"])
    assert (np.abs(told["forecast"] - told["units"]) / told["units"]).mean() < 0.2


def test_series_that_it_has_never_seen_and_rows_in_any_order_are_fine(model, rows):
    strange = rows[rows["shop"] == "north"].assign(shop="elsewhere")
    told = model.predict(strange)
    mixed = model.predict(strange.sample(frac=1, random_state=0))
    assert set(told["shop"]) == {"elsewhere"}
    keys = ["item", "date"]
    pd.testing.assert_frame_equal(
        told.sort_values(keys, ignore_index=True), mixed.sort_values(keys, ignore_index=True)
    )


def test_dates_as_texts_and_records_are_taken(model, rows):
    texts = rows.assign(date=rows["date"].dt.strftime("%Y-%m-%d"))
    records = json.loads(texts.to_json(orient="records"))
    np.testing.assert_allclose(
        model.predict(records)["forecast"], model.predict(rows)["forecast"], rtol=1e-6
    )


MONTHS = pd.Series(pd.date_range("2018-01-01", periods=60, freq="MS"))
DAYS = pd.Series(pd.date_range("2024-01-01", periods=150))
VALUES = np.random.default_rng(0).uniform(1, 20, 150).round(2)
WAYS = {
    "31.1.2020": lambda times: times.dt.strftime("%d.%m.%Y"),
    "31/1/2020": lambda times: times.dt.strftime("%d/%m/%Y"),
    "1/31/2020": lambda times: times.dt.strftime("%m/%d/%Y"),
    "31 Jan 2020": lambda times: times.dt.strftime("%d %b %Y"),
    "a time zone": lambda times: times.dt.tz_localize("Europe/Berlin"),
    "periods": lambda times: times.dt.to_period("D"),
}


def one_series(times, values):
    frame = pd.DataFrame({"time": times, "value": values})
    words = {"dataset": give_frame(frame), "frame": frame, "time": "time", "target": "value"}
    return load_panel({**words, "horizon": 6}), frame


@pytest.mark.parametrize(
    ("way", "times"),
    [
        *[pytest.param(way, DAYS, id=f"days as {way}") for way in WAYS],
        *[pytest.param(way, MONTHS, id=f"months as {way}") for way in ("31.1.2020", "a time zone")],
    ],
)
def test_times_are_read_as_they_were_for_learning(way, times):
    panel, frame = one_series(WAYS[way](times), VALUES[: len(times)])
    read = read_history(frame, columns_of(panel))
    np.testing.assert_array_equal(read.history.values[0], panel.values[0])
    assert read.lasts[0] == panel.last_time(0) == times.iloc[-1]


@pytest.mark.parametrize(
    "write",
    [
        lambda value: f"{value}".replace(".", ","),
        lambda value: f"{1000 * value:,.1f}",
        lambda value: f"${value}",
        lambda value: "?" if value > 19.5 else f"{value}",
    ],
    ids=["1,5", "1,234.5", "$1.5", "?"],
)
def test_numbers_are_read_as_they_were_for_learning(write):
    panel, frame = one_series(DAYS, [write(value) for value in VALUES])
    read = read_history(frame, columns_of(panel))
    np.testing.assert_array_equal(read.history.values[0], carried_on(panel.values[0]))


def test_a_decimal_comma_is_known_from_learning():
    panel, frame = one_series(DAYS, [f"{value:.2f}".replace(".", ",") for value in VALUES])
    frame["value"] = frame["value"] + "5"  # 1,255 alone could be thousands
    assert read_history(frame, columns_of(panel)).history.values[0].max() < 21


def test_two_times_in_one_month_are_refused():
    panel, frame = one_series(MONTHS, VALUES[: len(MONTHS)])
    frame.loc[3, "time"] = pd.Timestamp("2018-03-02")
    with pytest.raises(ValueError, match="2018-03-01 00:00:00 and 2018-03-02 00:00:00 in one step"):
        read_history(frame, columns_of(panel))


def test_a_gap_is_the_value_before_it(model, rows):
    place = rows.index[(rows["shop"] == "south") & (rows["item"] == "tea")][100]
    filled = rows.copy()
    filled.loc[place, "units"] = rows.loc[place - 1, "units"]
    gone = rows.copy()
    gone.loc[place, "units"] = np.nan
    np.testing.assert_allclose(
        model.predict(gone)["forecast"], model.predict(filled)["forecast"], rtol=1e-9
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="units"), "no column 'units'"),
        (lambda f: f.iloc[:0], "no rows"),
        (lambda f: pd.concat([f, f.iloc[:1]]), "'north/tea' has 2024-01-01 00:00:00 twice"),
        (lambda f: f.assign(units=np.nan), "'north/tea' has no value of 'units'"),
        (lambda f: f.assign(units="many"), "'units' must hold numbers, but holds 'many'"),
        (lambda f: f.assign(date=[[1]] * len(f)), "'date' must hold single values"),
        (lambda f: f.assign(shop=[{"a": 1}] * len(f)), "'shop' must hold single values"),
        (lambda f: f.assign(date="soon"), "The time 'soon' in row 1 is no date"),
        (lambda f: f[f["units"].notna()], "lacks 'offer' at step 1 of the 7"),
        (
            lambda f: f.assign(date=f["date"] + pd.to_timedelta(f.index % 2 * 5, unit="h")),
            "between two steps",
        ),
    ],
)
def test_what_cannot_be_taken_is_refused_in_one_line(model, rows, change, said):
    with pytest.raises(ValueError, match=said) as raised:
        model.predict(change(rows))
    assert "\n" not in str(raised.value)


def test_a_model_loads_where_this_project_is_not(bagged, model, rows, tmp_path):
    final = final_model_of(bagged, PANEL, {"test_mase": 1.0}, folder=tmp_path)
    final.write(tmp_path)
    rows.to_parquet(tmp_path / "rows.parquet")
    words = [sys.executable, "-c", ELSEWHERE, str(tmp_path)]
    ran = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    np.testing.assert_allclose(told, model.predict(rows)["forecast"], rtol=1e-5)


def test_what_is_registered_says_what_it_takes_and_needs(bagged, model, tmp_path):
    final = final_model_of(bagged, PANEL, {"test_mase": 1.0}, folder=tmp_path)
    assert {name for name, _ in final.inputs} == {"shop", "item", "date", "units", "offer"}
    assert set(final.requirements) == {"numpy", "pandas", "scipy", "torch", "lightgbm"}
    assert final.facts["horizon"] == HORIZON
    assert "`offer` must be known ahead" in final.page
    told = model.predict(final.example)
    assert list(told) == [name for name, _ in final.outputs]


def test_without_a_member_there_is_no_model():
    with pytest.raises(ValueError, match="needs a member"):
        Bagged({}, columns_of(PANEL))
