"""An ensemble of forecasters is never worse than the best of them, where it was chosen."""

import numpy as np
import pytest

from automl_on_ray.trainables.forecasting import blended, load_panel, mase, select
from tests.trainables.forecasting.sales import keywords, sales

PANEL = load_panel(keywords(sales()))
FOLDS = range(PANEL.folds)


def off_by(share, seed=0):
    """Forecasts of each fold that are too high by that share of the truth, and noise."""
    generator = np.random.default_rng(seed)
    made = []
    for fold in FOLDS:
        truth = PANEL.truth(fold)
        points = truth * (1 + share + 0.01 * generator.normal(size=truth.shape))
        made.append(np.repeat(points[..., None], 9, axis=2).astype(np.float32))
    return made


def loss(of_one):
    found = [mase(of_one[f], PANEL.truth(f), PANEL.history(f)[0]).mean() for f in FOLDS]
    return np.mean(found)


def test_forecasts_that_are_too_high_and_too_low_are_weighted_to_the_middle():
    made = {"high": off_by(0.2), "low": off_by(-0.1, seed=1)}
    weights = select(made, PANEL)
    assert sum(weights.values()) == pytest.approx(1)
    assert list(weights) == ["low", "high"]
    assert weights["low"] == pytest.approx(2 / 3, abs=0.05)


def test_an_ensemble_is_no_worse_than_its_best_member():
    made = {f"t{i}": off_by(share, i) for i, share in enumerate((0.3, 0.05, -0.2, 0.1))}
    weights = select(made, PANEL)
    mixed = [blended({name: one[f] for name, one in made.items()}, weights) for f in FOLDS]
    assert loss(mixed) <= min(map(loss, made.values())) + 1e-9


def test_trials_that_were_stopped_early_are_passed_over():
    made = {"whole": off_by(0.3), "stopped": off_by(0.0)[:1]}
    assert select(made, PANEL) == {"whole": 1.0}


def test_levels_of_a_mixture_do_not_fall():
    generator = np.random.default_rng(0)
    parts = {name: np.sort(generator.normal(size=(4, 3, 9)), axis=2) for name in "ab"}
    assert (np.diff(blended(parts, {"a": 0.3, "b": 0.7}), axis=2) >= 0).all()


def test_without_a_trial_there_is_no_ensemble():
    with pytest.raises(ValueError, match="No trial"):
        select({}, PANEL)
