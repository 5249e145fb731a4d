"""A training that has broken is noticed and begun again; a healthy one is left alone."""

import io
import math
from functools import partial

import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from automl_on_ray.trainables.hypergradients import (
    Course,
    HypergradientSettings,
    adam,
    begin_adam,
    begin_sgd,
    decay_penalty,
    parse_tuned,
    sgd,
    spread,
)
from automl_on_ray.trainables.image_classifier import DivergedError

PIXELS, LABELS = load_digits(return_X_y=True)
X, Y = torch.tensor(PIXELS / 16, dtype=torch.float32), torch.tensor(LABELS)
TRAIN, HELD, TEST = slice(0, 1000), slice(1000, 1300), slice(1300, 1797)
CONSTANTS = {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-4, "beta1": 0.9}
CONSTANTS = {key: torch.tensor(value) for key, value in {**CONSTANTS, "beta2": 0.999}.items()}
RULES = {"sgd": (begin_sgd, sgd), "adam": (begin_adam, adam)}


class Digits:
    """Two layers of ReLU units on the pixels of digits; a batch is rows, and what to multiply."""

    def __init__(self, rule="sgd", labels=Y, **constants):
        self.begin_state, self.rule = RULES[rule]
        self.labels = labels
        self.constants = {**CONSTANTS, **{k: torch.tensor(v) for k, v in constants.items()}}

    def weights(self, seed=0):
        generator = torch.Generator().manual_seed(seed)
        drawn = partial(torch.randn, generator=generator)
        return {
            "one.weight": drawn(32, 64) * (2 / 64) ** 0.5,
            "one.bias": torch.zeros(32),
            "two.weight": drawn(10, 32) * (1 / 32) ** 0.5,
            "two.bias": torch.zeros(10),
        }

    def output(self, weights, rows):
        hidden = F.relu(F.linear(X[rows], weights["one.weight"], weights["one.bias"]))
        return F.linear(hidden, weights["two.weight"], weights["two.bias"])

    def train_loss(self, weights, hyper, batch):
        rows, factor = batch
        return factor * F.cross_entropy(self.output(weights, rows), self.labels[rows])

    def val_loss(self, weights, batch):
        return F.cross_entropy(self.output(weights, batch), Y[batch])

    def update(self, weights, state, gradient, hyper):
        return self.rule(weights, state, gradient, {**self.constants, **hyper})

    def penalty(self, weights, hyper):
        return decay_penalty(weights, {**self.constants, **hyper})

    def accuracy(self, weights):
        return (self.output(weights, TEST).argmax(1) == Y[TEST]).float().mean().item()


class Trial:
    """Of digits, by this text, from these start values."""

    def __init__(self, text, starts, problem=None, *, seed=0, size=32, **words):
        self.problem, self.size = problem or Digits(), size
        self.generator = torch.Generator().manual_seed(seed)
        settings = HypergradientSettings(parse_tuned(text), **words)
        weights, values = self.problem.weights(seed), {}
        for one in settings.tuned:
            values |= spread(one, starts[one.key], weights)
        self.course = Course(self.problem, settings, weights, values, self.problem.begin_state)

    def batches(self, steps=50, factors=None):
        rows = torch.randint(0, 1000, (steps, self.size), generator=self.generator)
        return list(zip(rows, factors or [1.0] * steps, strict=True))

    def train(self, epochs, **words):
        return [self.course.train(self.batches(**words), [HELD]) for _ in range(epochs)][-1]

    @property
    def accuracy(self):
        return self.problem.accuracy(self.course.weights)

    def of(self, metric):
        return self.course.metrics()[metric]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("estimator", ["reverse", "online"])
def test_a_trial_from_a_learning_rate_100_times_too_large_ends_well(rule, estimator):
    usual = {"sgd": 0.05, "adam": 0.01}[rule]
    start = {"learning_rate": 100 * usual}
    trial = Trial(f"learning_rate={estimator}", start, Digits(rule), seed=1)
    trial.train(6)
    assert 1 <= trial.of("restarts") <= 4
    assert trial.accuracy > 0.85
    assert trial.of("hyper/learning_rate") < 10 * usual


def test_a_network_that_is_dead_but_finite_is_seen():
    """At this rate all units die in the first steps; from then on nothing of it is out of order."""
    trial = Trial("weight_decay", {"weight_decay": 1e-4}, Digits(learning_rate=3.0), restarts=0)
    with pytest.raises(DivergedError, match=r"untrained, with weight_decay=0.0001\."):
        trial.train(6)
    assert all(one.isfinite().all() for one in trial.course.weights.values())


@pytest.mark.parametrize("start", [5.0, 1000.0])
def test_without_restarts_the_trial_fails_by_name(start):
    trial = Trial("learning_rate", {"learning_rate": start}, restarts=0)
    with pytest.raises(DivergedError, match=r"^Training diverged: .*, with learning_rate=\d"):
        trial.train(6)


def test_after_too_many_restarts_in_a_row_the_trial_fails_by_name():
    """A rate that is not tuned is not reduced either."""
    trial = Trial("momentum", {"momentum": 0.9}, Digits(learning_rate=50.0))
    with pytest.raises(DivergedError, match=r"after 3 restarts in a row: .* with momentum=0\.9"):
        trial.train(6)


@pytest.mark.parametrize("estimator", ["reverse", "forward", "online"])
@pytest.mark.parametrize("factor", [math.nan, math.inf, 1e30])
def test_one_batch_that_breaks_all_costs_a_restart_from_the_last_good_window(estimator, factor):
    trial = Trial(f"learning_rate={estimator}", {"learning_rate": 0.05})
    trial.train(2)
    before, good = trial.of("hyper/learning_rate"), trial.accuracy
    assert good > 0.8
    mean = trial.train(1, steps=20, factors=[1.0] * 13 + [factor] + [1.0] * 6)
    assert trial.of("restarts") == 1
    assert math.isfinite(mean)
    assert trial.accuracy > good - 0.05
    assert trial.of("hyper/learning_rate") < before / 2


def test_after_a_restart_a_rate_is_not_carried_back_by_the_hypergradients_before_it():
    class Flat(Digits):
        """Flat from some time on: there the learning rate has a hypergradient of 0."""

        scale = 1.0

        def val_loss(self, weights, batch):
            return self.scale * super().val_loss(weights, batch)

    trial = Trial("learning_rate", {"learning_rate": 5e-4}, Flat())
    trial.train(1, steps=80)
    risen = trial.of("hyper/learning_rate")
    assert risen > 10 * 5e-4
    trial.train(1, steps=10, factors=[1.0] * 9 + [1e30])
    assert trial.of("restarts") == 1
    trial.problem.scale = 0.0
    trial.train(1)
    assert trial.of("hyper/learning_rate") == pytest.approx(risen / 4, rel=1e-5)


def test_a_restart_leaves_a_fresh_optimiser_and_what_is_beside_it():
    class Counting(Digits):
        def update(self, weights, state, gradient, hyper):
            own = {name: one for name, one in state.items() if name != "taken"}
            weights, own = super().update(weights, own, gradient, hyper)
            return weights, {**own, "taken": state["taken"] + 1}

    problem = Counting()
    settings = HypergradientSettings(parse_tuned("learning_rate"))
    values, beside = {"learning_rate": torch.tensor(0.05)}, {"taken": torch.zeros(())}
    course = Course(problem, settings, problem.weights(), values, problem.begin_state, state=beside)
    trial = Trial("learning_rate", {"learning_rate": 0.05})
    course.train(trial.batches(), [HELD])
    course.train(trial.batches(10, factors=[1.0] * 9 + [1e30]), [HELD])
    state = course.optimizer_state
    assert course.metrics()["restarts"] == 1
    assert state["taken"] == 60
    assert all(not state[name].any() for name in state if name != "taken")


def test_weights_that_decay_makes_vanish_are_seen_and_decay_is_reduced():
    trial = Trial("weight_decay", {"weight_decay": 1.0})
    trial.train(6)
    assert trial.of("restarts") >= 1
    assert trial.of("hyper/weight_decay") < 0.3
    assert trial.accuracy > 0.8


def wrong_labels(share):
    generator = torch.Generator().manual_seed(9)
    wrong = torch.rand(len(Y), generator=generator) < share
    return Y.where(~wrong, torch.randint(0, 10, Y.shape, generator=generator))


@pytest.mark.parametrize(("size", "rate"), [(1, 0.003), (4, 0.01), (32, 0.1)])
@pytest.mark.parametrize(("wrong", "seed"), [(0.0, 0), (0.4, 1), (1.0, 0)])
def test_a_healthy_training_is_left_alone_however_noisy(wrong, size, rate, seed):
    """With batches of one example, too, and where there is nothing to be learned at all."""
    problem = Digits(labels=wrong_labels(wrong), learning_rate=rate)
    trial = Trial("momentum", {"momentum": 0.9}, problem, seed=seed, size=size, outer_rate=1e-6)
    trial.train(6)
    assert trial.of("restarts") == 0


@pytest.mark.parametrize("rate", [1e-5, 5e-4])
def test_a_learning_rate_that_is_much_too_small_is_no_trouble(rate):
    trial = Trial("learning_rate", {"learning_rate": rate})
    trial.train(4)
    assert trial.of("restarts") == 0
    assert trial.of("hyper/learning_rate") > 10 * rate


def test_a_trained_network_that_is_trained_further_is_no_trouble():
    """Its loss hardly falls any more, from the first window on."""
    first = Trial("learning_rate", {"learning_rate": 0.05})
    first.train(10)
    second = Trial("momentum", {"momentum": 0.9}, size=4)
    second.problem.weights = lambda seed: first.course.weights
    third = Trial("momentum", {"momentum": 0.9}, second.problem, size=4, outer_rate=1e-6)
    third.train(4)
    assert third.of("restarts") == 0


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_trial_that_is_stopped_among_restarts_goes_on_as_if_it_had_not_been(epochs):
    starts, steps = {"learning_rate": 5.0}, 20
    whole = Trial("learning_rate,weight_decay", {**starts, "weight_decay": 0.01})
    whole.train(epochs, steps=steps)
    assert whole.of("restarts") >= 1
    buffer = io.BytesIO()
    torch.save(whole.course.state(), buffer)
    buffer.seek(0)
    again = Trial("learning_rate,weight_decay", {**starts, "weight_decay": 0.01})
    again.course.load_state(torch.load(buffer, weights_only=True))
    again.generator.set_state(whole.generator.get_state())
    assert again.train(3, steps=steps) == whole.train(3, steps=steps)
    assert again.course.metrics() == whole.course.metrics()
    for name, one in whole.course.weights.items():
        assert torch.equal(again.course.weights[name], one)
