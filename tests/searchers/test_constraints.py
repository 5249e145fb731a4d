"""Which configs a linear constraint leaves, and which texts are none; values of a domain."""

import itertools
import re

import pytest
from ray import tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import (
    PriorTrial,
    SearcherSettings,
    check_searcher,
    create_searcher,
    random_search,
    values,
)
from automl_on_ray.searchers._constraints import (
    check_meets_constraints,
    check_satisfiable,
    parse_linear,
)
from automl_on_ray.searchers._unvisited_members import Exhausted, UnvisitedMembers
from automl_on_ray.searchers.members import check_supported, from_unit, has_bounds, key_of, members
from automl_on_ray.searchers.random_search import RandomSearch

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


def test_members_that_no_draw_finds_are_handed_out_all_the_same(monkeypatch):
    monkeypatch.setattr(random_search, "MAX_DRAWS", 0)
    found = handed_out(small("x + xy <= 1"))
    assert [(config["x"], config["xy"]) for config in found] == [(0, 0), (0, 1), (1, 0)]


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


def test_of_names_that_hold_one_another_the_longest_is_meant():
    found = parse_linear("learning rate + 2 * rate <= 1", ["rate", "learning rate"])
    assert found.weights == {"rate": 2.0, "learning rate": 1.0}


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
        check_searcher("random", settings)
    with pytest.raises(UserError, match="does not satisfy 'x <= 2'"):
        RandomSearch(settings)


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


UNMET = [
    (("x + xy <= 9", "x + xy <= -1"), 'nothing meets the constraint "x + xy <= -1" within'),
    (("x >= 5",), 'nothing meets the constraint "x >= 5" within'),
    (("xy - x >= 5",), 'nothing meets the constraint "xy - x >= 5" within'),
    (
        ("x + xy <= 0.5", "x + xy >= 0.6"),
        "nothing meets all constraints together: x + xy <= 0.5; x + xy >= 0.6",
    ),
    (
        ("x + xy <= 0.5", "x + xy >= 0.5"),
        "10000 draws met no constraint; widen them: x + xy <= 0.5; x + xy >= 0.5",
    ),
]


@pytest.mark.parametrize(("texts", "said"), UNMET, ids=lambda each: each[0][:9])
def test_it_is_told_which_constraints_leave_nothing(texts, said):
    real = {"x": tune.uniform(0.0, 4.9), "xy": tune.uniform(0.0, 4.9)}
    with pytest.raises(UserError, match=re.escape(said)):
        check_satisfiable(SearchSpace("unmet", training=real, constraints=texts))


def test_ranges_ends_count_where_constraints_are_taken_together():
    low = {"x": tune.uniform(-4, -1), "xy": tune.uniform(-4, -1)}
    check_satisfiable(SearchSpace("low", training=low, constraints=("x + xy <= -3", "x <= xy")))
    high = {"x": tune.uniform(0, 1), "xy": tune.uniform(0, 1)}
    texts = ("x + xy >= 1.5", "x - xy <= -0.8")
    with pytest.raises(UserError, match="nothing meets all constraints together"):
        check_satisfiable(SearchSpace("high", training=high, constraints=texts))


def test_constraints_that_one_corner_meets_are_left_to_be_tried():
    check_satisfiable(small("x >= 4", "xy <= 0", "few >= 3", few=tune.choice([1, 3])))
    check_satisfiable(small())


def test_what_is_conditional_is_not_reckoned_with():
    space = SearchSpace(
        "conditional", training={"kind": tune.choice(["a", "b"]), "y": tune.choice([3])},
        conditions={"y": Condition("kind", ("a",))}, constraints=("y >= 4",),
    )  # fmt: skip
    check_satisfiable(space)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("x <= 2", 2, True), ("x <= 2", 2 + 1e-9, True), ("x <= 2", 2 + 1e-8, False),
        ("x <= 1e6", 1e6 + 5e-4, True), ("x <= 1e6", 1e6 + 5e-3, False),
        ("x >= 1e-9", 0.0, True), ("x >= 1e-8", 0.0, False), ("x >= -1e6", -1e6 - 5e-4, True),
    ],
)  # fmt: skip
def test_a_bound_is_kept_but_for_roundings_of_its_own_size(text, value, holds):
    assert parse_linear(text, ["x"]).holds({"x": value}) == holds


def test_weights_and_bound_of_a_constraint():
    found = parse_linear("2 * (x - xy) / 4 + 1 >= xy - -x + 3", ["x", "xy"])
    assert (found.weights, found.bound) == ({"x": 0.5, "xy": 1.5}, -2.0)


def test_known_results_must_meet_constraints_too():
    known = (PriorTrial({"x": 3, "xy": 0}, {1: {"score": 1.0}}),)
    with pytest.raises(UserError, match="does not satisfy 'x <= 2'"):
        check_meets_constraints(SearcherSettings(small("x <= 2"), GOAL, known=known))


@pytest.mark.parametrize(
    ("domain", "values_at"),
    [
        (tune.choice("abc"), {0.0: "a", 0.33: "a", 0.34: "b", 0.99: "c", 1.0: "c"}),
        (tune.randint(2, 5), {0.0: 2, 0.34: 3, 0.99: 4, 1.0: 4}),
        (tune.quniform(0.0, 1.0, 0.5), {0.0: 0.0, 0.34: 0.5, 0.99: 1.0, 1.0: 1.0}),
        (tune.quniform(1.0, 2.0, 0.5), {0.0: 1.0, 0.34: 1.5, 0.67: 2.0, 1.0: 2.0}),
        (tune.uniform(2.0, 6.0), {0.0: 2.0, 0.25: 3.0, 1.0: 6.0}),
        (tune.loguniform(1e-4, 1.0), {0.0: 1e-4, 0.5: 1e-2, 1.0: 1.0}),
        (tune.lograndint(1, 10_000), {0.0: 1, 0.5: 100, 0.53: 131, 1.0: 9_999}),
        (tune.qlograndint(1, 1024, 8), {0.0: 8, 0.5: 32, 1.0: 1024}),
    ],
)  # fmt: skip
def test_a_domain_is_filled_by_the_unit_interval(domain, values_at):
    for unit, value in values_at.items():
        found = from_unit(domain, unit)
        assert found == (pytest.approx(value) if isinstance(value, float) else value)
        assert type(found) is type(value)


def test_the_members_of_a_space_are_listed_if_they_are_not_too_many():
    space = SearchSpace(
        "conditional",
        training={"kind": tune.choice(["a", "b"]), "y": tune.randint(0, 3), "fixed": 7},
        conditions={"y": Condition("kind", ("a",))},
    )
    every = [{"kind": "a", "y": 0}, {"kind": "a", "y": 1}, {"kind": "a", "y": 2}, {"kind": "b"}]
    assert members(space, 6) == {key_of(config): config for config in every}
    assert members(space, 5) is None
    assert members(SearchSpace("real", training={"x": tune.uniform(0, 1)})) is None


def test_domains_without_bounds_are_named():
    for domain in (tune.randn(0, 1), tune.qrandn(0, 1, 0.1), tune.sample_from(lambda spec: 1)):
        assert not has_bounds(domain)
        with pytest.raises(UserError, match="'x' has a domain without bounds"):
            check_supported("x", domain)
    for domain in (tune.choice([1]), tune.quniform(0, 1, 0.5), tune.lograndint(1, 9)):
        assert has_bounds(domain)


def test_what_is_tried_is_not_left_and_a_real_space_is_never_used_up():
    few = UnvisitedMembers(small("x <= 0"), [{"x": 0, "xy": 3}])
    assert [member["xy"] for member in few.left.values()] == [0, 1, 2, 4]
    assert few.take({"x": 0, "xy": 2})
    assert not few.take({"x": 0, "xy": 2})
    for member in (0, 1, 4):
        few.check()
        assert few.take({"xy": member, "x": 0})
    with pytest.raises(Exhausted):
        few.check()
    real = UnvisitedMembers(SearchSpace("real", training={"x": tune.uniform(0, 1)}), [])
    assert all(real.take({"x": 0.5}) for _ in range(2))
    real.check()
