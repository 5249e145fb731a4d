"""Which earlier studies on other data the model is shown, and which of their trials."""

import numpy as np
import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.searchers import PriorTrial, SearcherSettings, Source, TrialOutcome
from automl_on_ray.searchers.ax.encoding import Encoding
from automl_on_ray.searchers.ax.transfer.sources import MAX_SOURCES, MAX_TRIALS, Sources, spread
from automl_on_ray.searchers.bayesian import check
from tests.searchers.driving import PLANE, SCORE, peak

GENERATOR = np.random.default_rng(0)


def source(name, value, count=12):
    """A study of `count` random trials in the plane."""
    configs = [{"x": float(x), "y": float(y)} for x, y in GENERATOR.random((count, 2))]
    return Source(name, tuple(PriorTrial(c, {7: {"score": float(value(c))}}) for c in configs))


def sources_of(*given, objectives=SCORE, space=PLANE):
    settings = SearcherSettings(space, objectives, sources=given)
    return Sources(settings, Encoding(space))


def names(sources):
    return [task.name for task in sources.chosen()]


def test_a_third_are_the_best_and_the_others_are_far_apart():
    units = np.array([[0.0], [0.01], [0.02], [0.5], [0.51], [1.0]])
    assert spread(units, -units[:, 0], 6)[:2] == [0, 1]
    assert sorted(spread(units, -units[:, 0], 3)) == [0, 3, 5]
    assert sorted(spread(np.zeros((4, 1)), np.arange(4), 9)) == [0, 1, 2, 3]


def test_of_a_large_study_the_model_sees_a_part_with_the_best():
    (task,) = sources_of(source("large", peak, 3 * MAX_TRIALS)).chosen()
    assert len(task.codes) == len(task.values["m0"]) == MAX_TRIALS
    every = np.random.default_rng(0).random((3 * MAX_TRIALS, 2))
    assert len(every) > MAX_TRIALS
    assert task.values["m0"].max() > -0.02


def test_a_metric_to_minimise_is_best_where_it_is_least():
    (task,) = sources_of(
        source("large", lambda c: -peak(c), 3 * MAX_TRIALS), objectives=(Objective("score", "min"),)
    ).chosen()
    assert task.values["m0"].min() < 0.02


def test_trials_that_lack_a_metric_are_left_out_and_so_is_a_source_of_such_alone():
    whole, poor = {1: {"score": 1.0, "cost": 2.0}}, {1: {"score": 3.0}}
    mixed = Source("mixed", tuple(PriorTrial({"x": 0.1, "y": 0.2}, c) for c in (whole, poor)))
    alone = Source("alone", (PriorTrial({"x": 0.1, "y": 0.2}, poor),))
    found = sources_of(mixed, alone, objectives=(Objective("score"), Objective("cost", "min")))
    (task,) = found.chosen()
    assert (task.name, len(task.codes)) == ("mixed", 1)
    assert task.values["m1"].tolist() == [2.0]


def test_a_parameter_that_an_earlier_study_did_not_have_stands_in_the_middle():
    (task,) = sources_of(Source("s", (PriorTrial({"x": 0.1}, {1: {"score": 1.0}}),))).chosen()
    assert task.codes == ({"p0": 0.1, "p1": 0.5},)


def told(sources, *xs, verdict="completed", score=peak, step=7):
    for x in xs:
        config = {"x": x, "y": 0.4}
        sources.tell(config, TrialOutcome(verdict, {step: {"score": score(config)}}))


def test_from_two_results_on_only_sources_that_order_them_rightly_are_shown():
    given = [source(f"s{i}", lambda c: -peak(c)) for i in range(4)] + [source("like", peak)]
    sources = sources_of(*given)
    told(sources, 0.02)
    assert names(sources) == ["s0", "s1", "s2"]
    assert sources.unlike == []
    told(sources, 0.5)
    assert names(sources) == ["like"]
    assert sorted(sources.unlike) == ["s0", "s1", "s2", "s3"]


def test_where_no_source_has_todays_metric_none_is_shown():
    sources = sources_of(Source("other", (PriorTrial({"x": 0.1, "y": 0.2}, {1: {"loss": 1.0}}),)))
    told(sources, 0.02, 0.5)
    assert names(sources) == []


def test_where_all_together_are_right_one_that_is_hardly_better_than_chance_is_shown_too():
    right = [source(name, peak, 40) for name in ("a", "b")]
    wrong = [source(name, lambda c: -peak(c), 40) for name in ("c", "d")]
    partly = source("partly", lambda c: -abs(c["x"] - 0.5), 40)
    for others, shown in ((right, ["a", "b", "partly"]), (wrong, [])):
        sources = sources_of(*others, partly)
        told(sources, 0.02, 0.4, 0.55, 0.7, 0.9)
        assert names(sources) == shown


def test_of_many_that_are_alike_some_are_shown_in_the_order_given():
    sources = sources_of(*(source(f"s{i}", peak) for i in range(5)))
    told(sources, 0.02, 0.3, 0.5)
    shown = names(sources)
    assert shown == sorted(shown)
    assert len(shown) == MAX_SOURCES
    assert sources.unlike == []


def test_a_source_may_be_shown_again_when_later_results_agree():
    sources = sources_of(source("like", peak))
    told(sources, 0.3, score=lambda _: -9.0)
    told(sources, 0.02)
    assert names(sources) == []
    told(sources, 0.5, 0.45, 0.1, 0.97)
    assert names(sources) == ["like"]
    assert sources.unlike == []


def test_a_trial_that_was_stopped_early_is_worse_than_one_that_went_on():
    sources = sources_of(source("like", peak), source("unlike", lambda c: -peak(c)))
    told(sources, 0.02, verdict="early_stopped", step=1, score=lambda _: 5.0)
    told(sources, 0.5)
    assert names(sources) == ["like"]


def test_results_that_are_all_alike_keep_the_order_given():
    sources = sources_of(*(source(f"s{i}", peak) for i in range(5)))
    for x in (0.1, 0.4, 0.7):
        sources.tell({"x": x, "y": 0.2}, TrialOutcome("completed", {7: {"score": 1.0}}))
    assert names(sources) == ["s0", "s1", "s2"]


def test_a_sources_choice_that_the_space_has_not_is_refused():
    space = SearchSpace("c", training={"x": tune.choice(["a", "b"]), "y": tune.uniform(0, 1)})
    wrong = Source("s", (PriorTrial({"x": "z", "y": 0.5}, {1: {"score": 1.0}}),))
    with pytest.raises(UserError, match="'z' is none of"):
        check(SearcherSettings(space, SCORE, sources=(wrong,)))
