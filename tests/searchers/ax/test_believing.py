"""How the real Ax weighs improvements by what people believe."""

import pickle

import numpy as np
import pytest
import torch
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.beliefs import log_density, read_beliefs
from automl_on_ray.search_spaces.core import UserError, parse_objectives
from automl_on_ray.searchers import (
    PriorTrial,
    SearcherSettings,
    Source,
    TrialOutcome,
    check_searcher,
)
from automl_on_ray.searchers.ax import AxModel, Encoding, believing
from tests.searchers.driving import PLANE, SCORE, peak

KINDS = SearchSpace(
    "all kinds",
    training={
        "optimizer": tune.choice(["adam", "sgd", "rmsprop"]),
        "momentum": tune.uniform(0.0, 1.0),
        "nesterov": tune.choice([False, True]),
        "lr": tune.loguniform(1e-5, 1.0),
        "layers": tune.randint(1, 9),
        "width": tune.lograndint(8, 513),
        "huge": tune.randint(0, 2**40),
        "share": tune.quniform(0.0, 1.0, 0.25),
        "only": tune.choice(["one"]),
    },
    conditions={
        "momentum": Condition("optimizer", ("sgd",)),
        "nesterov": Condition("momentum", (0.5,)),
    },
)
OF_KINDS = read_beliefs(
    [
        "optimizer ~ choice(adam: 3, sgd: 2)",
        "momentum ~ normal(0.9, 0.1)",
        "nesterov ~ choice(True: 2)",
        "lr ~ lognormal(1e-3, x3)",
        "layers ~ normal(4, 1)",
        "width ~ lognormal(64, x2)",
        "huge ~ normal(1e11, 1e11)",
        "share ~ normal(0.25, 0.5)",
        "only ~ choice(one: 2)",
    ],
    KINDS.domains,
)


def on_plane(*texts, **changes):
    beliefs = read_beliefs(texts, PLANE.domains)
    return SearcherSettings(PLANE, SCORE, max_t=4, beliefs=beliefs, **changes)


def told(model, config, score):
    model.tell(config, TrialOutcome("completed", {4: {"score": score}}))


def led(settings, trials, value=peak):
    model = AxModel(settings)
    configs = []
    for _ in range(trials):
        configs.append(model.suggest())
        told(model, configs[-1], value(configs[-1]))
    assert not model.fallbacks
    return configs


class Watched(believing.BelievedAcquisition):
    """Keeps what it has become."""

    last: "Watched"

    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        Watched.last = self


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr("automl_on_ray.searchers.ax.model.BelievedAcquisition", Watched)
    return Watched


def test_points_of_ax_have_the_density_of_their_configs(watched, quick):
    """Of parameters of every kind, active or not."""
    model = AxModel(SearcherSettings(KINDS, SCORE, max_t=4, beliefs=OF_KINDS))
    generator = np.random.default_rng(0)
    configs = [KINDS.sample(generator) for _ in range(8)]
    for number, config in enumerate(configs):
        model.begin(config)
        told(model, config, float(number))
    model.suggest()
    assert not model.fallbacks
    found = watched.last.acqf._density(watched.last.surrogate.Xs[0])
    known = [log_density(OF_KINDS, config) for config in configs]
    assert sorted(found.tolist()) == pytest.approx(sorted(known), abs=1e-3)


def test_what_a_config_has_not_adds_nothing_to_its_density():
    space = SearchSpace(
        "nested",
        training={
            "kind": tune.choice(["a", "b"]), "inner": tune.choice([1, 2]), "x": tune.uniform(0, 1),
            "only": tune.choice(["one"]), "y": tune.uniform(0, 1),
        },
        conditions={
            "inner": Condition("kind", ("a",)), "x": Condition("inner", (2,)),
            "y": Condition("only", ("one",)),
        },
    )  # fmt: skip
    beliefs = read_beliefs([f"{key} ~ normal(0.25, 0.5)" for key in "xy"], space.domains)
    encoding = Encoding(space)
    names = [parameter["name"] for parameter in encoding.parameters()]
    weighting = believing.Weighting(space, encoding, beliefs, power=1.0, log=True)
    kinds = ({"kind": "b"}, {"kind": "a", "inner": 1}, {"kind": "a", "inner": 2, "x": 0.7531})
    configs = [{**kind, "only": "one", "y": 0.5031} for kind in kinds]
    codes = [encoding.encode(config) for config in configs]
    points = torch.tensor([[code[name] for name in names] for code in codes], dtype=torch.double)
    found = believing.LogDensity(weighting, names)(points)
    known = [log_density(beliefs, config) for config in configs]
    assert found.tolist() == pytest.approx(known, abs=1e-6)
    assert known[0] == known[1] != known[2]
    points[:, -1] = 1 + 1e-12  # beyond the end of y by a rounding
    found = believing.LogDensity(weighting, names)(points)
    assert float(found[0]) == pytest.approx(log_density(beliefs, {"y": 1.0}), abs=1e-6)


@pytest.mark.parametrize("acquisition", [None, "qnei"])
def test_what_is_weighted_is_the_improvement_and_has_a_gradient(acquisition, watched, quick):
    settings = on_plane("x ~ normal(0.5, 0.1)", acquisition=acquisition)
    led(settings, 6)
    weighted = watched.last.acqf
    point = torch.tensor([[[0.8, 0.3]]], dtype=torch.double, requires_grad=True)
    log_weight = 10 / 5 * -4.5  # three deviations off, after five results
    plain, value = weighted._plain(point), weighted(point)
    expected = plain * np.exp(log_weight) if acquisition else plain + log_weight
    assert value.item() == pytest.approx(expected.item(), rel=1e-6)
    (gradient,) = torch.autograd.grad(value.sum(), point)
    assert torch.isfinite(gradient).all()
    assert gradient[0, 0, 0] != 0
    passed_on = []
    weighted._plain.set_X_pending = passed_on.append
    weighted.set_X_pending(point[0].detach())
    assert (passed_on[0] == weighted.X_pending).all()


def test_first_trials_are_where_people_expect_the_best_and_the_very_first_in_their_middle():
    configs = led(on_plane("x ~ normal(0.2, 0.05)"), 8, lambda config: -config["y"])
    assert configs[0]["x"] == pytest.approx(0.2, abs=0.01)
    assert all(abs(config["x"] - 0.2) < 0.2 for config in configs)


def test_a_right_belief_finds_the_peak_in_fewer_trials():
    right = led(on_plane("x ~ normal(0.7, 0.05)", "y ~ normal(0.2, 0.05)", seed=1), 4)
    cold = led(on_plane(seed=1), 4)
    assert max(map(peak, right)) > -0.01
    assert max(map(peak, right)) > max(map(peak, cold))


@pytest.mark.parametrize(("results", "found"), [(5, False), (40, True)])
def test_a_wrong_belief_keeps_it_from_the_peak_for_a_number_of_results_only(results, found, quick):
    model = AxModel(on_plane("x ~ normal(0.05, 0.01)"))
    for x, y in np.random.default_rng(0).random((results, 2)):
        model.begin({"x": float(x), "y": float(y)})
        told(model, {"x": float(x), "y": float(y)}, peak({"x": x, "y": y}))
    suggested = []
    for _ in range(3):
        suggested.append(model.suggest())
        told(model, suggested[-1], peak(suggested[-1]))
    assert not model.fallbacks
    assert (max(map(peak, suggested)) > -0.01) == found


def test_beliefs_and_studies_on_other_data_go_together(quick):
    generator = np.random.default_rng(0)
    configs = [PLANE.sample(generator) for _ in range(20)]
    trials = [PriorTrial(config, {4: {"score": 3 * peak(config)}}) for config in configs]
    configs = led(on_plane("x ~ normal(0.7, 0.1)", sources=(Source("earlier", tuple(trials)),)), 3)
    assert configs[0]["x"] == pytest.approx(0.7, abs=0.01)
    assert peak(configs[2]) > -0.02


def test_the_same_events_give_the_same_suggestions_before_and_after_a_pickle(quick):
    first = AxModel(on_plane("x ~ normal(0.3, 0.1)"))
    for _ in range(5):
        config = first.suggest()
        told(first, config, peak(config))
    second = pickle.loads(pickle.dumps(first))
    for _ in range(2):
        config = first.suggest()
        assert second.suggest() == config
        for model in (first, second):
            told(model, config, peak(config))


def test_pending_trials_and_several_objectives_go_with_beliefs(quick):
    beliefs = read_beliefs(["x ~ normal(0.3, 0.1)"], PLANE.domains)
    goals = parse_objectives("score, -cost")
    model = AxModel(SearcherSettings(PLANE, goals, max_t=4, beliefs=beliefs))
    for _ in range(6):
        config = model.suggest()
        metrics = {"score": peak(config), "cost": config["x"]}
        model.tell(config, TrialOutcome("completed", {4: metrics}))
    suggested = [model.suggest() for _ in range(2)]
    assert not model.fallbacks
    assert len({config["x"] for config in suggested}) == 2


def test_an_upper_confidence_bound_is_no_improvement_that_beliefs_could_weigh():
    settings = on_plane("x ~ normal(0.3, 0.1)", acquisition="ucb")
    with pytest.raises(UserError, match="--acquisition ucb is none; leave one of them out"):
        check_searcher("bayesian", settings)
