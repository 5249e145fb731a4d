"""What the real Ax is told of trials, and what it suggests then."""

import math
import pickle
from collections import Counter

import numpy as np
import pytest
from ax.api.client import Client
from ax.api.configs import RangeParameterConfig
from ax.core.trial_status import TrialStatus
from botorch.acquisition.logei import qLogExpectedImprovement, qLogNoisyExpectedImprovement
from botorch.acquisition.monte_carlo import qNoisyExpectedImprovement, qUpperConfidenceBound
from botorch.acquisition.multi_objective import logei
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from ray import tune

from automl_on_ray.search_spaces import SearchSpace, is_log
from automl_on_ray.search_spaces.core import Objective, parse_objectives
from automl_on_ray.searchers import PriorTrial, SearcherSettings, TrialOutcome
from automl_on_ray.searchers.ax import AxModel
from tests.searchers.driving import PLANE, SCORE, peak


def completed(**metrics):
    return TrialOutcome("completed", {4: metrics})


def led(settings, trials, outcome, until=lambda config: False):
    """A model after `trials`, or fewer once one is as wanted, and their configs."""
    model, configs = AxModel(settings), []
    for _ in range(trials):
        config = model.suggest()
        configs.append(config)
        model.tell(config, outcome(config))
        if until(config):
            break
    assert not model.fallbacks
    return model, configs


def suggested_after(settings, begun, later, outcome):
    """What a model suggests `later` that knows of so many trials anywhere in the plane."""
    model, configs = AxModel(settings), []
    for x, y in np.random.default_rng(settings.seed).random((begun, 2)):
        config = {"x": float(x), "y": float(y)}
        model.begin(config)
        model.tell(config, outcome(config))
    for _ in range(later):
        configs.append(model.suggest())
        model.tell(configs[-1], outcome(configs[-1]))
    assert not model.fallbacks
    return configs


def experiment(model):
    return model._client._experiment


def test_it_finds_a_peak_faster_than_chance():
    _, configs = led(
        SearcherSettings(PLANE, SCORE, max_t=4), 16, lambda c: completed(score=peak(c)),
        until=lambda c: peak(c) > -0.003,
    )  # fmt: skip
    random = np.random.default_rng(0).random((16, 2))
    assert peak(configs[-1]) > -0.003
    assert peak(configs[-1]) > max(peak({"x": x, "y": y}) for x, y in random)


@pytest.mark.parametrize(
    "domain",
    [
        tune.loguniform(1e-6, 1e-5), tune.uniform(1, 1 + 1e-9), tune.randint(0, 2**40),
        tune.lograndint(1, 10**12), tune.qrandint(8, 16384 * 8, 8),
    ],
)  # fmt: skip
def test_narrow_and_very_wide_ranges_are_searched_like_any_other(domain, quick):
    """The peak is at 0.7 of the range, on its own scale."""
    space = SearchSpace("one", training={"x": domain})
    there = math.log if is_log(domain) else float
    low, high = there(domain.lower), there(domain.upper)

    def place(config):
        return (there(config["x"]) - low) / (high - low)

    _, configs = led(
        SearcherSettings(space, SCORE, max_t=4),
        9,
        lambda c: completed(score=-((place(c) - 0.7) ** 2)),
        until=lambda c: abs(place(c) - 0.7) < 0.02,
    )
    for config in configs:
        space.check(config)
    assert abs(place(configs[-1]) - 0.7) < 0.02


def test_it_begins_in_the_middle_unless_the_user_says_where():
    assert AxModel(SearcherSettings(PLANE, SCORE)).suggest() == {"x": 0.5, "y": 0.5}
    begun = AxModel(SearcherSettings(PLANE, SCORE, points=({"x": 0.1, "y": 0.1},)))
    assert begun.suggest() != {"x": 0.5, "y": 0.5}


def test_it_goes_on_with_the_points_that_bare_ax_begins_with():
    bare = Client(random_seed=3)
    bare.configure_experiment(
        parameters=[
            RangeParameterConfig(name=name, bounds=(0.0, 1.0), parameter_type="float")
            for name in ("x", "y")
        ]
    )
    bare.configure_optimization(objective="score")
    bare.configure_generation_strategy(initialization_random_seed=3)
    ax_points = [p for _ in range(5) for p in bare.get_next_trials(max_trials=1).values()]

    model = AxModel(SearcherSettings(PLANE, SCORE, seed=3))
    assert [pytest.approx(model.suggest(), abs=1e-6) for _ in range(5)] == ax_points


def test_a_metric_to_minimise_is_minimised(quick):
    settings = SearcherSettings(PLANE, (Objective("loss", "min"),), max_t=4)
    found = suggested_after(settings, 10, 2, lambda c: completed(loss=-peak(c)))
    assert max(map(peak, found)) > -0.01


def test_a_trial_stopped_early_is_marked_so_with_its_values_at_their_steps():
    model = AxModel(SearcherSettings(PLANE, SCORE, max_t=9))
    config = model.suggest()
    curve = {step: {"score": step / 10} for step in (1, 2, 3, 5)}
    model.tell(config, TrialOutcome("early_stopped", curve))
    (trial,) = experiment(model).trials.values()
    assert trial.status == TrialStatus.EARLY_STOPPED
    data = experiment(model).lookup_data().full_df
    assert dict(zip(data["step"], data["mean"], strict=True)) == {1: 0.1, 3: 0.3, 5: 0.5}


@pytest.mark.whole
def test_values_of_trials_stopped_early_do_not_count_as_final(quick):
    """Final values peak at x = 0.7, but early ones, all higher, at x = 0.

    Where each trial's early value is higher by as much, quickly: the next test.
    """

    def outcome(config):
        early = {1: {"score": 5 - config["x"]}}
        if config["x"] < 0.5:
            return TrialOutcome("early_stopped", early)
        return TrialOutcome("completed", {**early, 9: {"score": peak(config)}})

    found = suggested_after(SearcherSettings(PLANE, SCORE, seed=1, max_t=9), 8, 6, outcome)
    # Of 6, 4 were seen; none when early values are taken at face value: near 0 then.
    assert sum(config["x"] > 0.4 for config in found) >= 3


def test_the_worse_trials_being_stopped_early_does_not_draw_the_model_to_them(quick):
    """The metric falls by 2 from the first step to the last; a scheduler stops the worse trials."""

    def outcome(config):
        early = {1: {"score": peak(config) + 2}}
        if peak(config) < -0.1:
            return TrialOutcome("early_stopped", early)
        return TrialOutcome("completed", {**early, 9: {"score": peak(config)}})

    settings = SearcherSettings(PLANE, SCORE, max_t=9)
    found = [peak(config) for config in suggested_after(settings, 10, 2, outcome)]
    assert min(found) > -0.05  # without StepEffect: -1.13 and -0.73


def crashing(config):
    """The peak lies where trials crash, so the best there is lies at the border: -0.04."""
    return TrialOutcome("failed") if config["x"] > 0.5 else completed(score=peak(config))


def test_a_crash_is_abandoned_and_never_tried_again(quick):
    model, configs = led(SearcherSettings(PLANE, SCORE, max_t=4), 7, crashing)
    status = [trial.status for trial in experiment(model).trials.values()]
    assert TrialStatus.FAILED not in status
    assert status.count(TrialStatus.ABANDONED) == sum(config["x"] > 0.5 for config in configs)
    assert status.count(TrialStatus.ABANDONED) > 0
    assert len({(c["x"], c["y"]) for c in configs}) == 7


def test_where_trials_crash_it_goes_no_more_but_nearer_and_nearer(quick):
    settings = SearcherSettings(PLANE, SCORE, seed=1, max_t=4)
    places = [config["x"] for config in suggested_after(settings, 12, 4, crashing)]
    assert max(places) <= 0.5  # without execution viability, the last two are 0.61 and 0.76
    assert places == sorted(places)


@pytest.mark.whole
def test_the_region_that_crashes_is_learned_without_losing_the_best_beside_it(quick):
    """That it crashes, quickly: the test before."""
    found = suggested_after(SearcherSettings(PLANE, SCORE, max_t=4), 12, 8, crashing)
    fine = [peak(config) for config in found if config["x"] <= 0.5]
    assert len(fine) >= 6  # of 8: 7 were seen, 4 without execution viability, as by chance
    assert max(fine) > -0.053  # -0.043 was seen, -0.062 without


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
def test_the_chosen_acquisition_function_is_the_one_at_work(
    acquisition, objective, expected, quick
):
    goals = parse_objectives(objective)
    settings = SearcherSettings(PLANE, goals, max_t=4, acquisition=acquisition)
    model, _ = led(settings, 5, lambda c: completed(score=peak(c), cost=c["x"]))
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


def test_a_member_that_ax_repeats_is_not_taken_and_ax_is_asked_again(monkeypatch, quick):
    model, _ = led(SearcherSettings(PLANE, SCORE, max_t=4), 5, lambda c: completed(score=peak(c)))
    unvisited, answers = model._design.unvisited, [False, False, True, True]
    monkeypatch.setattr(unvisited, "take", lambda config: answers.pop(0))
    config = model.suggest()
    assert not model.fallbacks
    assert set(config) == {"x", "y"}


def test_a_high_beta_explores_and_a_low_one_exploits():
    def tried(beta):
        settings = SearcherSettings(PLANE, SCORE, max_t=4, acquisition="ucb", beta=beta)
        return peak(*suggested_after(settings, 10, 1, lambda c: completed(score=peak(c))))

    assert tried(0.01) > tried(1e4)


def test_an_outcome_constraint_keeps_suggestions_where_it_holds(quick):
    settings = SearcherSettings(PLANE, SCORE, max_t=4, outcome_constraints=("cost <= 0.4",))
    configs = suggested_after(settings, 10, 3, lambda c: completed(score=peak(c), cost=c["x"]))
    feasible = [config for config in configs if config["x"] <= 0.42]
    assert len(feasible) >= 2
    assert max(map(peak, feasible)) > -0.12  # at the border the best is -0.09


def test_linear_constraints_of_the_space_hold(quick):
    space = SearchSpace(
        "constrained",
        training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1), "n": tune.randint(0, 2)},
        constraints=("x + y <= 0.8", "n - 2 * x >= 0"),
    )
    _, configs = led(SearcherSettings(space, SCORE), 6, lambda c: TrialOutcome(
        "completed", {1: {"score": c["x"]}}))  # fmt: skip
    for config in configs:
        assert config["x"] + config["y"] <= 0.8 + 1e-6
        assert config["n"] >= 2 * config["x"] - 1e-6


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.whole)])
def test_several_objectives_spread_along_their_front(compiled, monkeypatch, quick):
    monkeypatch.setattr(logei, "_load_attempted", not compiled)
    goals = parse_objectives("right, left")
    configs = suggested_after(
        SearcherSettings(PLANE, goals, max_t=4), 10, 5,
        lambda c: completed(right=c["x"] - c["y"], left=1 - c["x"] - c["y"]),
    )  # fmt: skip
    near_front = [config["x"] for config in configs if config["y"] < 0.1]
    assert len(near_front) >= 3
    assert max(near_front) - min(near_front) > 0.2


def test_results_known_beforehand_are_learned_from_at_once():
    grid = np.random.default_rng(1).random((20, 2))
    known = tuple(
        PriorTrial({"x": float(x), "y": float(y)}, {4: {"score": peak({"x": x, "y": y})}})
        for x, y in grid
    )
    model = AxModel(SearcherSettings(PLANE, SCORE, max_t=4, known=known))
    assert peak(model.suggest()) > -0.02


def test_trials_known_beforehand_count_as_far_as_the_study_goes():
    """An earlier study of 8 steps: stopped early after 2, or whole, of which 4 count here."""
    grid = np.random.default_rng(1).random((20, 2))
    known = [
        PriorTrial(
            {"x": float(x), "y": float(y)},
            {s: {"score": peak({"x": x, "y": y}) - (1 if s < 8 else 2) / s} for s in steps},
        )
        for (x, y), steps in zip(grid, [(1, 2), (1, 2, 4, 8)] * 10, strict=True)
    ]
    model = AxModel(
        SearcherSettings(PLANE, SCORE, max_t=4, known=(*known, PriorTrial({"x": 0, "y": 0}, {})))
    )
    statuses = Counter(t.status.name for t in model._client._experiment.trials.values())
    assert statuses == {"COMPLETED": 10, "EARLY_STOPPED": 10}
    assert peak(model.suggest()) > -0.02


def test_a_model_goes_on_after_a_pickle_as_if_nothing_had_been(quick):
    model, _ = led(SearcherSettings(PLANE, SCORE, max_t=4), 6, lambda c: completed(score=peak(c)))
    model.suggest()  # pending
    copy = pickle.loads(pickle.dumps(model))
    for _ in range(2):
        ours, theirs = model.suggest(), copy.suggest()
        assert ours == theirs
        model.tell(ours, completed(score=peak(ours)))
        copy.tell(theirs, completed(score=peak(theirs)))
