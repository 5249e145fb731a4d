"""The example with 100 penalties: its hypergradient is near enough, and many penalties pay."""

import torch

from benchmarks.hypergradients import ridge

SEED = 100  # those below are kept for judging


def test_its_hypergradient_is_nearly_that_of_the_closed_form():
    data = ridge.drawn(SEED)
    raw = torch.linspace(-4, 1, ridge.FEATURES, dtype=torch.float64, requires_grad=True)
    weights = {"w": ridge.solved(data["train"], raw.exp())}
    (exact,) = torch.autograd.grad(ridge.Ridge().val_loss(weights, data["val"]), raw)
    found = ridge.hypergradient(data, raw.detach()).gradient["log_penalties"]
    assert (found - exact).norm() < 1e-2 * exact.norm()


def test_penalties_of_its_own_for_each_feature_halve_the_error_of_the_best_single_one():
    found = ridge.compared(SEED)
    single, many = found["single penalty"], found["100 penalties"]
    assert many.test <= single.test / 2
    assert many.val < single.val
    assert many.tried <= ridge.EVALUATIONS + 25  # a line search is not broken off
    lines = ridge.written([found, found]).splitlines()
    assert [line[:16].strip() for line in lines] == ["", *found]
    assert f"{many.test:.3f} ± 0.000" in lines[3]
