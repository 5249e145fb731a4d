"""Every model learns what can be learned, says how sure it is, and is the same when loaded."""

import json

import numpy as np
import pytest

from automl_on_ray.search_spaces.forecast import SPACE
from automl_on_ray.trainables.forecasting import FitSettings, fit, load, mase, scores
from tests.trainables.forecasting.drawn_series import (
    CONFIGS,
    HORIZON,
    LEARNING,
    history_of,
    parted,
    seasonal_series,
    walks,
)

every_model = pytest.mark.parametrize("name", CONFIGS)
every_learning = pytest.mark.parametrize("name", LEARNING)
BRIEF = {"network_windows": 1_000, "trees_rounds": 10}


def brief(name, **changes):
    own = {key: value for key, value in BRIEF.items() if key in CONFIGS[name]}
    return {**CONFIGS[name], **own, **changes}


def fitted(config, history, seed=0):
    return fit(config, history, FitSettings(seed=seed, threads=1))


@every_model
def test_a_config_has_the_parameters_that_the_space_has_for_its_model(name):
    config = CONFIGS[name]
    every = dict.fromkeys(SPACE.domains) | {"model": config["model"]}
    assert set(SPACE.active(every)) <= set(config)


@every_model
def test_a_season_that_all_series_have_is_found(name):
    history, truth = parted(seasonal_series())
    found = scores(fitted(CONFIGS[name], history).predict(history), truth, history)
    assert found["mase"] < 1.2
    assert found["smape"] < 8  # the noise alone is about 4, one flat line about 25


@every_model
def test_levels_do_not_fall_and_there_is_one_forecast_a_series_and_step(name):
    history, _ = parted(walks(count=30))
    told = fitted(brief(name), history).predict(history)
    assert told.shape == (30, HORIZON, 9)
    assert (np.diff(told, axis=2) >= 0).all()


@every_model
def test_a_model_forecasts_the_same_when_it_is_loaded(name, tmp_path):
    history, _ = parted(walks(count=20))
    model = fitted(brief(name), history)
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_allclose(again.predict(history), model.predict(history), rtol=1e-6)
    told = json.loads((tmp_path / "model" / "forecaster.json").read_text())
    assert told["model"] == again.model == CONFIGS[name]["model"]


@every_learning
def test_the_same_seed_gives_the_same_forecasts_and_another_seed_others(name):
    history, _ = parted(walks(count=20))
    config = brief(name)
    if "trees_row_share" in config:
        config["trees_row_share"] = 0.5
    one, same, other = (fitted(config, history, seed).predict(history) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@every_learning
def test_series_that_it_has_not_learned_from_are_forecast_too(name):
    series = seasonal_series(count=60)
    learned, _ = parted(series[:40])
    strange, truth = parted(series[40:])
    found = fitted(CONFIGS[name], learned).predict(strange)
    assert mase(found, truth, strange).mean() < 1.2


@every_learning
def test_about_80_of_100_values_lie_between_the_outer_levels(name):
    series = walks()
    history, truth = parted(series)
    found = scores(fitted(brief(name), history).predict(history), truth, history)
    assert found["coverage"] == pytest.approx(0.8, abs=0.07)


def test_a_network_learns_levels_of_its_own_by_quantile_loss():
    history, truth = parted(walks())
    config = {**CONFIGS["mlp"], "network_loss": "quantile"}
    model = fitted(config, history)
    found = scores(model.predict(history), truth, history)
    assert model.spread is None
    assert found["coverage"] == pytest.approx(0.8, abs=0.07)


# Each loss and each scaling once; what is left of the pairs runs in CI alone.
PAIRS = [
    pytest.param(loss, scaling, marks=[pytest.mark.whole] * (loss != "mae" and scaling != "mean"))
    for loss in ("mae", "mse", "smape", "quantile")
    for scaling in ("mean", "last", "standard")
]


@pytest.mark.parametrize(("loss", "scaling"), PAIRS)
def test_every_loss_and_scaling_learns_a_season(loss, scaling):
    history, truth = parted(seasonal_series())
    config = {**CONFIGS["mlp"], "network_loss": loss, "scaling": scaling,
              "network_windows": 20_000}  # fmt: skip
    assert mase(fitted(config, history).predict(history), truth, history).mean() < 1.3


@pytest.mark.parametrize("name", ["mlp", "tcn", "lstm", "direct trees", "recursive trees"])
def test_a_covariate_that_is_known_ahead_helps(name):
    generator = np.random.default_rng(0)
    price = generator.integers(0, 2, (50, 64)).astype(float)
    series = 100 + 50 * price + generator.normal(size=price.shape)
    known = tuple(one[:, None] for one in price)
    with_it, truth = parted(series, known=known)
    without, _ = parted(series)
    config = {**CONFIGS[name], "window": 1, "scaling": "last"}
    helped, blind = (
        mase(fitted(config, history).predict(history), truth, history).mean()
        for history in (with_it, without)
    )
    assert helped < blind / 2


@pytest.mark.parametrize("name", ["mlp", "tcn", "lstm", "direct trees"])
def test_a_covariate_of_the_past_helps(name):
    """The next step repeats what the covariate was at the last."""
    generator = np.random.default_rng(0)
    sign = generator.choice([-1.0, 1.0], (80, 64))
    series = 100 + 20 * np.roll(sign, 1, axis=1) + generator.normal(size=sign.shape)
    past = tuple(one[:-1, None] for one in sign)
    with_it, truth = parted(series, horizon=1, past=past)
    without, _ = parted(series, horizon=1)
    helped, blind = (
        mase(
            fitted({**CONFIGS[name], "window": 1}, history).predict(history), truth, history
        ).mean()
        for history in (with_it, without)
    )
    assert helped < blind / 2


ODD = {
    "constant": np.full(40, 7.0),
    "zero": np.zeros(40),
    "spike": np.r_[np.zeros(30), 5.0, np.zeros(9)],
    "negative": -np.arange(40.0),
    "large": 1e9 + np.arange(40.0),
    "small": 1e-7 * (2 + np.sin(np.arange(40))),
}


@every_learning
def test_odd_series_are_forecast_by_finite_numbers(name):
    history = history_of([*ODD.values(), *walks(count=5, length=40)])
    told = fitted(brief(name), history).predict(history)
    assert np.isfinite(told).all()
    for (odd, series), own in zip(ODD.items(), told, strict=False):
        if series.min() >= 0:
            assert own.min() >= 0, odd
            assert own.max() < 100 * (1 + series.max()), odd


@every_learning
def test_one_single_short_series_is_enough(name):
    history = history_of([seasonal_series(count=1, length=3 * HORIZON)[0]])
    assert fitted(brief(name), history).predict(history).shape == (1, HORIZON, 9)


@every_learning
def test_series_without_a_season_and_of_unequal_lengths_are_taken(name):
    series = [one[: 6 + 2 * at] for at, one in enumerate(walks(count=20))]
    history = history_of(series, season=1, horizon=3)
    assert fitted(brief(name), history).predict(history).shape == (20, 3, 9)


@every_learning
def test_a_history_too_short_to_learn_from_is_refused(name):
    with pytest.raises(ValueError, match="No series has more than 4 values to learn from"):
        fitted(brief(name), history_of([[1.0, 2.0, 3.0, 4.0]]))


def test_a_model_of_another_name_is_none():
    with pytest.raises(ValueError, match="no model"):
        fitted({"model": "../mlp"}, history_of([np.arange(20.0)]))
