"""Forward mode carries along what reverse mode would find on the way back."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings, strategies as st

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.hypergradients import (
    Log,
    Logit,
    Unconstrained,
    begin_tangents,
    forward,
    forward_step,
    reverse,
)
from tests.trainables.hypergradients.trainings import (
    LAYERS,
    RULES,
    Perceptron,
    by_differences,
    distance,
    of_network,
    trained,
)


def along(problem, weights, state, hyper, batches, val_batch, **words):
    """Trained step by step with tangents that begin here, then differentiated."""
    tangents = begin_tangents(weights, state, hyper)
    for batch in batches:
        weights, state, tangents, _ = forward_step(
            problem, weights, state, tangents, hyper, batch, **words
        )
    return forward(problem, weights, state, tangents, hyper, val_batch)


@pytest.mark.parametrize("rule", RULES)
def test_it_agrees_with_differences(rule):
    problem = Perceptron(rule)
    training = problem.begun()
    found = along(problem, *training)
    assert distance(found.gradient, by_differences(problem, *training)) < 1e-6


@settings(max_examples=20)
@given(st.sampled_from(sorted(RULES)), st.integers(1, 6), st.integers(1, 5), st.integers(0, 999))
def test_it_agrees_with_reverse_mode_on_the_same_steps(rule, hidden, steps, seed):
    problem = Perceptron(rule, hidden, seed, dropout=0.2)
    training = problem.begun(steps=steps)
    torch.manual_seed(seed)
    found = along(problem, *training)
    torch.manual_seed(seed)
    expected = reverse(problem, *training)
    assert distance(found.gradient, expected.gradient) < 1e-10
    for own, other in ((found.weights, expected.weights), (found.state, expected.state)):
        assert distance(own, other) < 1e-10


@pytest.mark.parametrize("rule", RULES)
def test_both_find_the_slopes_of_raw_values(rule):
    problem = Perceptron(rule)
    weights, state, hyper, batches, val_batch = problem.begun()
    transforms = {
        key: Log(1e-5, 10.0) if key.startswith(("learning_rate", "loss")) else Logit()
        for key in hyper
    }
    unbounded = Unconstrained(problem, transforms)
    raw = {key: transforms[key].raw(value) for key, value in hyper.items()}
    training = weights, state, raw, batches, val_batch
    found = along(unbounded, *training).gradient
    assert distance(found, reverse(unbounded, *training).gradient) < 1e-10
    assert distance(found, by_differences(unbounded, *training)) < 1e-6


def test_decay_weighs_each_step_by_how_long_ago_it_was():
    problem = Perceptron("adamw")
    training = problem.begun(steps=4)
    back = [reverse(problem, *training, truncation=steps).gradient for steps in (1, 2, 3, 4)]
    key = "learning_rate/one"
    of_step = [back[0][key], *(more[key] - less[key] for less, more in pairwise(back))]
    for decay in (0.0, 0.6):
        found = along(problem, *training, decay=decay).gradient[key]
        expected = sum(decay**ago * part for ago, part in enumerate(of_step))
        assert torch.isclose(found, expected, rtol=1e-10)


def test_tangents_begun_anew_forget_all_steps_before():
    problem = Perceptron("nesterov")
    weights, state, hyper, batches, val_batch = problem.begun(steps=4)
    late = trained(problem, weights, state, hyper, batches[:2])
    found = along(problem, *late, hyper, batches[2:], val_batch)
    truncated = reverse(problem, weights, state, hyper, batches, val_batch, truncation=2)
    assert distance(found.gradient, truncated.gradient) < 1e-10


def test_tangents_are_kept_and_go_on_bit_for_bit(tmp_path):
    problem = Perceptron("adam")
    weights, state, hyper, batches, val_batch = problem.begun(steps=4)
    whole = along(problem, weights, state, hyper, batches, val_batch)
    tangents = begin_tangents(weights, state, hyper)
    for batch in batches:
        torch.save([weights, state, tangents], tmp_path / "kept")
        weights, state, tangents = torch.load(tmp_path / "kept", weights_only=True)
        weights, state, tangents, _ = forward_step(problem, weights, state, tangents, hyper, batch)
    found = forward(problem, weights, state, tangents, hyper, val_batch).gradient
    assert all(torch.equal(found[key], value) for key, value in whole.gradient.items())
    count = sum(value.numel() for value in hyper.values())
    assert {tensor.shape[0] for tensor in tangents.values()} == {count}
    assert tangents["weights/one.weight"].shape[1:] == weights["one.weight"].shape


def test_what_no_step_uses_gets_zeros():
    problem = Perceptron()
    weights, state, hyper, *rest = problem.begun()
    unused = torch.ones(2, 3)
    found = along(problem, weights, state, {**hyper, "other": unused}, *rest).gradient
    assert torch.equal(found["other"], torch.zeros(2, 3))


@pytest.mark.parametrize("layer", LAYERS)
def test_it_goes_through_layers_of_torch(layer):
    problem, training = of_network(layer)
    found = along(problem, *training).gradient
    assert distance(found, reverse(problem, *training).gradient) < 1e-10


def test_an_lstm_in_float32_is_refused_unless_mkldnn_is_off():
    problem, training = of_network("LSTM", torch.float32)
    with pytest.raises(UserError, match=r"Choose reverse mode.*mkldnn_rnn_layer"):
        along(problem, *training)
    with torch.backends.mkldnn.flags(enabled=False):
        found = along(problem, *training).gradient
    assert distance(found, reverse(problem, *training).gradient) < 1e-4
