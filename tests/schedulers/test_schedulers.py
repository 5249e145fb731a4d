"""Ray's schedulers with our defaults."""

import pytest
from ray import tune
from ray.tune.schedulers import TrialScheduler

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.schedulers.populations import PerturbExplorer
from automl_on_ray.search_spaces import Condition, Exploit, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError, choices

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
SETTINGS = SchedulerSettings(SPACE, Objective("val_accuracy"), epochs=20, samples=8, seed=0)


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


def test_a_live_trial_keeps_its_architecture_and_its_optimizer():
    assert set(SPACE.mutable) == {"learning_rate", "batch_size", "momentum", "schedule"}


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_perturbed_values_stay_in_their_domains(kind):
    perturb = PerturbExplorer(SPACE, seed=0)
    config = {"width": 8, "learning_rate": 1e-1, "batch_size": 256, "optimizer": kind,
              "momentum": 0.9, "schedule": "cosine"}  # fmt: skip
    config, seen = SPACE.active(config), []
    for number in range(200):
        config = perturb.explore(Exploit(number, "a", "b", 1, 0.0, config), wait=False)
        SPACE.check(config)
        seen.append(config)
    assert {config["width"] for config in seen} == {8}
    assert {config["optimizer"] for config in seen} == {kind}
    for key in set(config) - {"width", "optimizer"}:
        assert len({config[key] for config in seen}) > 1


@pytest.mark.parametrize("scheduler", ["pbt", "pb2"])
def test_a_space_with_nothing_to_perturb_is_refused(scheduler):
    fixed = SearchSpace("fixed", architecture={"width": tune.choice([8, 16])})
    with pytest.raises(UserError, match="declares none that it can change"):
        create_scheduler(scheduler, SchedulerSettings(fixed, Objective("x"), 10, 4, 0))


@pytest.mark.parametrize(("epochs", "rung"), [(1, 1), (9, 1), (19, 1), (20, 2), (100, 10)])
def test_a_trial_may_be_judged_after_a_tenth_of_its_epochs(epochs, rung):
    assert SchedulerSettings(SPACE, Objective("x"), epochs, 8, 0).first_rung == rung
