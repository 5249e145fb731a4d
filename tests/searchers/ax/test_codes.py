"""What Ax is told of each kind of domain, and which code a value has."""

import math

import pytest
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.searchers.ax import Encoding

REAL = {"bounds": (0.0, 1.0), "parameter_type": "float", "scaling": "linear"}
KINDS = {
    "real": (tune.uniform(2.0, 4.0), REAL, [(2.0, 0.0), (3.0, 0.5), (4.0, 1.0)]),
    "log": (tune.loguniform(1e-4, 1.0), REAL, [(1e-4, 0.0), (1e-2, 0.5), (1.0, 1.0)]),
    "large": (tune.randint(0, 2001), REAL, [(0, 0.0), (1000, 0.5), (2000, 1.0)]),
    "few": (
        tune.randint(3, 7), {"bounds": (3, 6), "parameter_type": "int", "scaling": "linear"},
        [(3, 3), (6, 6)],
    ),
    "log few": (
        tune.lograndint(1, 101), {"bounds": (1, 100), "parameter_type": "int", "scaling": "log"},
        [(1, 1), (100, 100)],
    ),
    "stepped": (
        tune.quniform(0.0, 1.0, 0.25), {"bounds": (0, 4), "parameter_type": "int"},
        [(0.0, 0), (0.75, 3)],
    ),
    "rising": (
        tune.choice([8, 16, 64]), {"bounds": (0, 2), "parameter_type": "int"}, [(8, 0), (64, 2)],
    ),
    "pair": (tune.choice(["a", "b"]), {"bounds": (0, 1), "parameter_type": "int"}, [("b", 1)]),
    "falling": (
        tune.choice([3, 2, 2.5]),
        {"values": [0, 1, 2], "is_ordered": False, "parameter_type": "int"}, [(3, 0), (2.5, 2)],
    ),
    "words": (
        tune.choice(["a", "b", None]),
        {"values": [0, 1, 2], "is_ordered": False, "parameter_type": "int"}, [(None, 2)],
    ),
    "flagged": (
        tune.choice([False, 2, 3]),
        {"values": [0, 1, 2], "is_ordered": False, "parameter_type": "int"}, [(3, 2)],
    ),
    "mixed": (
        tune.choice([0, 1, True]),
        {"values": [0, 1, 2], "is_ordered": False, "parameter_type": "int"}, [(1, 1), (True, 2)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_domain_is_told_to_ax_and_its_values_have_codes(kind):
    domain, told, codes = KINDS[kind]
    encoding = Encoding(SearchSpace("one", training={"key": domain, "one": tune.choice([5])}))
    assert encoding.parameters() == [{"name": "p0", **told}]
    assert (encoding.keys(), encoding.names()) == ({"p0": "key"}, {"key": "p0"})
    for value, code in codes:
        assert encoding.encode({"key": value}) == {"p0": pytest.approx(code)}
        back = encoding.decode({"p0": code})
        assert back == {"key": pytest.approx(value) if type(value) is float else value, "one": 5}
        assert type(back["key"]) is type(value)


def test_what_is_not_there_stands_in_the_middle():
    space = SearchSpace(
        "conditional",
        training={"kind": tune.choice(["a", "b"]), "x": tune.uniform(0, 8),
                  "n": tune.randint(0, 9)},
        conditions={"x": Condition("kind", ("a",))},
    )  # fmt: skip
    assert Encoding(space).encode({"kind": "b", "n": 2}) == {"p0": 1, "p1": 0.5, "p2": 2}


def test_a_value_beyond_its_range_by_a_rounding_is_at_its_end():
    encoding = Encoding(SearchSpace("one", training={"x": tune.uniform(0.0, 1.0)}))
    assert encoding.encode({"x": 1.0 + 1e-12}) == {"p0": 1.0}
    assert encoding.encode({"x": -1e-12}) == {"p0": 0.0}


def test_an_option_is_found_by_its_type_or_nearly_and_else_refused():
    encoding = Encoding(SearchSpace("one", training={"x": tune.choice([1, 0.3, 1.0, 7.5])}))
    found = [encoding.encode({"x": value})["p0"] for value in (1, 1.0, 0.1 + 0.2)]
    assert found == [0, 2, 1]
    with pytest.raises(UserError, match=r"Value 8 is none of \[1, 0.3, 1.0, 7.5\]"):
        encoding.encode({"x": 8})


@pytest.mark.parametrize("lower", [0, 3])  # the range rounded to a float is too short, or too long
def test_large_integers_are_exact_at_both_ends(lower):
    upper = 2**60 + 1
    space = SearchSpace("wide", training={"n": tune.randint(lower, upper + 1)})
    for code, value in ((0.0, lower), (1.0, upper)):
        assert Encoding(space).decode({"p0": code})["n"] == value
    assert Encoding(space).decode({"p0": 0.25})["n"] == pytest.approx(2**58)


def test_a_constraint_is_written_in_codes():
    space = SearchSpace(
        "rules",
        training={"x": tune.uniform(2, 4), "k": tune.randint(0, 5), "q": tune.qrandint(4, 16, 4)},
        constraints=("x + 3 * k <= 4", "q - x >= 2"),
    )
    assert Encoding(space).constraints() == [
        "3.0*p1 + 2.0*p0 <= 2.0", "-4.0*p2 + 2.0*p0 <= 0.0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "domain", [tune.choice([1, 2]), tune.choice([1]), tune.loguniform(0.1, 1), tune.uniform(0, 1)]
)
def test_what_ax_takes_no_constraint_on_is_refused(domain):
    space = SearchSpace(
        "refused", training={"kind": tune.choice(["a", "b"]), "x": domain},
        conditions={"x": Condition("kind", ("a",))} if math.isclose(
            getattr(domain, "lower", 1), 0) else {},
        constraints=("x <= 1",),
    )  # fmt: skip
    with pytest.raises(UserError, match="'x' is conditional, a choice, constant or on a log scale"):
        Encoding(space)


def test_a_space_of_single_values_leaves_nothing_to_choose():
    with pytest.raises(UserError, match="leaves nothing to choose"):
        Encoding(SearchSpace("fixed", training={"x": tune.choice([5, 5]), "y": tune.choice(["a"])}))
