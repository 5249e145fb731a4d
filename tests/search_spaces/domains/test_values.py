"""Values of any kind: labels for them in flat configs, and the values again in a trial."""

import enum
import functools
import importlib
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from ray import cloudpickle, tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains.values import labels, same


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


@dataclass(frozen=True)
class Schedule:
    steps: tuple[int, ...]
    kinds: frozenset[str]


class Nameless:
    """Its text is its address."""

    def __init__(self, number):
        self.number = number


def twice(value):
    return 2 * value


ODD = [
    None, True, 1, 1.0, "1", math.inf, math.nan, torch.nn.ReLU, twice, lambda x: x, lambda x: -x,
    functools.partial(torch.nn.LeakyReLU, 0.1), functools.partial(twice), (0.9, 0.999),
    ((1, 2), (3,)), [1, 2], [], (), {"k": 0}, {1: "a"}, {"b", "a", "c"}, frozenset({1}), b"bytes",
    np.float64(0.1), np.int64(2), np.float32(0.1), np.bool_(True), np.str_("text"), np.dtype("f4"),
    np.array([1.0, 2.0]), torch.float32, torch.tensor([1.0]), torch.nn.Linear(2, 3), Colour.RED,
    Level.LOW, Path("a/b"), Schedule((1, 2), frozenset({"x", "y", "z"})), Nameless(1), Nameless(2),
    range(3), 1j, os, math.sin, "a".upper, len, int,
]  # fmt: skip


def alike(one, other):
    if isinstance(one, np.ndarray | torch.Tensor):
        return type(one) is type(other) and one.tolist() == other.tolist()
    if isinstance(one, float) and math.isnan(one):
        return type(one) is type(other) and math.isnan(other)
    if isinstance(one, torch.nn.Module):
        return type(one) is type(other) and alike(one.weight.detach(), other.weight.detach())
    if isinstance(one, functools.partial):
        return (one.func, one.args, one.keywords) == (other.func, other.args, other.keywords)
    if getattr(one, "__name__", "") in ("<lambda>", "upper"):
        return one.__name__ == other.__name__
    if isinstance(one, Nameless):
        return one.number == other.number
    return same(one, other)


def space_of(options):
    return SearchSpace("odd", training={"v": tune.choice(options), "x": tune.uniform(0, 1)})


def as_stored(config):
    return json.loads(json.dumps(config))


@pytest.mark.parametrize("index", range(len(ODD)))
def test_a_trial_is_given_the_value_that_was_declared_after_json_and_another_process(index):
    again = cloudpickle.loads(cloudpickle.dumps(space_of(ODD)))
    label = space_of(ODD).domains["v"].categories[index]
    assert isinstance(label, bool | int | float | str | None)
    given = again.as_declared(as_stored({"v": label, "x": 0.5}))
    assert type(given["v"]) is type(ODD[index])
    assert alike(ODD[index], given["v"])
    assert again.plain(again.as_declared({"v": label})) == {"v": label}


def test_values_that_are_equal_in_python_are_told_apart():
    told = space_of(ODD).domains["v"].categories
    assert len({(type(one), repr(one)) for one in told}) == len(ODD)


def test_a_value_is_known_by_itself_by_its_label_and_by_what_json_makes_of_it():
    space = space_of([torch.nn.ReLU, (0.9, 0.999), {"k": (1, 2)}, np.float64(0.1), Path("a")])
    for meant, label in [
        (torch.nn.ReLU, "torch.nn.modules.activation.ReLU"),
        ("torch.nn.modules.activation.ReLU", "torch.nn.modules.activation.ReLU"),
        ((0.9, 0.999), "(0.9, 0.999)"),
        ([0.9, 0.999], "(0.9, 0.999)"),
        ({"k": [1, 2]}, "{'k': (1, 2)}"),
        (np.float64(0.1), 0.1),
        (0.1, 0.1),
    ]:
        assert space.plain({"v": meant}) == {"v": label}
    with pytest.raises(UserError, match="outside"):
        space.check({"v": [0.9, 0.9], "x": 0.5})


def test_a_trial_that_changes_its_value_does_not_change_that_of_the_next():
    space = space_of([[1, 2]])
    first = space.as_declared({"v": "[1, 2]", "x": 0.5})
    first["v"].append(3)
    assert space.as_declared({"v": "[1, 2]", "x": 0.5})["v"] == [1, 2]


def test_a_description_is_the_same_in_every_process():
    module = "tests.search_spaces.domains.test_values"
    code = f"from {module} import *\nprint(json.dumps(space_of(ODD).describe()))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    here = importlib.import_module(module)  # by the name that it has there
    assert json.loads(done.stdout) == as_stored(here.space_of(here.ODD).describe())
    assert "0x" not in done.stdout


simple = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text("ab#0", max_size=3),
    st.floats(allow_nan=False), st.sampled_from([np.int64(1), np.float64(0.5), Colour.RED, len]),
)  # fmt: skip
values = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    ),
    max_leaves=5,
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(values, min_size=1, max_size=5, unique_by=repr))
def test_labels_are_scalars_and_lead_back(options):
    space = space_of(options)
    assert len({(type(one), repr(one)) for one in labels(options)}) == len(options)
    for option, label in zip(options, space.domains["v"].categories, strict=True):
        assert space.plain({"v": option}) == {"v": label}
        assert same(space.as_declared(as_stored({"v": label, "x": 0.5}))["v"], option)
        space.check({"v": label, "x": 0.5})


NESTED = SearchSpace(
    "nested",
    architecture={"layers": [tune.randint(1, 9), tune.randint(1, 9)], "shape": (3, 4)},
    training={
        "opt": {
            "lr": tune.loguniform(1e-4, 1.0),
            "kind": tune.choice([torch.optim.SGD, torch.optim.Adam]),
            "more": {"momentum": tune.uniform(0, 1), "foreach": None},
        },
        "pair": (tune.uniform(0, 1), "kept"),
        "plain": {"k": [1, 2]},
    },
    conditions={"opt/more": Condition("opt/kind", (torch.optim.SGD,))},
    constraints=("layers/0 - layers/1 <= 0",),
)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_a_nested_declaration_is_flat_everywhere_but_in_a_trial(seed):
    flat = NESTED.sample(np.random.default_rng(seed))
    NESTED.check(flat)
    given = NESTED.as_declared(as_stored(flat))
    assert NESTED.plain(given) == flat
    assert type(given["layers"]) is list
    assert type(given["pair"]) is tuple
    assert given["pair"] == (flat["pair/0"], "kept")
    assert given["shape"] == (3, 4)
    assert given["plain"] == {"k": [1, 2]}
    assert given["opt"]["lr"] == flat["opt/lr"]
    assert ("more" in given["opt"]) == (given["opt"]["kind"] is torch.optim.SGD)


def test_a_flat_space_has_the_same_members_and_nothing_of_the_users_own():
    flat = NESTED.flat
    assert flat.describe().keys() == NESTED.describe().keys()
    assert b"torch.optim.sgd\n" not in cloudpickle.dumps(flat, protocol=0)
    flat.check(NESTED.sample(np.random.default_rng(0)))


def test_none_is_a_value_and_absent_is_none():
    space = SearchSpace(
        "none",
        training={
            "v": tune.choice([None]), "kind": tune.choice(["a", "b"]), "child": tune.choice([None]),
        },
        conditions={"child": Condition("kind", ("a",))},
    )  # fmt: skip
    placeholders = {"v": None, "kind": "b", "child": None}
    assert space.as_declared(placeholders) == {"v": None, "kind": "b"}
    assert space.as_declared({**placeholders, "kind": "a"}) == {**placeholders, "kind": "a"}
