"""What every searcher does, whatever its algorithm: a new file in searchers/ is held to it too."""

import functools
import json
import math
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch
from ray import cloudpickle, tune
from ray.tune.schedulers import FIFOScheduler
from ray.tune.search import Searcher

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.beliefs import read_beliefs
from automl_on_ray.search_spaces.core import INFEASIBLE, Objective, UserError, choices
from automl_on_ray.searchers import (
    AskTellSearcher,
    PriorTrial,
    SearcherSettings,
    Source,
    TrialOutcome,
    check_searcher,
    create_searcher,
    searcher_capabilities,
    varying,
)
from automl_on_ray.searchers.random_search import RandomSearch
from automl_on_ray.simulation import Simulation
from tests.searchers.driving import PLANE, peak, take

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
CONSTRAINED = [
    n for n in choices("searchers") if searcher_capabilities(n).takes_parameter_constraints
]
EVERY_CONSTRAINED = pytest.mark.parametrize("name", CONSTRAINED)


POINT = {"norm": None, "optimizer": "sgd", "momentum": 0.9, "share": 0.25, "batch": 64}
ASKED = {
    "takes_known_results": {"known": (PriorTrial(POINT, {4: {"score": 1.0}}),)},
    "takes_sources": {"sources": (Source("s", (PriorTrial(POINT, {4: {"score": 1.0}}),)),)},
    "takes_prior": {"prior": repr},
    "takes_beliefs": {"beliefs": read_beliefs(["share ~ normal(0.5, 0.2)"], SPACE.domains)},
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


def test_it_is_told_where_each_part_of_what_is_asked_has_its_searcher_and_the_whole_has_none():
    both = replace(SETTINGS, prior=repr, acquisition="ucb")
    with pytest.raises(UserError, match="takes no --acquisition, and no searcher takes it all"):
        check_searcher("random", both)


@EVERY
def test_results_change_suggestions_only_if_a_searcher_learns_from_them(name):
    good, bad = create_searcher(name, SETTINGS), create_searcher(name, SETTINGS)
    for index in range(24):
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


@functools.cache
def walked(name):
    """What several tests look at: to fit models takes a while."""
    return walk(create_searcher(name, SETTINGS), BEGUN + 2)


@EVERY
def test_suggestions_are_members_without_inactive_parameters(name):
    for config in walked(name):
        assert "constant" not in config or config["constant"] == "kept out"
        SPACE.check({**SPACE.constants, **config})
        inactive = {"momentum": ("sgd",), "beta": ("adam", "adamw")}
        for key, optimizers in inactive.items():
            assert (key in config) == (config["optimizer"] in optimizers)


@EVERY
def test_the_same_seed_gives_the_same_suggestions(name):
    first = walked(name)[: BEGUN + 1]
    assert walk(create_searcher(name, SETTINGS), BEGUN + 1) == first
    other = SearcherSettings(SPACE, GOAL, seed=4, max_t=4)
    assert walk(create_searcher(name, other), 3) != first[:3]


def walked_elsewhere(names):
    """Suggestions of these searchers in another process, by name."""
    code = (
        "from tests.searchers.test_conformance import *\n"
        f"for name in {names}:\n"
        "    print(name, walk(create_searcher(name, SETTINGS), BEGUN + 1))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def quickly(names):
    """CI alone tries it with Ax's model, which takes many seconds."""
    return [
        pytest.param(name, marks=[pytest.mark.whole] if name == IN_A_PROCESS else [])
        for name in names
    ]


IN_A_PROCESS = "bayesian"  # whose models have one each: the test before shows the same of it


def test_another_process_gives_the_same_suggestions():
    names = [name for name in choices("searchers") if name not in ("optuna", IN_A_PROCESS)]
    assert walked_elsewhere(names) == {name: str(walked(name)[: BEGUN + 1]) for name in names}


@pytest.mark.whole
def test_another_process_gives_the_same_suggestions_of_a_model_in_a_process():
    """Models' processes are forked from one, in place of which comes another."""
    expected = walked(IN_A_PROCESS)[: BEGUN + 1]
    first = create_searcher(IN_A_PROCESS, SETTINGS)
    parent = psutil.Process(first.model.pid()).parent()
    parent.kill()
    parent.wait(60)
    assert walk(create_searcher(IN_A_PROCESS, SETTINGS), BEGUN + 1) == expected


@OURS
@pytest.mark.parametrize("after", [0, BEGUN])
def test_a_saved_searcher_goes_on_exactly(name, after, tmp_path):
    whole = create_searcher(name, SETTINGS)
    walk(whole, after)
    running = take(whole, "running")
    whole.save(str(tmp_path / "state"))
    restored = create_searcher(name, SETTINGS)
    restored.restore(str(tmp_path / "state"))
    for searcher in (whole, restored):
        searcher.on_trial_complete("running", {"score": score(running), "training_iteration": 4})
    assert walk(restored, 2, "later") == walk(whole, 2, "later")


def earlier(seed):
    """Trials of a study on other data."""
    generator = np.random.default_rng(seed)
    configs = [varying(SPACE, SPACE.sample(generator)) for _ in range(12)]
    return tuple(PriorTrial(config, {4: {"score": 9 * score(config)}}) for config in configs)


@pytest.mark.parametrize(
    "name", quickly([n for n in choices("searchers") if searcher_capabilities(n).takes_sources])
)
def test_beside_sources_a_saved_searcher_goes_on_exactly_and_keeps_its_trust(name, tmp_path):
    """Quickly of Ax's model: tests/searchers/ax/transfer/test_multi_task.py, after a pickle."""
    sources = tuple(Source(name, earlier(seed)) for seed, name in enumerate(("a", "b")))
    settings = replace(SETTINGS, sources=sources)
    whole, restored = create_searcher(name, settings), create_searcher(name, settings)
    assert whole.trust == {}
    walk(whole, 6)  # the first five are made ahead, or judge the sources
    assert set(whole.trust) == {"a", "b"}
    assert all(0 <= trust <= 1 for trust in whole.trust.values())
    whole.save(str(tmp_path / "state"))
    restored.restore(str(tmp_path / "state"))
    assert restored.trust == whole.trust
    assert walk(restored, 2, "later") == walk(whole, 2, "later")
    assert restored.trust == whole.trust


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


def test_an_infeasible_trial_is_told_as_failed():
    both = {"score": 0.5, "cost": 2.0}
    assert heard_of({**both, INFEASIBLE: True}).verdict == "failed"


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
    searcher = create_searcher(name, replace(SETTINGS, space=PLANE, samples=9))
    searcher.set_max_concurrency(1)
    endings = [
        {"result": None, "error": True},
        {"result": {"score": float("nan"), "training_iteration": 4}},
        {"result": {"score": float("inf"), "training_iteration": 4}},
        {"result": {"score": None, "training_iteration": 4}},
        {"result": {"training_iteration": 4}},
        {"result": None},
    ]
    for index, ending in enumerate([None, None, None, *endings]):
        config = take(searcher, f"t{index}")
        assert isinstance(config, dict)
        good = {"result": {"score": peak(config), "training_iteration": 4}}
        searcher.on_trial_complete(f"t{index}", **(ending or good))
    searcher.on_trial_complete("never suggested", {"score": 1.0})
    searcher.on_trial_complete("t0", {"score": 1.0})


@pytest.mark.parametrize("name", quickly(CONSTRAINED))
def test_linear_constraints_hold(name):
    """Quickly of Ax's model: the test of that name in tests/searchers/ax/test_model.py."""
    space = SearchSpace(
        "constrained",
        training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1), "n": tune.randint(0, 4)},
        constraints=("x + y <= 0.8", "n - 4 * x >= 0"),
    )
    settings = SearcherSettings(space, GOAL, seed=1, max_t=1, samples=BEGUN + 1)
    searcher = create_searcher(name, settings)
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
            "rate": tune.quniform(0, 5000, 0.5), "tenths": tune.quniform(0.1, 0.9, 0.1),
        },
    )  # fmt: skip
    beside = {"hidden": 8, "width": 8, "rate": 0.5, "tenths": 0.1 * 3}  # 0.30000000000000004
    searcher = create_searcher(
        name,
        SearcherSettings(space, GOAL, seed=1, max_t=1, points=[beside], samples=BEGUN + 1),
    )
    for index in range(BEGUN + 1):
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
    settings = SearcherSettings(space, GOAL, seed=1, max_t=1, samples=BEGUN + 1)
    searcher = create_searcher(name, settings)
    for index in range(BEGUN + 1):
        config = {**space.constants, **take(searcher, f"t{index}")}
        assert json.loads(json.dumps(config)) == config
        space.check(config)
        given = space.as_declared(config)
        assert given["v"] is None
        assert given["layers"][1] == 3
        assert given["opt"]["kind"] in (int, len, (1, 2))
        assert ("lr" in given["opt"]) == (given["opt"]["kind"] is not len)
        searcher.on_trial_complete(f"t{index}", {"score": 1.0 * index, "training_iteration": 1})


@EVERY_CONSTRAINED
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


@EVERY_CONSTRAINED
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


class Scored:
    """One step tells all."""

    def begin(self, config):
        return None

    def step(self, state, config):
        assert config["constant"] == "kept out"
        return state, {"score": score(config)}, 1.0


@EVERY
def test_a_study_uses_every_sample(name):
    searcher = create_searcher(name, SearcherSettings(SPACE, GOAL, seed=0, max_t=1, samples=6))
    study = Simulation(
        Scored(), searcher, FIFOScheduler(), samples=6, slots=2, max_t=1,
        constants=SPACE.constants,
    )  # fmt: skip
    trials = study.run()
    assert len({trial.trial_id for trial in trials}) == 6
    assert {trial.status for trial in trials} == {"TERMINATED"}


def adaptive(config):
    return config["optimizer"] != "sgd"


@EVERY
def test_beyond_a_limit_nothing_is_tried_and_no_sample_is_lost(name):
    samples = BEGUN + 1
    settings = SearcherSettings(SPACE, GOAL, seed=0, max_t=1, samples=samples, meets=adaptive)
    searcher = create_searcher(name, settings)
    study = Simulation(
        Scored(), searcher, FIFOScheduler(), samples=samples, slots=2, max_t=1,
        constants=SPACE.constants,
    )  # fmt: skip
    trials = study.run()
    assert len({trial.trial_id for trial in trials}) == samples
    assert {trial.status for trial in trials} == {"TERMINATED"}
    assert all(adaptive(trial.config) for trial in trials)


@pytest.mark.parametrize("name", quickly(choices("searchers")))
def test_a_searcher_goes_on_after_trials_that_were_infeasible(name):
    """They are told as failed; Ax's model goes on after those in the test of freed slots."""
    searcher = create_searcher(name, replace(SETTINGS, samples=BEGUN + 1))
    for index in range(BEGUN + 1):
        config = take(searcher, f"t{index}")
        assert isinstance(config, dict)
        result = {"score": score(config), "training_iteration": 4}
        beyond = {"cost": 1.0, "training_iteration": 1, INFEASIBLE: True}
        searcher.on_trial_complete(f"t{index}", beyond if index % 2 else result)


def never(config):
    return False


@pytest.mark.parametrize("name", [n for n in choices("searchers") if n != "bayesian"])
def test_where_no_config_is_within_the_limits_a_trial_is_begun_all_the_same(name):
    """It ends at once; Tune's loop is not held up for ever. Of Ax it would take a while."""
    searcher = create_searcher(name, replace(SETTINGS, meets=never))
    assert isinstance(searcher.suggest("t"), dict)


def test_a_study_of_ray_tune_uses_every_sample_of_a_searcher_that_is_not_ours(
    ray_cluster, tmp_path
):
    """Ours, on Ray: tests/workflows."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    settings = SearcherSettings(SPACE, GOAL, seed=0, max_t=1, samples=6)
    searcher = create_searcher("optuna", settings)
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


def test_a_report_of_another_config_is_not_the_trials_own():
    """PBT gave the trial that one: it says nothing of what was suggested."""
    searcher = Listening(SETTINGS)
    config = take(searcher, "t")
    both = {"score": 0.5, "cost": 2.0, "training_iteration": 2}
    own = {f"config/{key}": value for key, value in config.items()}
    searcher.on_trial_result("t", {**both, **own})
    searcher.on_trial_result("t", {**both, **own, "score": 9.0, "config/batch": 17})
    searcher.on_trial_complete("t", {**both, **own, "score": 9.0, "config/batch": 17})
    assert searcher.heard == [TrialOutcome("early_stopped", {2: {"score": 0.5, "cost": 2.0}})]
    assert searcher.heard[0].last["score"] == 0.5
    assert TrialOutcome("unknown").last == {}


def test_a_report_of_values_that_a_trial_tuned_itself_is_its_own():
    """By gradients: the config has where they started, and stays what was suggested."""
    searcher = Listening(SETTINGS)
    config = take(searcher, "t")
    own = {f"config/{key}": value for key, value in config.items()}
    tuned = {f"hyper/{key}": 17.0 for key in config}
    report = {**own, **tuned, "score": 0.5, "cost": 2.0, "training_iteration": 4}
    searcher.on_trial_complete("t", report)
    assert searcher.heard == [TrialOutcome("completed", {4: {"score": 0.5, "cost": 2.0}})]


def test_a_trial_that_failed_has_told_what_it_has():
    searcher = Listening(SETTINGS)
    take(searcher, "t")
    searcher.on_trial_result("t", {"score": 0.5, "cost": 2.0, "training_iteration": 1})
    searcher.on_trial_complete("t", error=True)
    assert searcher.heard == [TrialOutcome("failed", {1: {"score": 0.5, "cost": 2.0}})]
    searcher.on_trial_complete("t", error=True)  # known no more
    assert len(searcher.heard) == 1


def test_a_report_without_a_step_is_of_a_whole_trial():
    searcher = Listening(SETTINGS)
    take(searcher, "t")
    searcher.on_trial_complete("t", {"score": 0.5, "cost": 2.0})
    assert searcher.heard == [TrialOutcome("completed", {4: {"score": 0.5, "cost": 2.0}})]


def test_two_restarted_trials_of_one_config_are_told_apart():
    point = {"norm": None, "optimizer": "sgd", "momentum": 0.9, "share": 0.25, "batch": 64}
    searcher = Listening(replace(SETTINGS, points=(point, point)))
    take(searcher, "a")
    take(searcher, "b")
    result = {f"config/{key}": value for key, value in point.items()}
    for name, score in (("new", 0.5), ("newer", 0.75)):
        report = {**result, "score": score, "cost": 1.0, "training_iteration": 4}
        searcher.on_trial_result(name, report)
    for name in ("new", "newer", "of nobody"):
        searcher.on_trial_complete(name, result)
    assert [outcome.last["score"] for outcome in searcher.heard] == [0.5, 0.75]
    assert searcher.in_flight == []


def test_a_trial_unknown_without_a_config_is_nobodys():
    searcher = Listening(SETTINGS)
    take(searcher, "t")
    searcher.on_trial_result("other", {"score": 0.5, "cost": 2.0})
    searcher.on_trial_complete("other")
    assert len(searcher.in_flight) == 1
    assert searcher.heard == []


def test_a_study_that_goes_on_is_asked_for_as_many_trials_and_slots_as_today():
    before = Listening(replace(SETTINGS, samples=3))
    before.set_max_concurrency(1)
    take(before, "t")
    today = Listening(replace(SETTINGS, samples=9))
    today.set_state(before.get_state())
    assert today.settings == replace(SETTINGS, samples=9)
    assert today.suggest("more") is None
    wider = Listening(replace(SETTINGS, samples=9))
    wider.set_max_concurrency(2)
    wider.set_state(before.get_state())
    assert isinstance(wider.suggest("more"), dict)
    assert wider.suggest("too many") is None


def test_a_limit_is_kept_here_unless_a_limiter_of_batches_sets_it():
    class Limiter:
        def __init__(self, batch):
            self.batch = batch

        def ask(self, searcher):
            return searcher.set_max_concurrency(3)

    searcher = Listening(SETTINGS)
    assert searcher.set_max_concurrency(3)
    assert Limiter(batch=False).ask(searcher)
    assert not Limiter(batch=True).ask(searcher)


def test_what_a_study_was_made_for_is_not_changed_by_tune():
    searcher = Listening(SETTINGS)
    assert searcher.set_search_properties("other", "min", {"x": tune.uniform(0, 1)})
    assert searcher.settings is SETTINGS
    assert (searcher.metric, searcher.mode) == ("score", "max")


def test_settings_have_an_objective_and_a_space_that_can_be_searched_and_its_members():
    with pytest.raises(UserError, match="needs an objective"):
        SearcherSettings(SPACE, ())
    with pytest.raises(UserError, match="grid"):
        SearcherSettings(SearchSpace("grid", training={"x": tune.grid_search([1])}), GOAL)
    beyond = {**POINT, "momentum": 2.0}
    for given in ({"points": (beyond,)}, {"known": (PriorTrial(beyond, {}),)}):
        with pytest.raises(UserError, match="momentum"):
            SearcherSettings(SPACE, GOAL, **given)


def test_configs_that_settings_are_given_become_flat_and_plain():
    given = {"opt": {"kind": len, "lr": 0.5}}
    space = SearchSpace(
        "nested", training={"opt": {"kind": tune.choice([int, len]), "lr": tune.uniform(0, 1)}}
    )
    trials = (PriorTrial(given, {1: {"score": 1.0}}),)
    made = SearcherSettings(
        space, GOAL, points=(given,), known=trials, sources=(Source("s", trials),)
    )
    plain = space.plain(given)
    assert plain.keys() == {"opt/kind", "opt/lr"}
    assert made.points == (plain,)
    assert made.known == made.sources[0].trials == (PriorTrial(plain, trials[0].curve),)


def test_a_plain_tuners_metric_and_mode_may_come_from_two_places():
    for given, later in (({"metric": "cost"}, (None, "min")), ({"mode": "min"}, ("cost", None))):
        searcher = RandomSearch(**given)
        searcher.set_search_properties(*later, {"x": tune.uniform(0, 1), "fixed": 3})
        assert searcher.settings.objectives == (Objective("cost", "min"),)
        assert set(searcher.suggest("t")) == {"x"}
    several = RandomSearch(metric=["score", "cost"], mode=["max", "min"])
    several.set_search_properties(None, None, {"x": tune.uniform(0, 1)})
    assert several.settings.objectives == (Objective("score"), Objective("cost", "min"))
    with pytest.raises(UserError, match="needs metric and mode"):
        RandomSearch(metric="cost", mode="least")
