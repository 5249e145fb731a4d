"""Who chooses a population's new values, and with which options."""

import pytest
from ray import tune

from automl_on_ray.schedulers import scheduler_capabilities
from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.searchers.ax import AxExplorer
from automl_on_ray.studies.populations.explorers import (
    explorer_of,
    first_population,
    placeholders,
    proposals,
)

SPACE = SearchSpace(
    "mutable", architecture={"width": 8}, training={"rate": tune.uniform(0, 1), "fixed": 3}
)
USUAL = {
    "scheduler": "pbt", "space": SPACE, "epochs": 20, "interval": None, "synchronous": False,
    "seed": 5,
}  # fmt: skip


def chosen(explore=None, **asked):
    return explorer_of(explore, **{**USUAL, **asked})


def test_pbt_explores_by_ax_if_nothing_else_is_said():
    for explore in (None, "ax"):
        explorer = chosen(explore, interval=7)
        assert isinstance(explorer, AxExplorer)
        made = explorer.model._start
        assert (made.space.name, made.max_t, made.interval, made.seed) == ("mutable", 20, 7, 5)
    assert chosen().model._start.interval == 2  # a tenth


def test_factors_and_new_draws_need_nobody():
    assert chosen("perturb") is None
    assert chosen(scheduler="asha") is None
    assert chosen(space=SearchSpace("fixed", architecture={"width": tune.choice([1, 2])})) is None


@pytest.mark.parametrize(
    ("option", "asked", "able"),
    [
        ("--explore", {"explore": "ax"}, "pbt"), ("--synchronous", {"synchronous": True}, "pbt"),
        ("--population", {"population": 4}, "pbt"), ("--interval", {"interval": 0}, "pb2 or pbt"),
    ],
)  # fmt: skip
def test_options_of_which_a_scheduler_has_no_use_are_refused(option, asked, able):
    with pytest.raises(UserError) as refused:
        chosen(**{"scheduler": "asha", **asked})
    said = str(refused.value).partition(";")[0].removeprefix(f"{option} is for --scheduler ")
    assert set(said.split(" or ")) == set(able.split(" or "))
    assert str(refused.value).endswith("'asha' has no use for it.")


def test_pb2_takes_an_interval_alone():
    assert chosen(scheduler="pb2", interval=3) is None
    with pytest.raises(UserError, match="--population is for --scheduler pbt; 'pb2'"):
        chosen(scheduler="pb2", population=4)


def test_an_interval_must_leave_something_to_change_and_a_word_be_known():
    assert chosen("perturb", interval=19) is None
    with pytest.raises(UserError, match="--interval 20 leaves nothing to change within 20 epochs"):
        chosen("perturb", interval=20)
    with pytest.raises(UserError, match="'gradients'"):
        chosen("gradients")


def suggested(samples, space):
    searcher = create_searcher("random", SearcherSettings(space, (Objective("score"),)))
    return first_population(searcher, samples)._points_to_evaluate


def test_a_population_that_must_be_known_at_once_is_what_the_searcher_would_have_given():
    searcher = create_searcher("random", SearcherSettings(SPACE, (Objective("score"),)))
    assert suggested(3, SPACE) == [searcher.suggest(str(index)) for index in range(3)]
    few = SearchSpace("few", training={"kind": tune.choice(["a", "b"])})
    assert sorted(point["kind"] for point in suggested(5, few)) == ["a", "b"]


def test_a_tuner_is_given_the_searcher_or_such_a_list_with_a_place_for_every_key():
    searcher = create_searcher("random", SearcherSettings(SPACE, (Objective("score"),)))
    assert placeholders(SPACE) == {"rate": None, "width": 8, "fixed": 3}
    assert proposals(searcher, SPACE, scheduler_capabilities("asha"), 3) == (
        searcher,
        {"width": 8, "fixed": 3},
    )
    given, space = proposals(searcher, SPACE, scheduler_capabilities("pb2"), 3)
    assert len(given._points_to_evaluate) == 3
    assert space == placeholders(SPACE)
