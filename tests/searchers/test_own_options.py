"""A searcher's own options behind its name, and what is said of those that it has not."""

from dataclasses import replace

import pytest

from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import (
    SearcherCapabilities,
    SearcherSettings,
    check_searcher,
    create_searcher,
    random_search,
    searcher_capabilities,
    searchers_that,
)
from automl_on_ray.searchers.evolution import Evolution
from tests.searchers.driving import PLANE
from tests.searchers.learning import LETTERS, letters_right, play

SETTINGS = SearcherSettings(LETTERS, (Objective("score"),), seed=5, samples=40)


def test_a_searcher_with_options_is_the_one_that_python_makes_with_them():
    made = create_searcher("evolution:population=12, sample=3,crossover=0.5", SETTINGS)
    own = Evolution(SETTINGS, population=12, sample=3, crossover=0.5)
    found = play(own, 40, letters_right)
    assert play(made, 40, letters_right) == found
    assert play(create_searcher("evolution", SETTINGS), 40, letters_right) != found


def test_what_a_searcher_can_does_not_depend_on_its_options():
    can = searcher_capabilities("evolution:population=12")
    assert can == searcher_capabilities("evolution")
    assert searchers_that(lambda one: one == can, near="evolution:population=12")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("evolutoin:population=2", "Did you mean 'evolution'?"),
        ("evolution:populaton=20", "Unknown option 'populaton' of searcher evolution. Did you mean "
         "'population'? There are: population, sample, crossover."),
        ("evolution:population=many", "population must be a whole number, but got 'many'"),
        ("evolution:crossover=half", "crossover must be a number, but got 'half'"),
        ("evolution:population", "write options as evolution:population=VALUE"),
        ("evolution:", "write options as evolution:population=VALUE"),
        ("evolution:population=", "write options as evolution:population=VALUE"),
        ("evolution:sample=2,sample=3", "Repeated option 'sample'"),
        ("random:population=20", "--searcher random has no options of its own"),
        ("optuna:population=20", "--searcher optuna has no options of its own"),
        ("evolution:metric=loss", "Unknown option 'metric'"),
    ],
)  # fmt: skip
def test_an_option_that_a_searcher_does_not_have_is_refused_beforehand(text, said):
    with pytest.raises(UserError) as refused:
        check_searcher(text, SETTINGS)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("evolution:population=1", "population must be from 2 to 10000, but got 1."),
        ("reinforce:policy=lsm", "Did you mean 'lstm'?"),
    ],
)
def test_a_value_that_a_searcher_cannot_take_is_refused_when_it_is_made(text, said):
    with pytest.raises(UserError) as refused:
        create_searcher(text, SETTINGS)
    assert said in str(refused.value)


def test_what_a_space_says_is_believed_asks_for_nothing_of_a_searcher(monkeypatch):
    monkeypatch.setattr(random_search, "CAPABILITIES", SearcherCapabilities())
    space = replace(PLANE, beliefs={"x": "normal(0.5, 0.2)"})
    check_searcher("random", SearcherSettings(space, SETTINGS.objectives))
    own = read_beliefs(["y ~ normal(0.5, 0.2)"], PLANE.domains)
    with pytest.raises(UserError, match=r"random takes no --prior y ~ normal\(0.5, 0.2\);"):
        check_searcher("random", SearcherSettings(space, SETTINGS.objectives, beliefs=own))
