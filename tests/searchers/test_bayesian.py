"""The Bayesian searcher, on the real Ax."""

import math
import pickle

import numpy as np
import pytest
from ax.core.trial_status import TrialStatus
from botorch.acquisition.logei import qLogExpectedImprovement, qLogNoisyExpectedImprovement
from botorch.acquisition.monte_carlo import qNoisyExpectedImprovement, qUpperConfidenceBound
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from ray import cloudpickle, tune

from search_spaces._errors import UserError
from search_spaces._objective import Objective, parse_objectives
from search_spaces._space import SearchSpace
from searchers._analysis import analyse
from searchers._ask_tell import Outcome
from searchers._ax_model import AxModel
from searchers._settings import Settings
from searchers.bayesian import Bayesian
from tests.searchers.driving import take

PLANE = SearchSpace("plane", training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)})
SCORE = (Objective("score"),)


def peak(config):
    return -((config["x"] - 0.7) ** 2) - (config["y"] - 0.2) ** 2


def completed(**metrics):
    return Outcome("completed", {4: metrics})


def led(settings, trials, outcome):
    """A model after `trials`, and their configs."""
    model, configs = AxModel(settings), []
    for _ in range(trials):
        config = model.suggest()
        configs.append(config)
        model.told(config, outcome(config))
    assert not model.fallbacks
    return model, configs


def experiment(model):
    return model._client._experiment


def test_it_finds_a_peak_faster_than_chance():
    _, configs = led(Settings(PLANE, SCORE, max_t=4), 16, lambda c: completed(score=peak(c)))
    random = np.random.default_rng(0).random((16, 2))
    assert max(map(peak, configs)) > -0.003
    assert max(map(peak, configs)) > max(peak({"x": x, "y": y}) for x, y in random)


def test_it_begins_in_the_middle_unless_the_user_says_where():
    assert AxModel(Settings(PLANE, SCORE)).suggest() == {"x": 0.5, "y": 0.5}
    begun = AxModel(Settings(PLANE, SCORE, points=({"x": 0.1, "y": 0.1},)))
    assert begun.suggest() != {"x": 0.5, "y": 0.5}


def test_a_metric_to_minimise_is_minimised():
    settings = Settings(PLANE, (Objective("loss", "min"),), max_t=4)
    _, configs = led(settings, 14, lambda c: completed(loss=-peak(c)))
    assert max(map(peak, configs)) > -0.01


def test_a_trial_stopped_early_is_marked_so_with_its_values_at_their_steps():
    model = AxModel(Settings(PLANE, SCORE, max_t=9))
    config = model.suggest()
    curve = {step: {"score": step / 10} for step in (1, 2, 3, 5)}
    model.told(config, Outcome("early_stopped", curve))
    (trial,) = experiment(model).trials.values()
    assert trial.status == TrialStatus.EARLY_STOPPED
    data = experiment(model).lookup_data().full_df
    assert dict(zip(data["step"], data["mean"], strict=True)) == {1: 0.1, 3: 0.3, 5: 0.5}


def share_of_later(outcome, wanted):
    """How many of 40 suggestions, the last 8 of 16 for each of 5 seeds, are `wanted`."""
    studies = (led(Settings(PLANE, SCORE, seed=seed, max_t=9), 16, outcome)[1] for seed in range(5))
    return sum(wanted(config) for configs in studies for config in configs[8:])


def test_values_of_trials_stopped_early_do_not_count_as_final():
    """Final values peak at x = 0.7, but early ones, all higher, at x = 0."""

    def outcome(config):
        early = {1: {"score": 5 - config["x"]}}
        if config["x"] < 0.5:
            return Outcome("early_stopped", early)
        return Outcome("completed", {**early, 9: {"score": peak(config)}})

    # 3 when early values are taken at face value: nearly all lie near 0 then.
    assert share_of_later(outcome, lambda config: config["x"] > 0.4) >= 10


def test_the_worse_trials_being_stopped_early_does_not_draw_the_model_to_them():
    """The metric falls by 2 from the first step to the last; a scheduler stops the worse trials."""

    def outcome(config):
        early = {1: {"score": peak(config) + 2}}
        if peak(config) < -0.1:
            return Outcome("early_stopped", early)
        return Outcome("completed", {**early, 9: {"score": peak(config)}})

    # 1 when early values are taken at face value, 4 without what _step_effect does.
    assert share_of_later(outcome, lambda config: peak(config) > -0.05) >= 25


def test_a_crash_is_abandoned_and_its_region_avoided():
    def outcome(config):
        return Outcome("failed") if config["x"] > 0.5 else completed(score=peak(config))

    model, configs = led(Settings(PLANE, SCORE, max_t=4), 22, outcome)
    status = [trial.status for trial in experiment(model).trials.values()]
    assert TrialStatus.FAILED not in status
    crashed = [config["x"] > 0.5 for config in configs]
    assert status.count(TrialStatus.ABANDONED) == sum(crashed)
    assert sum(crashed[-8:]) <= 5  # the peak lies there, so it tries near the border
    assert len({(c["x"], c["y"]) for c in configs}) == 22


@pytest.mark.parametrize(
    ("acquisition", "objective", "expected"),
    [
        (None, "score", qLogNoisyExpectedImprovement),
        ("qlognei", "score", qLogNoisyExpectedImprovement),
        ("qlogei", "score", qLogExpectedImprovement),
        ("qnei", "score", qNoisyExpectedImprovement),
        ("ucb", "score", qUpperConfidenceBound),
        (None, "score, -cost", qLogNoisyExpectedHypervolumeImprovement),
        ("qlognehvi", "score, -cost", qLogNoisyExpectedHypervolumeImprovement),
    ],
)
def test_the_chosen_acquisition_function_is_the_one_at_work(acquisition, objective, expected):
    goals = parse_objectives(objective)
    settings = Settings(PLANE, goals, max_t=4, acquisition=acquisition)
    model, _ = led(settings, 6, lambda c: completed(score=peak(c), cost=c["x"]))
    used = []
    original = expected.forward

    def spy(self, X):  # noqa: N803 - BoTorch's name
        used.append(type(self))
        return original(self, X)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expected, "forward", spy)
        for _ in range(2):  # with one pending too
            model.suggest()
    assert expected in used
    assert not model.fallbacks


def test_a_high_beta_explores_and_a_low_one_exploits():
    def tried(beta):
        settings = Settings(PLANE, SCORE, max_t=4, acquisition="ucb", beta=beta)
        model, _ = led(settings, 10, lambda c: completed(score=peak(c)))
        return peak(model.suggest())

    assert tried(0.01) > tried(1e4)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"acquisition": "ucb", "objectives": parse_objectives("a, b")}, "'ucb' is for one"),
        ({"acquisition": "qlognehvi"}, "'qlognehvi' is for several"),
        ({"acquisition": "entropy"}, "Unknown acquisition function 'entropy'"),
        ({"beta": 1.0}, "beta belongs to"),
        ({"outcome_constraints": ("score >= 1",)}, "only objective"),
        ({"outcome_constraints": ("cost < 1",)}, "cannot be read"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(settings, said):
    with pytest.raises(UserError, match=said):
        Bayesian(Settings(**{"space": PLANE, "objectives": SCORE, **settings}))


def test_a_constraint_on_a_log_scale_is_refused():
    space = SearchSpace("log", training={"x": tune.loguniform(1, 9)}, constraints=("x <= 2",))
    with pytest.raises(UserError, match="log scale"):
        Bayesian(Settings(space, SCORE))


def test_an_outcome_constraint_keeps_suggestions_where_it_holds():
    settings = Settings(PLANE, SCORE, max_t=4, outcome_constraints=("cost <= 0.4",))
    _, configs = led(settings, 18, lambda c: completed(score=peak(c), cost=c["x"]))
    feasible = [config for config in configs[8:] if config["x"] <= 0.42]
    assert len(feasible) >= 6
    assert max(map(peak, feasible)) > -0.12  # at the border the best is -0.09


def test_several_objectives_spread_along_their_front():
    goals = parse_objectives("right, left")
    _, configs = led(
        Settings(PLANE, goals, max_t=4), 18,
        lambda c: completed(right=c["x"] - c["y"], left=1 - c["x"] - c["y"]),
    )  # fmt: skip
    near_front = [config["x"] for config in configs[8:] if config["y"] < 0.1]
    assert len(near_front) >= 6
    assert max(near_front) - min(near_front) > 0.2


def test_results_known_beforehand_are_learned_from_at_once():
    grid = np.random.default_rng(1).random((20, 2))
    known = tuple(
        ({"x": float(x), "y": float(y)}, {"score": peak({"x": x, "y": y})}) for x, y in grid
    )
    model = AxModel(Settings(PLANE, SCORE, max_t=4, known=known))
    assert peak(model.suggest()) > -0.02


def test_a_model_goes_on_after_a_pickle_as_if_nothing_had_been():
    model, _ = led(Settings(PLANE, SCORE, max_t=4), 9, lambda c: completed(score=peak(c)))
    model.suggest()  # pending
    copy = pickle.loads(pickle.dumps(model))
    for _ in range(2):
        ours, theirs = model.suggest(), copy.suggest()
        assert ours == theirs
        model.told(ours, completed(score=peak(ours)))
        copy.told(theirs, completed(score=peak(theirs)))


def test_the_models_process_may_die_without_changing_a_suggestion():
    def configs(kill):
        searcher = Bayesian(Settings(PLANE, SCORE, max_t=4))
        searcher.set_max_concurrency(2)
        found = []
        for index in range(9):
            if kill and index in (3, 7):
                searcher._worker._process.kill()
            found.append(take(searcher, f"t{index}"))
            result = {"score": peak(found[-1]), "training_iteration": 4}
            searcher.on_trial_complete(f"t{index}", result)
        return found

    assert configs(kill=True) == configs(kill=False)


@pytest.mark.parametrize("lookahead", [0, 1])
def test_the_next_suggestion_is_asked_for_before_the_result_only_with_a_lookahead(lookahead):
    searcher = Bayesian(Settings(PLANE, SCORE, max_t=4), lookahead=lookahead)
    sent = []
    send = searcher._send
    searcher._send = lambda method, *arguments: (sent.append(method), send(method, *arguments))
    for index in range(7):
        config = take(searcher, f"t{index}")
        result = {"score": peak(config), "training_iteration": 4}
        searcher.on_trial_complete(f"t{index}", result)
    searcher.close()
    order = "".join(method[0] for method in sent)  # s: suggest, t: told
    assert order.startswith("sst" if lookahead else "sts")


def test_a_trial_stopped_without_a_word_has_its_last_values():
    """As HyperBand stops paused trials."""
    searcher = Bayesian(Settings(PLANE, SCORE, max_t=9))
    told = []
    searcher.tell = lambda config, outcome: told.append(outcome)
    take(searcher, "paused")
    searcher.on_trial_result("paused", {"score": 0.5, "training_iteration": 3})
    searcher.on_trial_complete("paused")
    take(searcher, "never ran")
    searcher.on_trial_complete("never ran")
    assert [outcome.verdict for outcome in told] == ["early_stopped", "unknown"]
    assert told[0].last == {"score": 0.5}


def test_importance_and_slices_come_of_the_trials_of_any_searcher():
    generator = np.random.default_rng(0)
    rows = [
        (config, {"score": -((config["x"] - 0.5) ** 2)})
        for config in (PLANE.sample(generator) for _ in range(12))
    ]
    analysis = analyse(PLANE, SCORE, rows)
    assert analysis.importance["x"] > 0.9
    assert math.isclose(sum(analysis.importance.values()), 1.0)
    assert set(analysis.figures) == {"Slice: x", "Slice: y"}
    assert analyse(PLANE, SCORE, rows[:3]).figures == {}


def test_a_plain_tuner_with_a_nested_space_needs_no_settings(ray_cluster, tmp_path):
    results = tune.Tuner(
        lambda config: {"score": -abs(config["opt"]["rate"] - 0.5)},
        param_space={"opt": {"rate": tune.uniform(0, 1), "kind": "sgd"}, "seed": None},
        tune_config=tune.TuneConfig(
            metric="score", mode="max", num_samples=4, max_concurrent_trials=2,
            search_alg=Bayesian(seed=1),
        ),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    ).fit()  # fmt: skip
    assert {result.config["opt"]["kind"] for result in results} == {"sgd"}
    assert len({result.config["opt"]["rate"] for result in results}) == 4


def test_a_study_goes_on_when_the_models_process_is_killed(ray_cluster, tmp_path):
    searcher = Bayesian(Settings(PLANE, SCORE, samples=8))
    killed = []

    class Killer(tune.Callback):
        def on_trial_complete(self, iteration, trials, trial, **info):
            if not killed and sum(other.is_finished() for other in trials) >= 3:
                killed.append(searcher._worker._process)
                killed[0].kill()

    results = tune.Tuner(
        lambda config: {"score": -abs(config["x"] - 0.4)},
        tune_config=tune.TuneConfig(search_alg=searcher, num_samples=8, max_concurrent_trials=2),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0, callbacks=[Killer()]),
    ).fit()
    assert len(results) == 8
    assert not results.errors
    assert len({result.config["x"] for result in results}) == 8
    assert killed
    assert searcher._worker._process is not killed[0]
    searcher.close()


@pytest.mark.slow
@pytest.mark.parametrize("crashes", ["at random", "in one half"])
def test_a_study_in_which_trials_crash_uses_every_sample(crashes, ray_cluster, tmp_path):
    def trial(config):
        chance = np.random.default_rng(int(config["x"] * 1e9)).random() < 0.3
        if chance if crashes == "at random" else config["x"] > 0.5:
            raise RuntimeError("crash")
        return {"score": -abs(config["x"] - 0.4), "training_iteration": 1}

    results = tune.Tuner(
        cloudpickle.loads(cloudpickle.dumps(trial)),
        tune_config=tune.TuneConfig(
            search_alg=Bayesian(Settings(PLANE, SCORE, samples=16)),
            num_samples=16, max_concurrent_trials=2,
        ),
        run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
    ).fit()  # fmt: skip
    assert len(results) == 16
    assert 0 < len(results.errors) < 16


class Mine:
    """A value that only this file has."""


def twice(value):
    return 2 * value


def test_the_models_process_takes_values_and_networks_of_the_users_own_script():
    import __main__

    space = SearchSpace(
        "own",
        training={"x": tune.uniform(0, 1), "kind": tune.choice([Mine, twice, int, None])},
        build=lambda config, shape, classes: None,
    )
    kept = Mine.__module__, twice.__module__
    Mine.__module__ = twice.__module__ = "__main__"  # as in a script: importable nowhere else
    try:
        searcher = Bayesian(Settings(space, SCORE))
        for index in range(9):
            config = take(searcher, f"t{index}", 60)
            space.check(config)
            result = {"score": config["x"], "training_iteration": 1}
            searcher.on_trial_complete(f"t{index}", result)
        searcher.close()
    finally:
        Mine.__module__, twice.__module__ = kept
    assert not hasattr(__main__, "Mine")


def test_a_restored_study_may_be_given_more_samples(tmp_path):
    first = Bayesian(Settings(PLANE, SCORE, samples=2))
    for name in "ab":
        take(first, name)
        first.on_trial_complete(name, {"score": 0.5, "training_iteration": 1})
    first.save(str(tmp_path / "state"))
    longer = Bayesian(Settings(PLANE, SCORE, samples=4))
    longer.restore(str(tmp_path / "state"))
    assert isinstance(take(longer, "c", 60), dict)
