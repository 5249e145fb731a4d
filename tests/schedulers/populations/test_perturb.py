"""How a value moves when it is perturbed."""

import pytest
from ray import tune

from automl_on_ray.schedulers.populations import PerturbExplorer, clipped_to, perturbation_interval
from automl_on_ray.search_spaces import Exploit, SearchSpace

SPACE = SearchSpace(
    "moving",
    architecture={"width": tune.choice([8, 16])},
    training={
        "rate": tune.loguniform(1e-4, 1.0),
        "batch": tune.randint(8, 129),
        "few": tune.randint(1, 5),
        "stepped": tune.quniform(0.0, 1.0, 0.25),
        "kind": tune.choice(["a", "b", "c", "d", "e"]),
    },
)
CONFIG = {"width": 8, "rate": 0.01, "batch": 50, "few": 2, "stepped": 0.5, "kind": "c", "seed": 3}


@pytest.fixture(scope="module")
def moved():
    """Configs that came of 400 perturbations of one."""
    perturb = PerturbExplorer(SPACE, seed=0)
    return [
        perturb.explore(Exploit(number, "a", "b", 1, 0.0, dict(CONFIG)), wait=False)
        for number in range(400)
    ]


def shares(moved, key, *values):
    return [sum(config[key] == pytest.approx(v) for config in moved) / 400 for v in values]


@pytest.mark.parametrize(
    ("key", "down", "up"), [("rate", 0.008, 0.012), ("batch", 40, 60), ("few", 1, 3)]
)
def test_three_in_four_numbers_are_multiplied_and_the_others_drawn_anew(moved, key, down, up):
    drawn = 0.25 / 4 if key == "few" else 0.25 / 121 if key == "batch" else 0
    for share in shares(moved, key, down, up):
        assert share == pytest.approx(3 / 8 + drawn, abs=0.06)
    assert len({config[key] for config in moved}) > (3 if key == "few" else 50)


def test_a_value_that_a_factor_leaves_where_it_is_moves_by_a_step(moved):
    for share in shares(moved, "stepped", 0.25, 0.75):
        assert share > 0.3


def test_a_choice_moves_to_its_neighbour_or_is_drawn_anew(moved):
    found = [sum(config["kind"] == kind for config in moved) / 400 for kind in "abcde"]
    assert found == [pytest.approx(share, abs=0.06) for share in (0.05, 0.425, 0.05, 0.425, 0.05)]


def test_at_the_border_a_value_stays_inside():
    perturb = PerturbExplorer(SPACE, seed=0)
    border = {**CONFIG, "rate": 1.0, "batch": 128, "few": 4, "stepped": 1.0, "kind": "e"}
    for number in range(60):
        SPACE.check(
            {k: v for k, v in perturb.explore(
                Exploit(number, "a", "b", 1, 0.0, dict(border)), wait=False
            ).items() if k != "seed"}
        )  # fmt: skip


def test_what_may_not_change_stays(moved):
    assert {(config["width"], config["seed"]) for config in moved} == {(8, 3)}


def test_the_same_seed_moves_alike_and_another_does_not(moved):
    def first(seed):
        return PerturbExplorer(SPACE, seed).explore(
            Exploit(0, "a", "b", 1, 0.0, CONFIG), wait=False
        )

    assert first(0) == moved[0]
    assert first(1) != moved[0]


def test_an_interval_is_a_tenth_of_all_epochs_or_as_asked():
    assert [perturbation_interval(None, epochs) for epochs in (1, 9, 19, 20, 100)] == [
        1, 1, 1, 2, 10,
    ]  # fmt: skip
    assert perturbation_interval(7, 100) == 7


def test_values_beyond_a_domain_are_moved_to_its_border():
    clip = clipped_to({"rate": SPACE.domains["rate"]})
    assert clip({"rate": 3.0, "other": 3.0}) == {"rate": 1.0, "other": 3.0}


def neighbours(key, value):
    """What more than a new draw would come to, of a hundred perturbations each."""
    perturb = PerturbExplorer(SPACE, seed=0)
    found = [
        perturb.explore(Exploit(number, "a", "b", 1, 0.0, {key: value}), wait=False)[key]
        for number in range(400)
    ]
    return {one for one in found if found.count(one) > 60}


@pytest.mark.parametrize(
    ("key", "value", "near"),
    [
        ("kind", "a", {"a", "b"}), ("kind", "b", {"a", "c"}), ("kind", "d", {"c", "e"}),
        ("kind", "e", {"d", "e"}), ("few", 1, {1, 2}), ("few", 4, {3, 4}),
        ("stepped", 0.0, {0.0, 0.25}), ("rate", 1.0, {0.8, 1.0}),
    ],
)  # fmt: skip
def test_at_either_end_a_value_stays_or_moves_away_from_it(key, value, near):
    assert neighbours(key, value) == near


def test_a_real_zero_stays_or_is_drawn_anew():
    space = SearchSpace("share", training={"share": tune.uniform(0.0, 1.0)})
    perturb = PerturbExplorer(space, seed=0)
    found = [
        perturb.explore(Exploit(number, "a", "b", 1, 0.0, {"share": 0.0}), wait=False)["share"]
        for number in range(100)
    ]
    assert found.count(0.0) > 60
    assert found.count(1.0) == 0
