"""The end of a study of forecasts looks at the test part once for each ensemble that is found."""

from types import SimpleNamespace

import pytest

from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.forecasting import ForecastReport
from automl_on_ray.studies.forecasting.finish import Ensembled
from automl_on_ray.studies.forecasting.look import Forecasted
from automl_on_ray.trainables.forecasting import FitSettings, fit
from tests.studies.forecasting.panels import panel_of, sales

NAIVE, THETA, ETS = ({"model": name} for name in ("seasonal_naive", "theta", "ets"))


@pytest.fixture
def panel(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))
    return panel_of(sales())


@pytest.fixture
def tested(panel, tmp_path):
    """The look at an ensemble of configs by trial, all of one weight."""
    record = SimpleNamespace(objectives=(Objective("val_mase", "min"),))
    plan = SimpleNamespace(study=SimpleNamespace(path=tmp_path), record=record)

    def look(configs):
        made = {trial: forecast(panel, config) for trial, config in configs.items()}
        baselines = {"seasonal naive": forecast(panel, NAIVE)}
        weights = dict.fromkeys(configs, 1 / len(configs))
        return Ensembled(panel, 0)._tested(plan, configs, baselines, made, weights)

    return look


def forecast(panel, config):
    history, _ = panel.history(None)
    return Forecasted(fit(config, history, FitSettings()).predict(history), 0.1)


def test_the_same_configs_are_shown_as_they_were_tested_and_others_are_another_look(tested):
    first = tested({"a": THETA})
    assert ForecastReport.of(first.report).compared[-1].name == "ensemble"
    assert tested({"later": THETA}) == first
    second = tested({"a": THETA, "b": ETS})
    assert (first.number, second.number) == (1, 2)
    assert ForecastReport.of(second.report).members == {"a": 0.5, "b": 0.5}
