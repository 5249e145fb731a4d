"""What is known of networks before they are trained: what a study refuses, and what it asks for."""

import itertools
import json

import pytest
from ray import tune
from torch import nn

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.macro import START
from automl_on_ray.search_spaces.mnist_cnn import SPACE as MNIST_CNN
from automl_on_ray.search_spaces.proxies import Limit, Networks, Proxy
from automl_on_ray.studies import architecture, hpo
from automl_on_ray.studies.architecture import NasSettings
from automl_on_ray.studies.hpo import HpoSettings
from automl_on_ray.studies.inputs import networks
from automl_on_ray.studies.inputs.networks import _probe, _small
from tests.trainables.classifying import ADAMW

NAMES = (f"networks-{number}" for number in itertools.count())
OWN = {"trainable": "tests.helpers.crashing:Costly", "space": "tests.helpers.crashing:SPACE"}


@pytest.fixture
def planned(storage):
    def plan(**asked):
        usual = {
            "dataset": "digits", "subset": 400, "storage": str(storage), "name": next(NAMES),
            "tracking_uri": f"sqlite:///{storage}/mlflow.db", "searcher": "evolution",
        }  # fmt: skip
        nas = "evaluation" in asked
        settings, prepare = (NasSettings, architecture.prepare) if nas else (
            HpoSettings, hpo.prepare
        )  # fmt: skip
        made = prepare(settings(**{**usual, **asked}))
        with made.study:
            return made

    return plan


def test_a_prior_judges_networks_for_the_images_of_the_study(planned):
    proxy = planned(prior="live_parameters").searcher.settings.prior
    assert (proxy.name, proxy.networks.image_shape, proxy.networks.classes) == (
        "live_parameters", (1, 8, 8), 10
    )  # fmt: skip


MACRO = {"evaluation": "standalone", "space": "macro"}


@pytest.mark.parametrize(
    ("asked", "points"),
    [
        ({}, (START,)),
        ({"searcher": "gaussian-process", "limit": ["parameters <= 5000"]}, (START,)),
        ({"searcher": "gaussian-process", "limit": ["parameters <= 3000"]}, ()),
        ({"searcher": "random"}, ()),
        ({"learning_rate": 0.1}, ({k: v for k, v in START.items() if k != "learning_rate"},)),
    ],
)
def test_what_learns_tries_the_start_of_a_space_first_within_the_limits(asked, points, planned):
    assert planned(**MACRO, **asked).searcher.settings.points == points


def test_points_of_the_users_take_the_place_of_the_start(planned, tmp_path):
    own = {**START, "stem_width": 16}
    (tmp_path / "points.json").write_text(json.dumps([own]))
    found = planned(**MACRO, try_first=tmp_path / "points.json")
    assert found.searcher.settings.points == (own,)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"prior": "synflo"}, "Did you mean 'synflow'"),
        ({"prior": "synflow", **OWN, "objective": "score"}, "makes none; leave --prior out"),
        ({"prior": "synflow", "evaluation": "supernet"}, "take --evaluation standalone"),
        ({"prior": "synflow", "searcher": "sobol"}, "takes no --prior; use --searcher"),
        ({"limit": ["parameters < 5"]}, 'Limit "parameters < 5" cannot be read'),
        ({"limit": ["val_loss <= 5"]}, "parameters, flops, latency, and --outcome-constraint any"),
        ({"limit": ["score <= 5"], **OWN, "objective": "score"}, "Costly trains none"),
        ({"limit": ["parameters <= 10"]}, "None of 200 networks .* they come to parameters "),
    ],
)
def test_what_no_network_can_keep_to_is_one_line_beforehand(planned, asked, message):
    with pytest.raises(UserError, match=message) as refused:
        planned(**asked)
    assert "\n" not in str(refused.value)


def test_a_limit_holds_for_what_is_proposed_and_for_trials(planned):
    plan = planned(limit=["parameters <= 1e4", "latency <= 5"])
    limits = (Limit("parameters", True, 1e4), Limit("latency", True, 5.0))
    kwargs = plan.evaluation.trial_kwargs
    assert (kwargs["limits"], kwargs["latency"]) == (limits, True)
    settings = plan.searcher.settings
    assert settings.meets.limits == limits[:1]  # the other is the trials' to find out
    for number in range(12):
        assert settings.meets(plan.searcher.suggest(f"t{number}"))


@pytest.mark.parametrize("asked", [{}, {"objective": "accuracy, -parameters"}])
def test_nobody_pays_for_a_latency_that_is_not_asked_for(planned, asked):
    assert "latency" not in planned(**asked).evaluation.trial_kwargs


@pytest.mark.parametrize("evaluation", ["supernet", "standalone"])
def test_latency_is_an_objective_of_cells_by_themselves(planned, evaluation):
    asked = {"evaluation": evaluation, "objective": "accuracy, -latency"}
    if evaluation == "supernet":
        with pytest.raises(UserError, match="A supernet cannot tell 'latency'"):
            planned(**asked)
    else:
        assert planned(**asked, stem_stride=1).evaluation.trial_kwargs["latency"]


def test_ax_learns_where_limits_hold(planned):
    plan = planned(searcher="bayesian", limit=["parameters <= 1e5"])
    assert plan.searcher.settings.outcome_constraints == ("parameters <= 100000",)
    plan.searcher.close()


def test_a_point_beyond_a_limit_is_refused(planned, tmp_path):
    large = {**ADAMW, "depth": 4, "width": 24, "kernel_size": 5}
    (tmp_path / "point.json").write_text(json.dumps([large]))
    with pytest.raises(UserError, match=r"of --try-first has parameters [0-9,]+, beyond param"):
        planned(limit=["parameters <= 2e4"], try_first=tmp_path / "point.json")


def test_proxies_see_smaller_images_unless_networks_need_larger_ones():
    def build(config, image_shape, classes):
        if image_shape[1] < config["least"]:
            raise UserError("too small")
        return nn.Linear(1, 1)

    for least, side in ((8, 32), (40, 64)):
        space = SearchSpace("s", architecture={"least": tune.choice([least])}, build=build)
        assert _small(Networks(space, (3, 64, 96), 10)).image_shape[1] == side


def test_a_prior_that_the_search_would_wait_for_long_is_refused(monkeypatch):
    monkeypatch.setattr(networks, "MAX_SECONDS", 0.0)
    with pytest.raises(UserError, match="CPU seconds for one network of space 'mnist-cnn'"):
        _probe(Proxy("synflow", Networks(MNIST_CNN, (1, 8, 8), 10)))


def test_a_prior_without_a_score_for_any_network_is_refused():
    space = SearchSpace(
        "linear", architecture={"x": tune.choice([1, 2])},
        build=lambda config, shape, classes: nn.Sequential(nn.Flatten(), nn.Linear(64, classes)),
    )  # fmt: skip
    with pytest.raises(UserError, match="naswot has no finite score for any of 12 networks"):
        _probe(Proxy("naswot", Networks(space, (1, 8, 8), 10)))
