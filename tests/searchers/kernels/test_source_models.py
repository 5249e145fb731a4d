"""What sources expect, and how far results let them be believed."""

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.searchers import PriorTrial, SearcherSettings, Source
from automl_on_ray.searchers.kernels import Features, SourceModels, slopes

LINE = SearchSpace("line", training={"x": tune.uniform(0, 1), "y": tune.uniform(0, 1)})
ONE = np.ones(1)


def source(name, peak, scale=1.0):
    """On a line of 20 configs, best at x = `peak`."""
    places = np.linspace(0, 1, 20)
    values = [-scale * (x - peak) ** 2 for x in places]
    return Source(
        name,
        tuple(
            PriorTrial({"x": float(x), "y": 0.5}, {3: {"score": v}})
            for x, v in zip(places, values, strict=True)
        ),
    )


def models(*sources, mode="max"):
    settings = SearcherSettings(LINE, (Objective("score", mode),), sources=sources)
    return SourceModels(settings, Features(LINE, "unit"))


def at(*places):
    return [{"x": x, "y": 0.5} for x in places]


def test_sources_that_agree_expect_most_where_they_were_best_whatever_their_scales():
    near, far = models(source("a", 0.2), source("b", 0.25, scale=1e6)).expected(ONE)(at(0.2, 0.9))
    assert near > 1 > 0 > far


def test_a_metric_to_be_minimised_is_turned():
    near, far = models(source("low", 0.2), mode="min").expected(ONE)(at(0.2, 1.0))
    assert near < 0 < far


def test_after_results_those_that_rank_them_rightly_are_trusted():
    found = models(source("low", 0.1), source("high", 0.9))
    told = at(0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    expected, trust = found.expected_after(told, np.array([1.3, 0.7, 0.2, -0.2, -0.7, -1.3]), ONE)
    assert trust["low"] > 0.8
    assert trust["high"] < 0.2
    near, far = expected(at(0.1, 0.9))
    assert near > 0 > far
    nothing, trust = models(source("high", 0.9)).expected_after(told, -np.arange(6.0), ONE)
    assert trust == {"high": 0.0}
    assert list(nothing(told)) == [0.0] * 6


def test_the_best_are_of_each_source_in_turn():
    found = models(source("low", 0.0), source("high", 1.0))
    assert [config["x"] for config in found.best(3)] == pytest.approx([0, 1, 1 / 19])


def test_sources_without_two_whole_trials_have_no_part():
    lacking = Source("lacking", tuple(PriorTrial({"x": x}, {1: {"loss": 1.0}}) for x in (0.1, 0.2)))
    one = Source("one", source("", 0.5).trials[:1])
    found = models(lacking, one)
    assert not found
    assert found.best(3) == []
    _, trust = models(lacking, source("whole", 0.5)).expected_after(at(0.1, 0.2), np.zeros(2), ONE)
    assert list(trust) == ["whole"]


def test_a_parameter_that_a_source_lacks_stands_in_the_middle():
    half = Source("half", tuple(PriorTrial({"x": x}, {1: {"score": x}}) for x in (0.1, 0.9)))
    assert models(half).best(1) == [{"x": 0.9, "y": 0.5}]


def test_without_results_sources_are_believed_alike_and_results_tell_them_apart():
    assert slopes(np.zeros((0, 2)), np.zeros(0)) == pytest.approx([0.5, 0.5])
    truth = np.random.default_rng(0).standard_normal(40)
    right, wrong = slopes(np.column_stack([truth, -truth[::-1]]), truth)
    assert right > 0.9
    assert wrong < 0.2
    assert slopes(-truth[:, None], truth) == pytest.approx([0.0])
