"""What is tuned is told in a few words, and a mistake in them in one line."""

import pickle

import pytest
import torch

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.hypergradients import (
    HypergradientSettings,
    Tuned,
    parse_tuned,
    spread,
)

KNOWN = {"learning_rate": ("all", "layer"), "weight_decay": ("all", "layer", "weight")}
WEIGHTS = {
    "one.weight": torch.zeros(3, 2, dtype=torch.float64),
    "one.bias": torch.zeros(3, dtype=torch.float64),
    "scale": torch.zeros(1, dtype=torch.float64),
}


def test_keys_of_the_update_go_by_reverse_mode_and_others_implicitly():
    text = "learning_rate, momentum,beta1,weight_decay,label_smoothing,own"
    assert [(one.key, one.per, one.estimator) for one in parse_tuned(text)] == [
        ("learning_rate", "all", "reverse"),
        ("momentum", "all", "reverse"),
        ("beta1", "all", "reverse"),
        ("weight_decay", "all", "implicit"),
        ("label_smoothing", "all", "implicit"),
        ("own", "all", "implicit"),
    ]


def test_a_key_says_how_finely_it_is_tuned_and_by_which_estimator():
    assert parse_tuned("learning_rate:layer=forward,weight_decay:weight") == (
        Tuned("learning_rate", "layer", "forward"),
        Tuned("weight_decay", "weight", "implicit"),
    )
    assert parse_tuned("example_weights") == (Tuned("example_weights", "example", "implicit"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("learning_rat", "Did you mean 'learning_rate'"),
        ("learning_rate:weight", "Unknown granularity 'weight' in 'learning_rate:weight'"),
        ("learning_rate:layr", "Did you mean 'layer'"),
        ("learning_rate=revers", "Did you mean 'reverse'"),
        ("learning_rate,learning_rate:layer", "'learning_rate' is tuned twice"),
        ("learning_rate,", "Cannot read ''"),
        ("learning_rate:", "Cannot read 'learning_rate:'"),
        ("learning_rate=", "Cannot read 'learning_rate='"),
        ("learning_rate=implicit", "Write learning_rate=reverse"),
        ("weight_decay=online", "online is for learning_rate"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(text, told):
    with pytest.raises(UserError, match=told) as caught:
        parse_tuned(text, KNOWN)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["weight_decay:example", "example_weights:all"])
def test_weights_of_examples_and_no_others_are_per_example(text):
    with pytest.raises(UserError, match="example_weights, and no other, are per example"):
        parse_tuned(text)


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("learning_rate,momentum=forward", {}, "not forward and reverse"),
        ("learning_rate", {"outer_optimizer": "adm"}, "Did you mean 'adam'"),
        ("learning_rate,weight_decay", {"outer_optimizer": "lbfgs"}, "weight_decay go by implicit"),
        ("learning_rate=online", {"outer_optimizer": "lbfgs"}, "only reverse can"),
        ("learning_rate", {"outer_rate": 0.0}, "outer_rate must be above 0"),
        ("learning_rate", {"outer_rate": float("nan")}, "outer_rate must be above 0"),
        ("learning_rate", {"unroll": 0}, "unroll must be 1 or more"),
        ("learning_rate", {"warm_up": -1}, "warm_up must be 0 or more"),
        ("learning_rate", {"restarts": -1}, "restarts must be 0 or more"),
        ("learning_rate", {"solver": "neumann"}, "solver must be one of .* but is 'neumann'"),
        ("learning_rate", {"truncation": 0}, "truncation must be 1 or more"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_in_a_line(text, words, told):
    with pytest.raises(UserError, match=told):
        HypergradientSettings(parse_tuned(text), **words)


def test_settings_are_sent_to_workers_as_they_are():
    settings = HypergradientSettings(parse_tuned("learning_rate:layer,weight_decay"), unroll=5)
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_start_values_are_spread_over_layers_weights_and_examples():
    layers = spread(Tuned("learning_rate", "layer"), 0.1, WEIGHTS)
    assert {name: float(one) for name, one in layers.items()} == {
        "learning_rate/one": 0.1,
        "learning_rate/scale": 0.1,
    }
    each = spread(Tuned("weight_decay", "weight"), 0.1, WEIGHTS)
    assert {name: one.shape for name, one in each.items()} == {
        f"weight_decay/{name}": one.shape for name, one in WEIGHTS.items()
    }
    (examples,) = spread(Tuned("example_weights", "example"), 0.5, WEIGHTS, 7).values()
    assert examples.tolist() == [0.5] * 7


def test_a_start_value_may_be_a_tensor_and_takes_the_type_of_the_weights():
    start = torch.tensor([1.0, 2.0])
    (own,) = spread(Tuned("class_weights"), start, WEIGHTS).values()
    assert own.dtype == torch.float64
    assert own.tolist() == [1.0, 2.0]
