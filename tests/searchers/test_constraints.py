"""Which configs a linear constraint leaves, and which texts are none; values of a domain."""

import itertools

import pytest
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings, create_searcher, values

GOAL = (Objective("score"),)


def small(*constraints, **more):
    training = {"x": tune.randint(0, 5), "xy": tune.randint(0, 5)}
    return SearchSpace("small", training={**training, **more}, constraints=constraints)


def handed_out(space, name="random", points=()):
    """All configs of a finite space, in the searcher's order."""
    searcher, found = create_searcher(name, SearcherSettings(space, GOAL, points=points)), []
    while (config := searcher.suggest(f"t{len(found)}")) != Searcher.FINISHED:
        found.append(config)
    return found


@pytest.mark.parametrize("name", ["random", "sobol"])
@pytest.mark.parametrize(
    "text",
    [
        "x + xy <= 4", "x - xy >= 1", "2 * x <= xy", "x / 2 + xy <= 3", "-x + 3 >= xy * 2",
        "x <= 2", "3 >= xy", "x + 1 <= xy + 3", "x * 2 - xy / 2 <= 1.5", "-(x - xy) * 3 <= 4",
        "2 * (x + xy) >= 9", "4 <= x + xy", "x + x - xy <= 3", "x <= 4",
    ],
)  # fmt: skip
def test_exactly_the_members_that_meet_a_constraint_are_handed_out_each_once(text, name):
    every = itertools.product(range(5), range(5))
    expected = {(x, xy) for x, xy in every if eval(text, {"x": x, "xy": xy})}
    found = [(config["x"], config["xy"]) for config in handed_out(small(text), name)]
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_a_sum_that_is_above_the_bound_by_rounding_alone_is_allowed():
    found = handed_out(small("0.1 * x + 0.2 * xy <= 0.3"))
    assert {(config["x"], config["xy"]) for config in found} == {
        (0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0),
    }  # fmt: skip


def test_all_constraints_hold_together_and_points_tried_first_are_not_tried_again():
    points = ({"x": 3, "xy": 3}, {"x": 4, "xy": 2})
    found = handed_out(small("x + xy >= 6", "x <= xy + 2"), points=points)
    assert found[:2] == list(points)
    assert sorted((config["x"], config["xy"]) for config in found) == [
        (2, 4), (3, 3), (3, 4), (4, 2), (4, 3), (4, 4),
    ]  # fmt: skip


def test_a_constraint_on_a_parameter_that_is_not_there_asks_nothing():
    space = SearchSpace(
        "conditional",
        training={"x": tune.randint(0, 5), "kind": tune.choice(["a", "b"]), "y": tune.choice([3])},
        conditions={"y": Condition("kind", ("a",))},
        constraints=("x + y <= 4",),
    )
    found = {(config["kind"], config["x"]) for config in handed_out(space)}
    assert found == {("a", 0), ("a", 1), *(("b", x) for x in range(5))}


def test_names_with_marks_in_them_are_told_apart():
    space = SearchSpace(
        "marked",
        training={"x": tune.randint(0, 3), "opt": {"x": tune.randint(0, 3)},
                  "x.y": tune.randint(0, 2)},
        constraints=("opt/x + 2 * x.y <= 1", "x <= 0"),
    )  # fmt: skip
    found = {tuple(sorted(config.items())) for config in handed_out(space)}
    assert found == {(("opt/x", n), ("x", 0), ("x.y", 0)) for n in (0, 1)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "is not one inequality"), ("x <= 1 <= xy", "is not one inequality"),
        ("x < 1", "must compare with <= or >="), ("x == 1", "must compare with <= or >="),
        ("x * xy <= 1", "is not linear"), ("x / xy <= 1", "is not linear"),
        ("1 / x <= 1", "is not linear"), ("x / 0 <= 1", "is not linear"),
        ("x ** 2 <= 1", "is not linear"), ("x + 'a' <= 1", "is not linear"),
        ("+x <= 1", "is not linear"), ("1 <= 2", "names no parameter"),
        ("x - x <= 1", "names no parameter"), ("z <= 1", "names unknown parameter 'z'"),
        ("x <=", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_linear_constraint_is_refused_with_the_reason(text, why):
    with pytest.raises(UserError, match=f'Constraint ".*" {why}'):
        create_searcher("random", SearcherSettings(small(text), GOAL))


def test_a_constraint_on_a_choice_is_one_on_its_numbers_or_refused():
    space = small("x + few <= 2", few=tune.choice([1, 2]))
    assert {config["few"] for config in handed_out(space) if config["x"] == 1} == {1}
    with pytest.raises(UserError, match="'few', which is a choice of other than numbers"):
        handed_out(small("x + few <= 2", few=tune.choice([1, True])))


@pytest.mark.parametrize("texts", [("x >= 5",), ("x + xy >= 9",), ("x >= 3", "xy >= x + 2")])
def test_a_space_of_which_nothing_is_left_is_refused(texts):
    with pytest.raises(UserError, match=r"nothing meets|met no constraint|none of its members"):
        handed_out(small(*texts))


def test_a_space_whose_every_member_breaks_a_constraint_on_what_is_conditional_is_refused():
    space = SearchSpace(
        "conditional", training={"kind": tune.choice(["a"]), "y": tune.choice([3])},
        conditions={"y": Condition("kind", ("a",))}, constraints=("y >= 4",),
    )  # fmt: skip
    with pytest.raises(UserError, match="none of its members meets"):
        create_searcher("random", SearcherSettings(space, GOAL))


def test_what_is_given_must_meet_the_constraints_itself():
    settings = SearcherSettings(small("x <= 2"), GOAL, points=({"x": 3, "xy": 0},))
    with pytest.raises(UserError, match="does not satisfy 'x <= 2'"):
        create_searcher("random", settings)


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        (tune.choice(["a", None, 2]), ["a", None, 2]), (tune.randint(2, 5), [2, 3, 4]),
        (tune.quniform(0.0, 1.0, 0.5), [0.0, 0.5, 1.0]), (tune.qrandint(4, 12, 4), [4, 8, 12]),
        (tune.lograndint(1, 4), [1, 2, 3]),
    ],
)  # fmt: skip
def test_the_values_of_a_finite_domain_are_listed_if_they_are_not_too_many(domain, found):
    assert values(domain) == found
    assert values(domain, 3) == found
    assert values(domain, 2) is None


def test_what_is_not_finite_has_no_list_of_values():
    assert values(tune.uniform(0, 1)) is None
    assert values(tune.loguniform(1, 2)) is None
    assert values(tune.sample_from(lambda spec: 1)) is None
