"""What every searcher does, whatever its algorithm: a new file in searchers/ is held to it too."""

import json
import math
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from ray import cloudpickle, tune
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError, choices
from automl_on_ray.searchers import (
    AskTellSearcher,
    PriorTrial,
    SearcherSettings,
    TrialOutcome,
    check_searcher,
    create_searcher,
    searcher_capabilities,
)
from automl_on_ray.searchers.random_search import RandomSearch
from tests.searchers.driving import take

SPACE = SearchSpace(
    "example",
    architecture={"norm": tune.choice(["batch", None, 0.5])},
    training={
        "optimizer": tune.choice(["sgd", "adam", "adamw"]),
        "momentum": tune.uniform(0.5, 0.99),
        "beta": tune.uniform(0.8, 0.99),
        "share": tune.quniform(0.0, 1.0, 0.25),
        "batch": tune.lograndint(16, 257),
        "constant": "kept out",
    },
    conditions={
        "momentum": Condition("optimizer", ("sgd",)),
        "beta": Condition("optimizer", ("adam", "adamw")),
    },
)
GOAL = (Objective("score"),)
BEGUN = 5  # trials before the first suggestion of a model, the longest: tests go on from there
SETTINGS = SearcherSettings(SPACE, GOAL, seed=3, max_t=4)
SMALL = SearchSpace("small", training={"a": tune.choice([1, "x"]), "b": tune.randint(0, 3)})

EVERY = pytest.mark.parametrize("name", choices("searchers"))
OURS = pytest.mark.parametrize("name", [n for n in choices("searchers") if n != "optuna"])
CONSTRAINED = pytest.mark.parametrize(
    "name",
    [n for n in choices("searchers") if searcher_capabilities(n).takes_parameter_constraints],
)


POINT = {"norm": None, "optimizer": "sgd", "momentum": 0.9, "share": 0.25, "batch": 64}
ASKED = {
    "takes_known_results": {"known": (PriorTrial(POINT, {4: {"score": 1.0}}),)},
    "takes_acquisition_function": {"acquisition": "ucb"},
    "takes_outcome_constraints": {"outcome_constraints": ("cost <= 1",)},
    "takes_parameter_constraints": {"space": replace(SPACE, constraints=("share <= 0.5",))},
    "takes_unbounded_domains": {
        "space": SearchSpace("normal", training={"x": tune.randn(0, 1), "y": tune.uniform(0, 1)})
    },
}


@EVERY
@pytest.mark.parametrize("capability", ASKED)
def test_what_a_searcher_does_not_declare_is_refused_with_one_that_takes_it(name, capability):
    settings = replace(SETTINGS, **ASKED[capability])
    if getattr(searcher_capabilities(name), capability):
        check_searcher(name, settings)
        return
    with pytest.raises(
        UserError, match=rf"--searcher {name} takes no .*; use --searcher"
    ) as caught:
        create_searcher(name, settings)
    check_searcher(str(caught.value).split()[-1].rstrip("."), settings)


@EVERY
def test_results_change_suggestions_only_if_a_searcher_learns_from_them(name):
    good, bad = create_searcher(name, SETTINGS), create_searcher(name, SETTINGS)
    for index in range(12):
        trial = f"t{index}"
        config = take(good, trial)
        differ = take(bad, trial) != config
        if differ:
            break
        for sign, searcher in ((1, good), (-1, bad)):
            result = {"score": sign * score(config), "training_iteration": 4}
            searcher.on_trial_complete(trial, result)
    assert differ == searcher_capabilities(name).learns_from_results


def score(config):
    return -abs(config["batch"] - 99) / 99 - config["share"] + (config["optimizer"] == "adam")


def walk(searcher, trials, prefix="t"):
    """Configs of `trials` in a row, each told before the next is asked for."""
    configs = []
    for index in range(trials):
        trial = f"{prefix}{index}"
        config = take(searcher, trial)
        configs.append(config)
        result = {"score": score(config), "training_iteration": 4}
        searcher.on_trial_complete(trial, result)
    return configs


@EVERY
def test_suggestions_are_members_without_inactive_parameters(name):
    searcher = create_searcher(name, SETTINGS)
    for config in walk(searcher, BEGUN + 5):
        assert "constant" not in config or config["constant"] == "kept out"
        SPACE.check({**SPACE.constants, **config})
        inactive = {"momentum": ("sgd",), "beta": ("adam", "adamw")}
        for key, optimizers in inactive.items():
            assert (key in config) == (config["optimizer"] in optimizers)


@EVERY
def test_the_same_seed_gives_the_same_suggestions(name):
    first, second = (walk(create_searcher(name, SETTINGS), BEGUN + 2) for _ in range(2))
    assert first == second
    other = SearcherSettings(SPACE, GOAL, seed=4, max_t=4)
    assert walk(create_searcher(name, other), 3) != first[:3]


@pytest.fixture(scope="module")
def elsewhere():
    """Suggestions of every searcher in another process."""
    code = (
        "from tests.searchers.test_conformance import *\n"
        "for name in choices('searchers'):\n"
        "    print(name, walk(create_searcher(name, SETTINGS), BEGUN + 3))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@OURS
def test_another_process_gives_the_same_suggestions(name, elsewhere):
    assert elsewhere[name] == str(walk(create_searcher(name, SETTINGS), BEGUN + 3))


@OURS
@pytest.mark.parametrize("after", [0, BEGUN + 1])
def test_a_saved_searcher_goes_on_exactly(name, after, tmp_path):
    whole = create_searcher(name, SETTINGS)
    walk(whole, after)
    running = take(whole, "running")
    whole.save(str(tmp_path / "state"))
    restored = create_searcher(name, SETTINGS)
    restored.restore(str(tmp_path / "state"))
    for searcher in (whole, restored):
        searcher.on_trial_complete("running", {"score": score(running), "training_iteration": 4})
    assert walk(restored, 3, "later") == walk(whole, 3, "later")


@OURS
def test_a_searcher_can_be_pickled_before_and_during_a_study(name):
    searcher = create_searcher(name, SETTINGS)
    assert walk(pickle.loads(pickle.dumps(searcher)), 3) == walk(searcher, 3)


@EVERY
def test_reports_without_the_metric_are_passed_over(name):
    searcher = create_searcher(name, SETTINGS)
    for index, last in enumerate([{"loss": 1.0}, {"score": None}, {"score": "0.9"}]):
        trial = f"t{index}"
        value = np.array([score(take(searcher, trial))])
        for step, report in enumerate([{"loss": 1.0}, {"score": value}, {"loss": 1.0}], start=1):
            searcher.on_trial_result(trial, {**report, "training_iteration": step})
        searcher.on_trial_complete(trial, {**last, "training_iteration": 4})
    take(searcher, "never")
    searcher.on_trial_result("never", {"loss": 1.0, "training_iteration": 1})
    searcher.on_trial_complete("never", {"loss": 1.0, "training_iteration": 4})
    assert isinstance(take(searcher, "next"), dict)


class Listening(RandomSearch):
    """Keeps what it is told, of two metrics."""

    metrics = ("score", "cost")

    def start(self):
        super().start()
        self.heard = []

    def tell(self, config, outcome):
        self.heard.append(outcome)


def heard_of(*reports, complete=True):
    """The outcome of a trial that reports so, a step each."""
    searcher = Listening(SETTINGS)
    take(searcher, "t")
    results = [{**report, "training_iteration": i} for i, report in enumerate(reports, start=1)]
    for result in results:
        searcher.on_trial_result("t", result)
    searcher.on_trial_complete("t", results[-1] if complete and results else None)
    return searcher.heard[0]


def test_a_trials_value_is_the_last_number_that_it_reported():
    both = {"score": 0.5, "cost": 2.0}
    assert heard_of(both, {}, {"score": 0.75}, {"loss": 1.0}) == TrialOutcome(
        "completed",
        {1: both, 3: {"score": 0.75, "cost": 2.0}, 4: {"score": 0.75, "cost": 2.0}},
    )
    assert heard_of({"cost": 2.0}, {"score": 0.5}) == TrialOutcome("early_stopped", {2: both})
    assert heard_of({"cost": 2}, {"score": torch.tensor(0.5)}).last == both
    assert heard_of(both, {"score": math.nan}, {"score": 0.75}).last["score"] == 0.75


def test_a_trial_fails_whose_last_value_is_none_or_no_finite_one():
    both = {"score": 0.5, "cost": 2.0}
    assert heard_of(both, {"score": math.nan}).verdict == "failed"
    assert heard_of(both, {"score": 10**400}, {"loss": 1.0}).verdict == "failed"
    assert heard_of({"score": 0.5}, {"score": 0.5}).verdict == "failed"
    assert heard_of({"score": "0.5", "cost": True}).verdict == "failed"
    assert heard_of({"score": 0.5}, complete=False).verdict == "unknown"  # a budget ended it
    assert heard_of(complete=False).verdict == "unknown"


@EVERY
def test_points_are_tried_first(name):
    points = (
        {"norm": None, "optimizer": "sgd", "momentum": 0.9, "share": 0.25, "batch": 64},
        {"norm": 0.5, "optimizer": "adam", "beta": 0.9, "share": 1.0, "batch": 16},
    )
    searcher = create_searcher(name, SearcherSettings(SPACE, GOAL, seed=0, max_t=4, points=points))
    tried = [take(searcher, f"t{index}") for index in range(3)]
    assert [{k: v for k, v in c.items() if k != "constant"} for c in tried[:2]] == list(points)
    assert tried[2] not in tried[:2]


@OURS
def test_a_finite_space_ends_the_study_when_every_member_was_handed_out_once(name):
    searcher = create_searcher(name, SearcherSettings(SMALL, GOAL, seed=0, max_t=1))
    configs = []
    for index in range(6):
        configs.append(take(searcher, f"t{index}"))
        if index % 2:
            result = {"score": float(index), "training_iteration": 1}
            searcher.on_trial_complete(f"t{index}", result)
    assert len({str(sorted(c.items())) for c in configs}) == 6
    assert take(searcher, "one too many") == Searcher.FINISHED


@OURS
def test_more_slots_than_initial_points_do_not_stall(name):
    searcher = create_searcher(name, SETTINGS)
    searcher.set_max_concurrency(40)
    assert all(isinstance(take(searcher, f"t{index}"), dict) for index in range(40))
    assert searcher.suggest("over the limit") is None


@OURS
def test_trials_that_fail_or_report_no_number_free_their_slots(name):
    searcher = create_searcher(name, SETTINGS)
    searcher.set_max_concurrency(1)
    endings = [
        {"result": None, "error": True},
        {"result": {"score": float("nan"), "training_iteration": 4}},
        {"result": {"score": float("inf"), "training_iteration": 4}},
        {"result": {"score": None, "training_iteration": 4}},
        {"result": {"training_iteration": 4}},
        {"result": None},
    ]
    for index in range(12):
        config = take(searcher, f"t{index}")
        assert isinstance(config, dict)
        good = {"result": {"score": score(config), "training_iteration": 4}}
        ending = endings[index // 2 % len(endings)] if index % 2 else good
        searcher.on_trial_complete(f"t{index}", **ending)
    searcher.on_trial_complete("never suggested", {"score": 1.0})
    searcher.on_trial_complete("t0", {"score": 1.0})


@CONSTRAINED
def test_linear_constraints_hold(name):
    space = SearchSpace(
        "constrained",
        training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1), "n": tune.randint(0, 4)},
        constraints=("x + y <= 0.8", "n - 4 * x >= 0"),
    )
    searcher = create_searcher(name, SearcherSettings(space, GOAL, seed=1, max_t=1))
    for index in range(BEGUN + 1):
        config = take(searcher, f"t{index}")
        assert config["x"] + config["y"] <= 0.8 + 1e-6
        assert config["n"] >= 4 * config["x"] - 1e-6
        searcher.on_trial_complete(f"t{index}", {"score": config["x"], "training_iteration": 1})


@EVERY
def test_values_of_domains_with_steps_are_multiples(name):
    space = SearchSpace(
        "stepped",
        training={
            "hidden": tune.qrandint(8, 16384 * 8, 8), "width": tune.qlograndint(1, 30000, 8),
            "rate": tune.quniform(0, 5000, 0.5),
        },
    )  # fmt: skip
    searcher = create_searcher(name, SearcherSettings(space, GOAL, seed=1, max_t=1))
    for index in range(BEGUN + 2):
        config = take(searcher, f"t{index}")
        space.check(config)
        result = {"score": config["rate"], "training_iteration": 1}
        searcher.on_trial_complete(f"t{index}", result)


@EVERY
def test_configs_are_flat_and_their_values_plain(name):
    space = SearchSpace(
        "odd",
        training={
            "opt": {"lr": tune.loguniform(1e-4, 1.0), "kind": tune.choice([int, len, (1, 2)])},
            "v": tune.choice([None]), "layers": [tune.randint(1, 4), 3],
        },
        conditions={"opt/lr": Condition("opt/kind", (int, (1, 2)))},
    )  # fmt: skip
    searcher = create_searcher(name, SearcherSettings(space, GOAL, seed=1, max_t=1))
    for index in range(BEGUN + 2):
        config = {**space.constants, **take(searcher, f"t{index}")}
        assert json.loads(json.dumps(config)) == config
        space.check(config)
        given = space.as_declared(config)
        assert given["v"] is None
        assert given["layers"][1] == 3
        assert given["opt"]["kind"] in (int, len, (1, 2))
        assert ("lr" in given["opt"]) == (given["opt"]["kind"] is not len)
        searcher.on_trial_complete(f"t{index}", {"score": 1.0 * index, "training_iteration": 1})


@CONSTRAINED
@pytest.mark.parametrize(
    "constraints",
    [("x + y <= -1",), ("x + y <= 0.5", "x + y >= 0.6"), ("x + y <= 0.5", "x + y >= 0.5")],
)
def test_constraints_that_nothing_meets_are_refused(name, constraints):
    space = SearchSpace(
        "unmet", training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)},
        constraints=constraints,
    )  # fmt: skip
    with pytest.raises(UserError, match=r"nothing meets|met no constraint"):
        create_searcher(name, SearcherSettings(space, GOAL))


def test_a_constraint_on_a_parameter_without_bounds_holds():
    space = SearchSpace("normal", training={"x": tune.randn(0, 1)}, constraints="x <= 0.5")
    searcher = create_searcher("random", SearcherSettings(space, GOAL))
    assert all(searcher.suggest(f"t{index}")["x"] <= 0.5 for index in range(20))


@CONSTRAINED
def test_a_constraint_on_an_unknown_parameter_is_refused(name):
    space = SearchSpace("wrong", training={"x": tune.uniform(0, 1)}, constraints=("x + z <= 1",))
    with pytest.raises(UserError, match="unknown parameter 'z'"):
        create_searcher(name, SearcherSettings(space, GOAL))


@OURS
def test_a_trial_restarted_under_a_new_id_is_known_by_its_config(name):
    searcher = create_searcher(name, SETTINGS)
    assert isinstance(searcher, AskTellSearcher)
    searcher.set_max_concurrency(1)
    config = take(searcher, "old")
    result = {f"config/{key}": value for key, value in config.items()}
    result |= {"score": 1.0, "training_iteration": 4, "config/constant": "kept out"}
    searcher.on_trial_result("new", result)
    assert searcher.suggest("next") is None
    searcher.on_trial_complete("new", result)
    assert searcher.in_flight == []
    assert isinstance(take(searcher, "next"), dict)


@EVERY
def test_a_study_of_ray_tune_uses_every_sample(name, ray_cluster, tmp_path):
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    searcher = create_searcher(name, SearcherSettings(SPACE, GOAL, seed=0, max_t=1, samples=6))
    results = tune.Tuner(
        lambda config: {"score": score(config)},
        param_space=SPACE.constants,
        tune_config=tune.TuneConfig(
            search_alg=searcher, num_samples=6, max_concurrent_trials=2, reuse_actors=True
        ),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    ).fit()
    assert [result.metrics["config"]["constant"] for result in results] == ["kept out"] * 6
    assert not results.errors
