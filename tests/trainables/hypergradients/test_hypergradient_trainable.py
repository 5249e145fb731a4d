"""A user's trainable gives three functions, and its hyperparameters are tuned while it trains."""

from typing import ClassVar

import pytest
import torch

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.hypergradients import (
    HypergradientSettings,
    HypergradientTrainable,
    Log,
    Logit,
    nearest,
    parse_tuned,
)
from automl_on_ray.trainables.hypergradients.solvers import ConjugateGradients
from automl_on_ray.trainables.image_classifier import DivergedError

GENERATOR = torch.Generator().manual_seed(0)
FEATURES = 12
X = torch.randn(90, FEATURES, generator=GENERATOR, dtype=torch.float64)
TRUE = torch.tensor([2.0, -1.5, 1.0] + [0.0] * (FEATURES - 3), dtype=torch.float64)
Y = X @ TRUE + 2 * torch.randn(90, generator=GENERATOR, dtype=torch.float64)
TRAIN, HELD = slice(0, 30), slice(30, 90)
CONFIG = {"penalty": 0.01, "learning_rate": 0.02}


def error(weights, rows):
    return ((X[rows] @ weights["w"] - Y[rows]) ** 2).mean()


def best_penalty():
    """By the closed form, from many."""
    gram, right = X[TRAIN].T @ X[TRAIN] / 30, X[TRAIN].T @ Y[TRAIN] / 30
    found = {}
    for penalty in torch.logspace(-4, 1, 400, dtype=torch.float64):
        minimum = torch.linalg.solve(gram + penalty * torch.eye(FEATURES).double(), right)
        found[penalty.item()] = error({"w": minimum}, HELD).item()
    return min(found, key=found.get)


class Ridge(HypergradientTrainable):
    TUNED = "penalty"
    TRANSFORMS: ClassVar = {"penalty": Log(1e-4, 10.0)}

    def begin(self, config):
        return {"w": torch.zeros(FEATURES, dtype=torch.float64)}

    def train_loss(self, weights, hyper, batch):
        penalty = nearest(hyper, "penalty", "w")
        return error(weights, TRAIN) + (penalty * weights["w"] ** 2).sum()

    def val_loss(self, weights, batch):
        return error(weights, HELD)

    def metrics(self, weights):
        return {"size": weights["w"].norm().item()}


class Drawn(Ridge):
    """Batches and initial weights of chance."""

    def begin(self, config):
        return {"w": torch.randn(FEATURES, dtype=torch.float64)}

    def train_loss(self, weights, hyper, batch):
        dropped = torch.nn.functional.dropout(weights["w"], 0.1)
        penalty = nearest(hyper, "penalty", "w")
        return error({"w": dropped}, batch) + (penalty * weights["w"] ** 2).sum()

    def batches(self):
        return torch.randint(0, 30, (25, 10), generator=self.generator)


def settings(text="penalty", **words):
    return HypergradientSettings(parse_tuned(text), **words)


def reports(trial, epochs):
    return [trial.step() for _ in range(epochs)]


@pytest.mark.parametrize("start", [0.001, 5.0])
def test_a_hyperparameter_comes_to_its_best_value_from_either_side(start):
    class Solved(Ridge):
        SETTINGS: ClassVar = {"solver": ConjugateGradients()}

    last = reports(Solved(config={**CONFIG, "penalty": start}), 20)[-1]
    assert last["hyper/penalty"] == pytest.approx(best_penalty(), rel=0.05)


def test_a_value_for_each_weight_does_better_on_what_it_is_tuned_on():
    one, each = Ridge(config=dict(CONFIG)), Ridge(config=dict(CONFIG))
    each.setup(dict(CONFIG), hypergradients=settings("penalty:weight"))
    assert reports(each, 20)[-1]["val_loss"] < 0.95 * reports(one, 20)[-1]["val_loss"]
    assert each.course.values["penalty/w"].shape == (FEATURES,)


def test_an_epoch_reports_losses_values_and_what_the_class_adds():
    trial = Ridge(config=dict(CONFIG))
    trial.setup(dict(CONFIG), epochs=2)
    first, second = reports(trial, 2)
    assert {"train_loss", "val_loss", "size", "hyper/penalty", "restarts"} <= set(first)
    assert second["val_loss"] == pytest.approx(error(trial.course.weights, HELD).item())
    assert second["size"] == pytest.approx(trial.course.weights["w"].norm().item())
    assert [first["done"], second["done"]] == [False, True]
    assert trial.config == CONFIG


def test_a_study_s_settings_take_the_place_of_the_class_s():
    trial = Ridge(config=dict(CONFIG))
    trial.setup(dict(CONFIG), hypergradients=settings("learning_rate"))
    (report,) = reports(trial, 1)
    assert "hyper/learning_rate" in report
    assert "hyper/penalty" not in report


def test_what_is_not_tuned_is_as_the_config_says():
    seen = {}

    class Looking(Ridge):
        def train_loss(self, weights, hyper, batch):
            seen.update(hyper)
            return super().train_loss(weights, hyper, batch)

    trial = Looking(config={**CONFIG, "penalty": 0.3, "momentum": 0.5})
    trial.setup(trial.config, hypergradients=settings("learning_rate"))
    reports(trial, 1)
    assert (seen["penalty"].item(), seen["momentum"].item()) == (0.3, 0.5)
    assert seen["learning_rate"].item() != 0.02


def test_a_start_may_be_a_tensor_of_the_class():
    class Weighed(Ridge):
        TUNED = "trust"
        TRANSFORMS: ClassVar = {"trust": Logit(0.0, 2.0)}
        STARTS: ClassVar = {"trust": torch.linspace(0.5, 1.5, 30)}

        def train_loss(self, weights, hyper, batch):
            return (hyper["trust"] * (X[TRAIN] @ weights["w"] - Y[TRAIN]) ** 2).mean()

    trial = Weighed(config={"learning_rate": 0.02})
    assert torch.allclose(trial.course.values["trust"], torch.linspace(0.5, 1.5, 30).double())
    before, *_, after = reports(trial, 5)
    assert after["hyper/trust/min"] < before["hyper/trust/min"]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_the_config_chooses_the_optimiser(optimizer):
    trial = Ridge(config={**CONFIG, "optimizer": optimizer})
    first, *_, last = reports(trial, 8)
    assert last["val_loss"] < first["val_loss"]
    assert ("mean/w" in trial.course.optimizer_state) == (optimizer != "sgd")


def test_an_update_of_one_s_own_takes_the_place_of_it():
    class Signs(Ridge):
        TUNED = "learning_rate"

        def begin_state(self, weights):
            return {}

        def update(self, weights, state, gradient, hyper):
            rate = hyper["learning_rate"]
            return {name: one - rate * gradient[name].tanh() for name, one in weights.items()}, {}

    first, *_, last = reports(Signs(config=dict(CONFIG)), 5)
    assert last["val_loss"] < first["val_loss"]


@pytest.mark.parametrize(
    ("config", "text", "told"),
    [
        ({**CONFIG, "optimizer": "adm"}, "penalty", "Did you mean 'adam'"),
        (CONFIG, "penalt", "Did you mean 'penalty'"),
        ({"learning_rate": 0.1}, "penalty", "Ridge has no value of 'penalty' to start from"),
    ],
)
def test_a_mistake_is_told_in_a_line(config, text, told):
    class Mistaken(Ridge):
        TUNED = text

    Mistaken.__name__ = "Ridge"
    with pytest.raises(UserError, match=told):
        Mistaken(config=dict(config))


@pytest.mark.parametrize("text", ["penalty", "learning_rate", "learning_rate=forward,penalty"])
def test_a_trial_that_is_restored_goes_on_as_if_it_had_not_been_stopped(text, tmp_path):
    class Mine(Drawn):
        TUNED = text

    whole = Mine(config=dict(CONFIG))
    whole.train()
    saved = whole.save(str(tmp_path))
    again = Mine(config=dict(CONFIG))
    again.restore(saved)
    assert reports(again, 3) == reports(whole, 3)
    assert torch.equal(again.course.weights["w"], whole.course.weights["w"])


def test_the_seed_makes_the_trial():
    def losses(seed):
        trial = Drawn(config=dict(CONFIG))
        trial.setup(dict(CONFIG), seed=seed)
        return [report["val_loss"] for report in reports(trial, 2)]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_a_trial_begins_anew_with_another_config():
    trial = Ridge(config=dict(CONFIG))
    expected = reports(trial, 2)
    assert trial.reset_config({**CONFIG, "penalty": 1.0})
    assert reports(trial, 2) != expected
    assert trial.reset_config(dict(CONFIG))
    assert reports(trial, 2) == expected


def test_a_validation_loss_that_is_no_number_ends_the_trial_by_name():
    class Broken(Ridge):
        def val_loss(self, weights, batch):
            return super().val_loss(weights, batch) * float("nan")

    with pytest.raises(DivergedError, match="epoch 1: val_loss is nan"):
        Broken(config=dict(CONFIG)).step()
