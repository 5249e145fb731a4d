"""Ray's schedulers with our defaults."""

import random

import pytest
from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.schedulers.pbt import _explore

from schedulers._create import check_pair, create_scheduler
from schedulers._population import mutable, within
from schedulers._settings import Settings
from search_spaces._errors import UserError
from search_spaces._lookup import choices
from search_spaces._objective import Objective
from search_spaces._space import Condition, SearchSpace

SPACE = SearchSpace(
    "example",
    architecture={"width": tune.choice([8, 16])},
    training={
        "learning_rate": tune.loguniform(1e-4, 1e-1),
        "batch_size": tune.randint(32, 257),
        "optimizer": tune.choice(["sgd", "adam"]),
        "momentum": tune.uniform(0.5, 0.99),
        "schedule": tune.choice(["cosine", "constant"]),
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)
SETTINGS = Settings(SPACE, Objective("val_accuracy"), epochs=20, samples=8, seed=0)


@pytest.mark.parametrize("name", choices("schedulers"))
def test_every_file_of_the_room_makes_a_scheduler_for_the_objective(name):
    scheduler = create_scheduler(name, SETTINGS)
    assert isinstance(scheduler, TrialScheduler)
    if name != "fifo":
        assert (scheduler._metric, getattr(scheduler, "_mode", "max")) == ("val_accuracy", "max")


def test_the_rooms_choices_are_the_documented_ones():
    assert list(choices("schedulers")) == [
        "asha", "fifo", "hyperband", "median-stopping", "pb2", "pbt",
    ]  # fmt: skip


def test_an_unknown_scheduler_is_answered_with_the_list():
    with pytest.raises(UserError, match=r"Unknown scheduler 'ahsa'. Did you mean 'asha'\?"):
        create_scheduler("ahsa", SETTINGS)


@pytest.mark.parametrize("scheduler", ["pbt", "pb2"])
def test_a_pair_that_ray_refuses_is_refused_with_the_nearest_that_works(scheduler):
    with pytest.raises(UserError, match=f"--scheduler {scheduler} --searcher sobol"):
        check_pair(scheduler, "bayesian")
    check_pair(scheduler, "random")
    check_pair("asha", "bayesian")


def test_a_live_trial_keeps_its_architecture_its_optimizer_and_what_depends_on_it():
    assert set(mutable(SPACE)) == {"learning_rate", "batch_size", "schedule"}


def test_perturbed_values_stay_in_their_domains():
    random.seed(0)
    pbt = create_scheduler("pbt", SETTINGS)
    config = {
        "width": 8, "learning_rate": 1e-1, "batch_size": 256, "optimizer": "sgd",
        "momentum": 0.9, "schedule": "cosine",
    }  # fmt: skip
    for _ in range(200):
        config, _ = _explore(config, pbt._hyperparam_mutations, 0.25, (1.2, 0.8), within(SPACE))
        SPACE.check(config)
    assert config["momentum"] == 0.9


@pytest.mark.parametrize("scheduler", ["pbt", "pb2"])
def test_a_space_with_nothing_to_perturb_is_refused(scheduler):
    fixed = SearchSpace("fixed", architecture={"width": tune.choice([8, 16])})
    with pytest.raises(UserError, match="declares none that it can change"):
        create_scheduler(scheduler, Settings(fixed, Objective("x"), 10, 4, 0))
