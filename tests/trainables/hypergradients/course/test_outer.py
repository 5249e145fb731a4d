"""Outer steps are those of torch.optim, within bounds; what is out of the ordinary is counted."""

import math

import pytest
import torch

from automl_on_ray.trainables.hypergradients import Log, Logit
from automl_on_ray.trainables.hypergradients.course.outer import Outer

LOG, LOGIT = Log(1e-6, 10.0), Logit()
TRANSFORMS = {"rate": LOG, "share": LOGIT}


def outer(optimizer="adam", rate=0.1, *, start=0.01, **words):
    raw = {
        "rate": LOG.raw(torch.tensor(start).double()),
        "share": LOGIT.raw(torch.tensor([0.5, 0.5]).double()),
    }
    names = {"rate": ["rate"], "share": ["share"]}
    return Outer(raw, names, TRANSFORMS, optimizer=optimizer, rate=rate, rates=words)


def slope(rate=1.0, share=(1.0, -1.0)):
    return {"rate": torch.tensor(rate).double(), "share": torch.tensor(share).double()}


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_small_steps_are_those_of_torch(optimizer):
    one = outer(optimizer, rate=0.05)
    theirs = torch.nn.Parameter(one.raw["rate"])
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer]([theirs], 0.05)
    for size in (1.0, -0.5, 2.0):
        one.step(slope(size))
        theirs.grad = torch.tensor(size).double()
        kind.step()
    assert torch.equal(one.raw["rate"], theirs.detach())


def test_a_key_may_have_a_rate_of_its_own():
    own, other = outer("sgd", rate=0.05, share=0.01), outer("sgd", rate=0.05)
    own.step(slope())
    other.step(slope())
    assert torch.equal(own.raw["rate"], other.raw["rate"])
    assert torch.allclose(own.raw["share"] * 5, other.raw["share"])


@pytest.mark.parametrize(("size", "factor"), [(-100.0, 1.5), (100.0, 1 / 4)])
def test_one_step_multiplies_by_no_more_than_its_bound(size, factor):
    one = outer("sgd", rate=1.0)
    one.step(slope(size))
    assert LOG.value(one.raw["rate"]).item() == pytest.approx(0.01 * factor)


def test_what_is_no_factor_is_bounded_alike_both_ways():
    one = outer("sgd", rate=1.0)
    one.step(slope(share=(-100.0, 100.0)))
    assert one.raw["share"].tolist() == pytest.approx([math.log(4), -math.log(4)])


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_value_that_was_stopped_is_not_carried_on_by_steps_before(optimizer):
    one = outer(optimizer)
    one.stop(["rate"])  # before any step there is nothing to stop
    for _ in range(5):
        one.step(slope(-100.0))
    stopped = one.raw
    one.stop(["rate"])
    one.step(slope(0.0, share=(0.0, 0.0)))
    assert torch.equal(one.raw["rate"], stopped["rate"])
    assert torch.equal(one.raw["share"], stopped["share"]) == (optimizer == "sgd")


def test_values_stay_within_the_bounds_of_their_transform():
    one = outer("sgd", rate=1.0, start=9.0)
    for _ in range(3):
        one.step(slope(-100.0))
    assert LOG.value(one.raw["rate"]).item() == pytest.approx(10.0)


def test_keys_without_a_hypergradient_stay_where_they_are():
    one = outer()
    before = one.raw["share"]
    one.step({"rate": torch.tensor(1.0).double()})
    assert torch.equal(one.raw["share"], before)
    assert set(one.norms) == {"rate"}


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_hypergradient_that_is_not_finite_is_skipped_and_counted(broken):
    one = outer()
    before = one.raw
    one.step(slope(share=(1.0, broken)))
    assert one.skipped == 1
    assert torch.equal(one.raw["share"], before["share"])
    assert not torch.equal(one.raw["rate"], before["rate"])


def test_a_hypergradient_far_beyond_the_usual_is_clipped_and_counted():
    one = outer("sgd", rate=1e-3)
    for _ in range(5):
        one.step(slope(1.0))
    before = one.raw["rate"]
    one.step(slope(2e3))
    assert one.clipped == 1
    assert (before - one.raw["rate"]).item() == pytest.approx(10 * 1e-3)
    assert one.norms["rate"] == 2e3
    one.step(slope(500.0))
    assert one.clipped == 1


def test_what_is_usual_is_not_known_at_once():
    one = outer("sgd", rate=1e-3)
    for _ in range(4):
        one.step(slope(1e-6))
    one.step(slope(1.0))
    assert one.clipped == 0


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_one_goes_on_exactly_from_its_state(optimizer):
    whole, first = outer(optimizer), outer(optimizer)
    for size in (1.0, -3.0, 0.5, 0.1, 7.0):
        whole.step(slope(size))
        first.step(slope(size))
    second = outer(optimizer, start=1.0)
    second.load_state(first.state())
    first.step(slope(100.0))  # what it holds is its own
    for size in (1e5, 1.0, math.nan):
        whole.step(slope(size))
        second.step(slope(size))
    assert all(torch.equal(whole.raw[name], second.raw[name]) for name in TRANSFORMS)
    assert (second.clipped, second.skipped) == (whole.clipped, whole.skipped) == (1, 1)


def parabola(raw, centre=-4.0):
    distance = raw["rate"] - centre
    others = raw["share"] - 0.3
    loss = distance**2 + (others**2).sum()
    return float(loss), {"rate": 2 * distance, "share": 2 * others}


def test_lbfgs_finds_a_minimum_that_is_near():
    one = outer("lbfgs", rate=1.0, start=math.exp(-4.2))
    one.search(parabola)
    assert parabola(one.raw)[0] < 1e-6


def test_lbfgs_goes_no_further_than_one_step_may():
    one = outer("lbfgs", rate=1.0)
    one.search(lambda raw: parabola(raw, centre=2.0))
    assert LOG.value(one.raw["rate"]).item() == pytest.approx(0.015)
    assert one.raw["share"].tolist() == pytest.approx([0.3, 0.3])


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_lbfgs_turns_back_from_where_the_loss_is_no_number(broken):
    """A training that diverges beyond a rate, which the first try goes to."""
    edge = math.log(0.01) + 0.1

    def evaluate(raw):
        loss, gradient = parabola(raw, centre=-4.53)
        if raw["rate"] > edge:
            return broken, {name: one * math.nan for name, one in gradient.items()}
        return loss, gradient

    one = outer("lbfgs", rate=1.0)
    before = evaluate(one.raw)[0]
    one.search(evaluate)
    assert evaluate(one.raw)[0] < before / 2


def test_lbfgs_skips_a_function_that_is_no_number_where_it_begins():
    one = outer("lbfgs")
    before = one.raw
    one.search(lambda raw: (math.nan, slope(math.nan)))
    assert all(torch.equal(one.raw[name], before[name]) for name in TRANSFORMS)
