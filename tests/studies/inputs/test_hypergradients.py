"""What may be asked to be tuned by gradients, and what is refused in a line."""

import json
from typing import ClassVar

import pytest
import torch
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.mnist_cnn import SPACE
from automl_on_ray.search_spaces.mnist_cnn_classic import SPACE as CLASSIC
from automl_on_ray.studies.inputs import (
    check_one_process,
    hypergradients_of,
    keys_in,
    tunables,
    tuning,
    usual_hypergradients,
    with_starts,
)
from automl_on_ray.trainables.darts_supernet import DartsSupernet
from automl_on_ray.trainables.hypergradients import HypergradientTrainable, Log
from automl_on_ray.trainables.image_classifier import DEFAULTS, ImageClassifier
from automl_on_ray.trainables.tuned_classifier import HypergradientClassifier

KNOWN = tunables(ImageClassifier)


def test_the_image_classifier_has_a_class_that_tunes_for_it():
    assert tuning(ImageClassifier) is HypergradientClassifier
    assert tuning(DartsSupernet) is DartsSupernet


def test_what_is_asked_is_read_with_the_defaults_of_what_is_not():
    settings = hypergradients_of(
        "learning_rate:layer,weight_decay", ImageClassifier, outer_rate=0.1, unroll=None
    )
    assert [(one.key, one.per) for one in settings.tuned] == [
        ("learning_rate", "layer"),
        ("weight_decay", "all"),
    ]
    assert (settings.outer_rate, settings.unroll, settings.outer_optimizer) == (0.1, 10, "adam")


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_asked_is_nothing_tuned(nothing):
    assert hypergradients_of(nothing, ImageClassifier, outer_rate=None) is None
    with pytest.raises(UserError, match="--outer-rate is for --hypergradient"):
        hypergradients_of(nothing, ImageClassifier, outer_rate=0.1)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("learning_rat", "'learning_rat'.*learning_rate"),
        ("batch_size", "'batch_size'.*learning_rate, weight_decay"),
        ("momentum:layer", "'layer'.*all"),
        ("weight_decay,weight_decay", "tuned twice"),
        ("learning_rate=magic", "'magic'.*reverse"),
    ],
)
def test_what_a_classifier_does_not_tune_is_refused(asked, said):
    with pytest.raises(UserError, match=said):
        hypergradients_of(asked, ImageClassifier)


def test_a_trainable_without_gradients_is_refused():
    with pytest.raises(UserError, match="DartsSupernet gives none: derive it from Hypergradient"):
        hypergradients_of("learning_rate", DartsSupernet)


class Own(HypergradientTrainable):
    """Of the user's: only what it declares matters here."""

    TRANSFORMS: ClassVar = {"penalty": Log(1e-6, 1.0), "bias": Log(0.1, 1.0), "own": Log(0.1, 1.0)}
    STARTS: ClassVar = {"penalty": torch.ones(3), "bias": 0.5}


SMALL = SearchSpace("small", training={"rate": tune.randint(1, 4), "learning_rate": 0.01})


def test_a_users_trainable_tunes_its_own_keys_and_those_of_the_update():
    space = SearchSpace("own", training={"learning_rate": tune.loguniform(1e-4, 1.0)})
    assert tuning(Own) is Own
    assert {"learning_rate", "momentum", "weight_decay", "penalty", "own"} <= tunables(Own).keys()
    asked = hypergradients_of("learning_rate,penalty,bias=reverse", Own)
    found = with_starts(space, [one.key for one in asked.tuned], tunables(Own))
    assert found.constants == {"bias": 0.5}
    with pytest.raises(UserError, match="own is to be tuned, and has no value to start from"):
        with_starts(space, ["own"], tunables(Own))


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"TUNED": "bais"}, "Did you mean 'bias'"),
        ({"TUNED": "bias", "SETTINGS": {"unrol": 5}}, "Did you mean 'unroll'"),
        ({"TUNED": "bias", "SETTINGS": {"solver": "newton"}}, "solver must be one of"),
    ],
)
def test_a_mistake_in_what_a_class_declares_is_found_without_a_trial(declared, said):
    with pytest.raises(UserError, match=said):
        usual_hypergradients(type("Wrong", (Own,), declared))


def test_what_a_class_declares_is_what_its_trials_tune():
    own = usual_hypergradients(type("Right", (Own,), {"TUNED": "bias", "SETTINGS": {"unroll": 5}}))
    assert [one.key for one in own.tuned] == ["bias"]
    assert own.unroll == 5
    assert usual_hypergradients(ImageClassifier) is None
    assert usual_hypergradients(DartsSupernet) is None


@pytest.mark.parametrize("option", ["train_workers", "search_workers"])
def test_several_processes_to_a_trial_are_refused(option):
    check_one_process(**{option: 1})
    with pytest.raises(UserError, match=f"--{option.replace('_', '-')} 2 and --hypergradient"):
        check_one_process(**{option: 2})


def test_a_space_that_has_the_keys_stays_as_it_is():
    assert with_starts(SPACE, ["learning_rate", "momentum", "example_weights"], KNOWN) is SPACE


def test_what_a_space_lacks_starts_at_the_classifiers_default():
    space = with_starts(CLASSIC, ["label_smoothing", "class_weights"], KNOWN)
    assert space.constants == {"label_smoothing": DEFAULTS["label_smoothing"]}
    assert space.domains.keys() == CLASSIC.domains.keys()
    assert space.build is CLASSIC.build


def test_what_has_no_value_to_start_from_is_refused():
    with pytest.raises(
        UserError,
        match=r"auxiliary_weight .* no value to start from",
    ):
        with_starts(SPACE, ["auxiliary_weight"], KNOWN)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (tune.choice([0.1, 0.2]), r"no gradient.*choice\(\[0.1, 0.2\]\)"),
        (tune.randint(1, 5), "no gradient.*int"),
        (tune.quniform(0.1, 0.9, 0.1), "no gradient.*step 0.1"),
        ("fast", "'fast'.*no number to tune"),
        (True, "True.*no number to tune"),
    ],
)
def test_what_is_not_continuous_is_refused(declared, said):
    space = SearchSpace("odd", training={"learning_rate": declared, "width": tune.randint(1, 3)})
    with pytest.raises(UserError, match=said):
        with_starts(space, ["learning_rate"], KNOWN)


@pytest.mark.parametrize("declared", [tune.loguniform(1e-4, 1e-1), tune.randn(), 0.1, 1])
def test_ranges_and_numbers_may_be_tuned(declared):
    space = SearchSpace("even", training={"learning_rate": declared, "width": tune.randint(1, 3)})
    assert with_starts(space, ["learning_rate"], KNOWN) is space


@pytest.mark.parametrize(
    ("content", "keys"),
    [([{"config": {"a": 1}}, {"config": {"b": 1}}], ["a"]), ([], []), ([{}], [])],
)
def test_keys_of_a_schedule_are_those_of_its_first_config(content, keys, tmp_path):
    (tmp_path / "schedule.json").write_text(json.dumps(content))
    assert keys_in(tmp_path / "schedule.json") == keys
