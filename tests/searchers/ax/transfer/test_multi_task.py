"""What the model suggests that is shown studies on other data beside today's."""

import pickle

import numpy as np
import pytest
import torch
from botorch.acquisition.cached_cholesky import supports_cache_root
from botorch.models.transforms.input import Normalize
from gpytorch.mlls import ExactMarginalLogLikelihood
from ray import tune

from automl_on_ray.search_spaces import Condition, SearchSpace
from automl_on_ray.search_spaces.core import parse_objectives
from automl_on_ray.searchers import PriorTrial, SearcherSettings, Source, TrialOutcome
from automl_on_ray.searchers.ax import AxModel
from automl_on_ray.searchers.ax.transfer import (
    Task,
    Transfer,
    TransferGP,
    beside,
    negative_likelihood,
)
from automl_on_ray.searchers.sobol import Opening
from tests.searchers.driving import PLANE, SCORE, peak

COUNT = 20  # trials of a source

pytestmark = pytest.mark.usefixtures("quick")


def completed(**metrics):
    return TrialOutcome("completed", {4: metrics})


def source(name, value, space=PLANE, seed=0):
    """An earlier study of random trials, whose metrics `value` gives by config."""
    generator = np.random.default_rng(seed)
    configs = [space.sample(generator) for _ in range(COUNT)]
    return Source(name, tuple(PriorTrial(config, {4: value(config)}) for config in configs))


def like(config):
    """The plane's peak moved a little, on another scale."""
    return {"score": 40 + 9 * peak({"x": config["x"] + 0.05, "y": config["y"] - 0.05})}


def unlike(config):
    return {"score": -((config["x"] - 0.1) ** 2) - (config["y"] - 0.9) ** 2}


def settings_with(*sources, space=PLANE, objectives=SCORE, **others):
    return SearcherSettings(space, objectives, max_t=4, sources=sources, **others)


def led(settings, trials, outcome):
    """A model after `trials`, and their configs."""
    model, configs = AxModel(settings), []
    for _ in range(trials):
        configs.append(model.suggest())
        model.tell(configs[-1], outcome(configs[-1]))
    assert not model.fallbacks
    return model, configs


def opposite(config):
    """High where today's results are low, in waves that are not today's."""
    return {"score": np.sin(9 * config["x"] + 2) * np.cos(8 * config["y"]) - 2 * peak(config)}


def suggested_after(settings, begun, later, outcome):
    """A model that knows so many random trials of today's, and what it suggests then."""
    model, configs = AxModel(settings), []
    for x, y in np.random.default_rng(5).random((begun, 2)):
        config = {"x": float(x), "y": float(y)}
        model.begin(config)
        model.tell(config, outcome(config))
    for _ in range(later):
        configs.append(model.suggest())
        model.tell(configs[-1], outcome(configs[-1]))
    assert not model.fallbacks
    return model, configs


def scored(config):
    return completed(score=peak(config))


def stopped(config):
    curve = {step: {"score": peak(config) - 1 / step} for step in (1, 3)}
    return TrialOutcome("early_stopped", curve)


def test_after_two_results_it_goes_to_where_a_study_like_todays_was_best():
    _, configs = led(settings_with(source("like", like)), 3, scored)
    _, cold = led(settings_with(), 3, scored)
    assert configs[:2] == cold[:2]
    assert peak(configs[2]) > -0.02
    assert peak(configs[2]) > max(map(peak, cold))


def test_after_the_best_config_of_a_source_the_centre_comes_and_then_the_model_is_asked():
    first, centre = {"x": 0.72, "y": 0.18}, {"x": 0.5, "y": 0.5}
    settings = settings_with(source("like", like), points=(first,))
    opening, model = Opening(settings), AxModel(settings)
    for one in (opening, model):
        one.begin(first)
        one.tell(first, scored(first))
        assert one.suggest() == centre
    assert not opening.is_over
    opening.tell(centre, scored(centre))
    assert opening.is_over


def test_every_second_of_the_first_trials_is_one_of_a_cold_start():
    _, configs = led(settings_with(source("like", like)), 5, scored)
    _, cold = led(settings_with(), 5, scored)
    assert [configs[i] in cold for i in range(5)] == [True, True, False, True, False]


def test_beside_a_study_that_is_the_opposite_of_today_all_trials_are_those_of_a_cold_start():
    opposed = source("opposed", lambda c: {"score": -peak(c)})
    model, configs = led(settings_with(opposed), 7, scored)
    assert configs == led(settings_with(), 7, scored)[1]
    assert model.trust == {"opposed": 0.0}


def test_the_model_goes_on_when_the_first_trial_is_stopped_early():
    model = AxModel(settings_with(source("like", like)))
    for outcome in (scored, stopped):
        config = model.suggest()
        model.tell(config, outcome(config))
    model.suggest()
    assert model.fallbacks == 0


def test_a_study_unlike_todays_does_not_keep_it_from_the_peak():
    _, configs = suggested_after(settings_with(source("unlike", unlike)), 8, 2, scored)
    assert max(map(peak, configs)) > -0.01


def test_the_trust_in_a_source_is_what_its_results_have_in_common_with_todays():
    given = source("like", like), source("opposite", opposite, seed=1)
    assert AxModel(settings_with(*given)).trust == {}
    model, _ = suggested_after(settings_with(*given), 8, 1, scored)
    assert list(model.trust) == ["like", "opposite"]
    assert model.trust["like"] > 0.8
    assert model.trust["opposite"] < 0.6


def test_trials_of_sources_are_none_of_the_study():
    space = SearchSpace("small", training={"a": tune.choice([1, 2]), "b": tune.randint(0, 3)})
    settings = settings_with(source("all", lambda c: {"score": float(c["b"])}, space), space=space)
    model, configs = led(settings, 6, lambda c: completed(score=float(c["b"])))
    assert len({(c["a"], c["b"]) for c in configs}) == 6
    assert len(model._client._experiment.trials) == 6


def test_without_a_result_the_points_are_those_of_a_cold_start():
    warm, cold = AxModel(settings_with(source("like", like))), AxModel(settings_with())
    assert [warm.suggest() for _ in range(5)] == [cold.suggest() for _ in range(5)]


def test_the_same_events_give_the_same_suggestions():
    given = source("like", like), source("unlike", unlike)
    assert led(settings_with(*given), 2, scored)[1] == led(settings_with(*given), 2, scored)[1]


MIXED = SearchSpace(
    "mixed",
    training={
        "optimizer": tune.choice(["sgd", "adam", "adamw"]), "momentum": tune.uniform(0.5, 0.99),
        "rate": tune.loguniform(1e-4, 1.0), "batch": tune.lograndint(16, 257),
        "share": tune.quniform(0.0, 1.0, 0.25), "depth": tune.randint(1, 9),
    },
    conditions={"momentum": Condition("optimizer", ("sgd",))},
)  # fmt: skip


def mixed_score(config):
    rate = np.log10(config["rate"])
    return (config["optimizer"] == "sgd") - (rate + 2) ** 2 - abs(config["depth"] - 6) / 3


def test_a_source_helps_in_a_space_of_choices_integers_and_conditions():
    given = source("like", lambda c: {"score": 3 * mixed_score(c)}, MIXED)
    settings = settings_with(given, space=MIXED)
    _, configs = led(settings, 3, lambda c: completed(score=mixed_score(c)))
    for config in configs:
        MIXED.check(config)
    _, cold = led(settings_with(space=MIXED), 3, lambda c: completed(score=mixed_score(c)))
    assert max(map(mixed_score, configs)) > max(map(mixed_score, cold))


def early_or_late(config):
    early = {1: {"score": peak(config) - 1}}
    if peak(config) < -0.2:
        return TrialOutcome("early_stopped", early)
    return TrialOutcome("completed", {**early, 4: {"score": peak(config)}})


def crashing(config):
    return TrialOutcome("failed") if config["x"] < 0.4 else scored(config)


@pytest.mark.parametrize("outcome", [early_or_late, crashing])
def test_trials_that_are_stopped_early_or_crash_are_heeded_beside_sources(outcome):
    model, configs = suggested_after(settings_with(source("like", like)), 6, 2, outcome)
    assert max(map(peak, configs)) > -0.02
    assert model.trust


def test_limits_on_metrics_are_learned_from_sources_too():
    def cost(config):
        return {**like(config), "cost": 3 * config["x"] + 1}

    settings = settings_with(source("like", cost), outcome_constraints=("cost <= 0.4",))
    _, configs = suggested_after(settings, 3, 2, lambda c: completed(score=peak(c), cost=c["x"]))
    assert max(peak(c) for c in configs if c["x"] <= 0.4) > -0.13  # at the border the best is -0.09


def test_several_objectives_are_each_modelled_beside_the_sources_own():
    goals = parse_objectives("right, left")

    def values(config):
        return {"right": config["x"] - config["y"], "left": 1 - config["x"] - config["y"]}

    settings = settings_with(source("same", values), objectives=goals)
    model, configs = led(settings, 5, lambda c: completed(**values(c)))
    assert all(config["y"] < 0.1 for config in configs[2::2])
    assert set(model._transfer.trust) == {"m0", "m1"}


def test_trials_known_of_the_same_data_and_sources_go_together():
    known = tuple(PriorTrial({"x": x, "y": 0.5}, {4: {"score": peak({"x": x, "y": 0.5})}})
                  for x in (0.1, 0.5, 0.9))  # fmt: skip
    model = AxModel(settings_with(source("like", like), known=known))
    assert max(peak(model.suggest()) for _ in range(2)) > -0.02
    assert model.trust


def test_after_a_pickle_it_goes_on_as_if_nothing_had_been():
    model, _ = led(settings_with(source("like", like)), 2, scored)
    model.suggest()  # pending
    copy = pickle.loads(pickle.dumps(model))
    for _ in range(2):
        ours, theirs = model.suggest(), copy.suggest()
        assert ours == theirs
        assert model.trust == copy.trust
        model.tell(ours, scored(ours))
        copy.tell(theirs, scored(theirs))


def model_of_two_tasks():
    """A TransferGP of 5 trials beside 8 of a source, whose features are from 0 to 10."""
    generator = torch.Generator().manual_seed(0)
    ours, theirs = (10 * torch.rand(n, 2, generator=generator).double() for n in (5, 8))
    values = theirs.sum(-1).numpy()
    transfer = Transfer()
    with beside(transfer, [Task("s", (), {"m0": values}, np.empty((8, 2)))]):
        transfer.rows = [theirs]
        bounds = torch.tensor([[0.0, 0.0], [10.0, 10.0]]).double()
        return TransferGP(
            ours, ours.sum(-1, keepdim=True) / 9, "m0", input_transform=Normalize(2, bounds=bounds)
        )


def test_what_a_fit_maximises_is_gpytorchs_likelihood():
    model = model_of_two_tasks()
    mll = ExactMarginalLogLikelihood(model.likelihood, model)
    mll.train()
    inputs = model.transform_inputs(model.train_inputs[0])
    expected = -mll(model(*model.train_inputs), model.train_targets, inputs)
    assert float(negative_likelihood(mll, inputs)) == pytest.approx(float(expected), abs=1e-4)


def test_the_model_is_asked_of_todays_task_and_its_root_may_be_kept():
    model = model_of_two_tasks()
    assert model.num_outputs == 1
    assert supports_cache_root(model)
    inside = model.posterior(torch.tensor([[[5.0, 5.0], [1.0, 2.0]]]).double())
    assert inside.mean.shape == (1, 2, 1)
