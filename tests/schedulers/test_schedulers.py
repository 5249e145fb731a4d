"""Ray's schedulers with our defaults."""

import math
from dataclasses import asdict, replace

import pytest
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from automl_on_ray.schedulers import (
    SchedulerSettings,
    create_scheduler,
    scheduler_capabilities,
    schedulers_that,
)
from automl_on_ray.schedulers.populations import PerturbExplorer
from automl_on_ray.schedulers.tune_internals import ResumableScheduler
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


LOSS = SchedulerSettings(
    replace(SPACE, conditions={}), Objective("loss", "min"), epochs=27, samples=9, seed=0,
    time_attr="epoch", interval=4,
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("hyperband", {"_max_t_attr": 27, "_eta": 3, "worst": math.inf, "_metric_op": -1.0}),
        ("median-stopping", {"_grace_period": 2, "_compare_op": min}),
        ("pb2", {"_perturbation_interval": 4, "_metric_op": -1.0, "_hyperparam_bounds": {
            "learning_rate": [1e-4, 1e-1], "momentum": [0.5, 0.99]}}),
        ("pbt", {"_synchronous": False, "_meeting": 4, "_sign": -1.0}),
    ],
)  # fmt: skip
def test_a_scheduler_goes_by_its_settings(name, given):
    scheduler = create_scheduler(name, LOSS)
    assert (scheduler._metric, scheduler._time_attr) == ("loss", "epoch")
    assert {key: getattr(scheduler, key) for key in given} == given


def test_a_parameter_with_a_condition_is_left_to_pbt():
    bounds = create_scheduler("pb2", SETTINGS)._hyperparam_bounds
    assert list(bounds) == ["learning_rate"]


def test_what_pb2_finds_beyond_a_domain_is_moved_to_its_border():
    clip = create_scheduler("pb2", SETTINGS)._custom_explore_fn
    assert clip({"learning_rate": 3.0, "momentum": 3.0}) == {"learning_rate": 0.1, "momentum": 3.0}


def test_pbt_takes_the_population_and_the_explorer_that_it_is_given():
    explorer = PerturbExplorer(SPACE, seed=1)
    given = replace(SETTINGS, explorer=explorer, population=4, synchronous=True, seed=5)
    scheduler = create_scheduler("pbt", given)
    assert (scheduler._explorer, scheduler._population) == (explorer, 4)
    assert scheduler._synchronous
    other = create_scheduler("pbt", SETTINGS)
    assert isinstance(other._explorer, PerturbExplorer)
    drawn = [[one._generator.random() for _ in range(2)] for one in (scheduler, other)]
    assert drawn[0] != drawn[1]


def test_halving_lets_the_better_third_go_on_by_the_settings_own_time_and_direction():
    halving, best = create_scheduler("asha", LOSS), Trial("stub", stub=True)

    def told(loss, epoch, trial=None):
        trial = trial or Trial("stub", stub=True)
        halving.on_trial_add(None, trial)
        return halving.on_trial_result(
            None, trial, {"epoch": epoch, "loss": loss, "training_iteration": 1000}
        )

    assert told(0.0, 2, best) == "CONTINUE"
    for loss in range(1, 9):
        told(float(loss), 2)
    assert told(9.0, 1) == "CONTINUE"  # it is too early to judge
    assert told(2.5, 2) == "CONTINUE"
    assert told(3.0, 2) == "STOP"
    assert halving.on_trial_result(None, best, {"epoch": 26, "loss": 0.0}) == "CONTINUE"
    assert halving.on_trial_result(None, best, {"epoch": 27, "loss": 0.0}) == "STOP"


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("fifo", {}), ("asha", {}), ("median-stopping", {}), ("hyperband", {"pauses_trials"}),
        ("pb2", {"changes_running_trials", "pauses_trials", "needs_all_configs_at_once",
                 "takes_interval"}),
        ("pbt", {"changes_running_trials", "pauses_trials", "keeps_schedules", "takes_interval",
                 "takes_explorer", "takes_synchronous", "takes_population"}),
    ],
)  # fmt: skip
def test_what_schedulers_can(name, declared):
    can = asdict(scheduler_capabilities(name))
    assert can.pop("checkpoints_to_keep") == (None if name == "pb2" else 3)
    assert {key for key, value in can.items() if value is True} == set(declared)


def test_the_nearest_scheduler_that_fits_is_offered_first():
    plain = schedulers_that(lambda can: not can.changes_running_trials, near="pbt")
    assert plain[0] == "hyperband"  # it pauses trials too
    assert schedulers_that(lambda can: can.takes_population, near="fifo") == ["pbt"]


@pytest.mark.parametrize(("mode", "worst"), [("max", -math.inf), ("min", math.inf)])
def test_hyperband_compares_by_what_a_trial_reported_last_and_puts_diverged_ones_last(mode, worst):
    goal = Objective("score", mode)
    hyperband = create_scheduler("hyperband", replace(SETTINGS, objective=goal, epochs=27))
    scheduler, trial = ResumableScheduler(hyperband), Trial("stub", stub=True)
    scheduler.on_trial_add(None, trial)
    (bracket, _) = hyperband._trial_info[trial]

    def told(**report):
        result = {"training_iteration": 0, **report}
        assert scheduler.on_trial_result(None, trial, result) == "CONTINUE"
        trial.update_last_result(result)
        return bracket._live_trials[trial]["score"] if bracket._live_trials[trial] else None

    assert told(loss=1.0) is None
    assert told(score=0.5) == 0.5
    assert told(loss=1.0) == 0.5
    assert told(score=math.nan) == worst


def test_who_has_nothing_to_perturb_is_told_of_the_nearest_that_changes_nothing():
    fixed = SearchSpace("fixed", architecture={"width": tune.choice([8, 16])})
    settings = SchedulerSettings(fixed, Objective("x"), 10, 4, 0)
    with pytest.raises(UserError, match=r"space 'fixed'.* use --scheduler hyperband"):
        create_scheduler("pbt", settings)
