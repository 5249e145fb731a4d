"""A trial's course: windows, estimators beside each other, and a state that holds all of it."""

import math

import pytest
import torch

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.hypergradients import Course, HypergradientSettings, parse_tuned
from automl_on_ray.trainables.hypergradients.solvers import ConjugateGradients, Neumann, Nystrom
from tests.trainables.hypergradients.course.trials import (
    STARTS,
    STEPS,
    WINDOW,
    Tuned,
    begun,
    epochs,
    read_again,
    same,
)
from tests.trainables.hypergradients.trainings import tensors

COURSES = {
    "reverse by Adam": ("learning_rate,momentum", {}),
    "reverse by SGD": ("learning_rate", {"outer_optimizer": "sgd"}),
    "reverse by L-BFGS": ("learning_rate,momentum", {"outer_optimizer": "lbfgs"}),
    "reverse, truncated, checkpointed": ("learning_rate", {"truncation": 2, "checkpointed": True}),
    "reverse of Adam's training": (
        "learning_rate,beta1",
        {"rule": "adam", "starts": {"beta1": 0.8}},
    ),
    "reverse with dropout": ("learning_rate", {"dropout": 0.3}),
    "forward by Adam": ("learning_rate:layer=forward", {}),
    "forward by SGD": ("learning_rate=forward", {"outer_optimizer": "sgd", "truncation": 4}),
    "online by Adam": ("learning_rate:layer=online", {}),
    "online by SGD": ("learning_rate=online", {"outer_optimizer": "sgd"}),
    "implicit by Adam": ("weight_decay:weight", {}),
    "implicit by SGD": ("weight_decay:layer", {"outer_optimizer": "sgd"}),
    "implicit by Nyström's method": ("weight_decay", {"solver": Nystrom(rank=5)}),
    "implicit by conjugate gradients": (
        "weight_decay",
        {"solver": ConjugateGradients(iterations=5)},
    ),
    "implicit by Neumann's series": ("weight_decay", {"solver": Neumann(step_size=0.1)}),
    "implicit beside reverse": ("learning_rate,weight_decay", {"outer_optimizer": "sgd"}),
    "implicit beside online": ("learning_rate=online,weight_decay", {}),
}


@pytest.mark.parametrize("name", COURSES)
def test_a_trial_that_is_stopped_at_any_epoch_goes_on_as_if_it_had_not_been(name):
    text, words = COURSES[name]
    data, whole = epochs(4), begun(text, **words)
    torch.manual_seed(0)
    states, streams, told = [whole.state()], [torch.get_rng_state()], []
    for batches, held in data:
        told.append((whole.train(batches, held), whole.metrics()))
        states.append(read_again(whole.state()))
        streams.append(torch.get_rng_state())
    assert not same(states[-1]["outer"]["raw"], states[-2]["outer"]["raw"])
    for stop in range(len(data)):
        again = begun(text, **words)
        again.load_state(read_again(states[stop]))
        torch.set_rng_state(streams[stop])
        for (batches, held), expected in zip(data[stop:], told[stop:], strict=True):
            assert (again.train(batches, held), again.metrics()) == expected
        assert same(again.state(), states[-1])


def test_what_one_trial_does_after_its_state_was_taken_does_not_reach_its_clone():
    first, second = begun("learning_rate,weight_decay"), begun("learning_rate,weight_decay")
    (one, two, three) = epochs(3)
    first.train(*one)
    state = first.state()
    second.load_state(state)
    third = begun("learning_rate,weight_decay")
    third.load_state(read_again(state))
    second.train(*two)
    third.train(*two)
    assert same(second.state(), third.state())
    first.train(*three)
    assert same(second.state(), third.state())


@pytest.mark.parametrize("estimator", ["reverse", "forward", "online"])
def test_a_clone_with_another_start_goes_on_with_as_many_times_what_was_found(estimator):
    text = f"learning_rate={estimator},weight_decay"
    parent = begun(text)
    parent.train(*epochs(1)[0])
    clone = begun(text, starts={"learning_rate": 0.05 * 1.2})
    clone.load_state(read_again(parent.state()))
    found, own = parent.values, clone.values
    assert torch.isclose(own["learning_rate"], 1.2 * found["learning_rate"], rtol=1e-12)
    assert torch.equal(own["weight_decay"], found["weight_decay"])
    assert same(clone.weights, parent.weights)
    assert same(clone.optimizer_state, parent.optimizer_state)
    # A clone of the clone is compared with that one's start.
    second = begun(text, starts={"learning_rate": 0.05 * 1.2 * 0.8})
    second.load_state(read_again(clone.state()))
    expected = 0.8 * own["learning_rate"]
    assert torch.isclose(second.values["learning_rate"], expected, rtol=1e-12)


def test_steps_that_fill_no_window_are_trained_without_a_hypergradient():
    one, other = begun(), begun()
    ((batches, held),) = epochs(1)
    one.train(batches[: 2 * WINDOW], held)
    other.train(batches, held)
    assert same(one.values, other.values)
    assert not same(one.weights, other.weights)


def test_the_mean_loss_is_that_of_each_step_before_it():
    """With an outer rate of nearly nothing it is that of training alone."""
    course = begun(outer_rate=1e-12)
    ((batches, held),) = epochs(1)
    problem, weights = Tuned(), course.weights
    state, losses = problem.begin_state(weights), []
    for batch in batches:
        own = {name: one.clone().requires_grad_() for name, one in weights.items()}
        losses.append(problem.train_loss(own, {}, batch))
        gradient = dict(zip(own, torch.autograd.grad(losses[-1], own.values()), strict=True))
        weights, state = problem.update(weights, state, gradient, {})
    assert course.train(batches, held) == pytest.approx(sum(losses).item() / STEPS, rel=1e-9)
    assert all(torch.allclose(course.weights[n], one, rtol=1e-9) for n, one in weights.items())


@pytest.mark.parametrize("text", ["learning_rate", "learning_rate=forward", "learning_rate=online"])
def test_a_learning_rate_that_is_too_small_rises(text):
    course = begun(text, starts={"learning_rate": 5e-4})
    course.train(*epochs(1, steps=10 * WINDOW)[0])
    assert course.values["learning_rate"] > 2e-3


def test_forward_and_reverse_take_the_same_first_step():
    """Later on forward mode looks back beyond the window."""
    one, other = begun("learning_rate"), begun("learning_rate=forward")
    ((batches, held),) = epochs(1, steps=WINDOW)
    one.train(batches, held)
    other.train(batches, held)
    key = "hyper_grad_norm/learning_rate"
    assert one.metrics()[key] == pytest.approx(other.metrics()[key], rel=1e-10)


def test_implicit_hypergradients_wait_for_the_warm_up():
    course = begun("learning_rate,weight_decay", warm_up=STEPS + 2 * WINDOW)
    first, second = epochs(2)
    course.train(*first)
    assert "hyper_grad_norm/weight_decay" not in course.metrics()
    assert course.metrics()["hyper/weight_decay"] == pytest.approx(0.01)
    course.train(*second)
    assert course.metrics()["hyper_grad_norm/weight_decay"] > 0
    assert course.metrics()["hyper/weight_decay"] != pytest.approx(0.01)


def test_a_decay_moves_by_as_large_a_factor_where_it_is_ten_times_smaller():
    moved = []
    for start in (1e-5, 1e-6):
        course = begun("weight_decay", outer_optimizer="sgd", starts={"weight_decay": start})
        course.train(*epochs(1)[0])
        moved.append(math.log(course.values["weight_decay"] / start))
    assert moved[0] == pytest.approx(moved[1], rel=1e-2)
    assert abs(moved[0]) > 1e-3


def test_a_larger_batch_may_stand_for_the_training_data():
    words = {"warm_up": 0, "solver": ConjugateGradients()}
    one, other = begun("weight_decay", **words), begun("weight_decay", **words)
    ((batches, held),) = epochs(1)
    large = tuple(torch.cat(part) for part in zip(*batches, strict=True))
    one.train(batches, held)
    other.train(batches, held, large)
    assert not same(one.values, other.values)


def test_batches_of_validation_are_taken_in_turn():
    seen = []

    class Looking(Tuned):
        def val_loss(self, weights, batch):
            seen.append(batch)
            return super().val_loss(weights, batch)

    problem = Looking()
    settings = HypergradientSettings(parse_tuned("learning_rate"), unroll=2)
    starts = tensors({"learning_rate": 0.05})
    course = Course(problem, settings, problem.weights(), starts, problem.begin_state)
    ((batches, held),) = epochs(1)
    course.train(batches, held)
    assert [batch is held[index % 2] for index, batch in enumerate(seen)] == [True] * 3


def test_metrics_tell_a_value_or_the_range_of_several_and_the_norms():
    course = begun("learning_rate:layer,weight_decay")
    for data in epochs(2):
        course.train(*data)
    metrics, values = course.metrics(), course.values
    rates = torch.stack([values["learning_rate/one"], values["learning_rate/two"]])
    assert metrics["hyper/learning_rate/min"] == rates.min() < rates.max()
    assert metrics["hyper/learning_rate/max"] == rates.max()
    assert metrics["hyper/learning_rate/mean"] == pytest.approx(rates.mean().item())
    assert metrics["hyper/weight_decay"] == values["weight_decay"]
    assert set(metrics) == {
        *(f"hyper/learning_rate/{word}" for word in ("min", "mean", "max")),
        "hyper/weight_decay",
        "hyper_grad_norm/learning_rate",
        "hyper_grad_norm/weight_decay",
        "hypergradients_clipped",
        "hypergradients_skipped",
        "restarts",
    }
    assert all(isinstance(one, int | float) and math.isfinite(one) for one in metrics.values())


def test_lbfgs_trains_each_window_with_what_serves_it_best():
    ((batches, held),) = epochs(1, steps=WINDOW)
    losses = {}
    for optimizer in ("adam", "lbfgs"):
        course = begun(outer_optimizer=optimizer, starts={"learning_rate": 0.01})
        course.train(batches, held)
        losses[optimizer] = Tuned().val_loss(course.weights, held[0]).item()
    assert losses["lbfgs"] < losses["adam"]


def test_an_epoch_without_a_window_is_refused():
    with pytest.raises(UserError, match="An epoch has 2 steps, but a hypergradient takes 3"):
        begun().train(*epochs(1, steps=2)[0])


def test_an_epoch_without_validation_is_refused():
    batches, _ = epochs(1)[0]
    with pytest.raises(UserError, match="no batch of validation"):
        begun().train(batches, [])


def test_a_key_without_bounds_is_refused():
    with pytest.raises(UserError, match="'loss_weight' cannot be tuned by its gradient"):
        begun("loss_weight")


def test_constants_are_used_for_what_is_not_tuned():
    assert set(begun("momentum").values) == {"momentum"}
    assert begun("momentum").values["momentum"].item() == pytest.approx(STARTS["momentum"])
