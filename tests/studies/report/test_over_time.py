"""Figures over trials, minutes and epochs, of a population, and of several studies."""

from dataclasses import replace
from pathlib import Path

import pytest

from automl_on_ray.studies.report import figures
from automl_on_ray.studies.report.compared import comparable_studies, distribution
from tests.helpers.recorded import recorded, stored

COST = (("cost", "min"),)


def scored(name, score, began=0, **more):
    return recorded(name, {"x": 0.5}, [(1, {"score": score, "cost": -score})], began=began, **more)


def drawn(name, trials, **facts):
    return figures(stored(trials, **facts))[name]


def named(figure):
    return {trace.name: trace for trace in figure.data}


@pytest.mark.parametrize("objective", [(("score", "max"),), COST])
def test_the_history_is_in_the_order_in_which_trials_began(objective):
    trials = [scored("c", 0.4, 2, whole=False), scored("a", 0.5, 0), scored("b", 0.3, 1),
              scored("e", 0.9, 4), scored("d", 1.0, 3, outcome="failed"),
              recorded("f", {}, [], outcome="running", began=5)]  # fmt: skip
    traces = named(drawn("History of the best", trials, objectives=objective))
    sign = 1 if objective != COST else -1
    assert list(traces["completed"].x) == [1, 2, 5]
    assert list(traces["completed"].text) == ["a", "b", "e"]
    assert list(traces["completed"].y) == [sign * value for value in (0.5, 0.3, 0.9)]
    assert list(traces["cut by the scheduler"].x) == [3]
    assert list(traces["best so far"].x) == [1, 2, 3, 5]
    assert list(traces["best so far"].y) == [sign * value for value in (0.5, 0.5, 0.5, 0.9)]


def test_the_timeline_has_as_few_rows_as_there_were_trials_at_once():
    """A row is free for a trial that begins as another ends."""
    spans = {"a": (0, 120), "b": (60, 180), "c": (120, 240), "d": (150, 210), "e": (180, 600)}
    trials = [
        replace(scored(name, 0.5), began=600.0 + begin, last=600.0 + end)
        for name, (begin, end) in reversed(spans.items())
    ]
    figure = drawn("Timeline", trials)
    (bars,) = figure.data
    assert list(bars.hovertext) == list("abcde")
    assert list(bars.y) == [1, 2, 1, 3, 2]
    assert list(bars.base) == [0, 1, 2, 2.5, 3]
    assert list(bars.x) == [2, 2, 2, 1, 7]
    assert tuple(figure.layout.yaxis.range) == (3.5, 0.5)


def curve_of(name, values, **more):
    return recorded(name, {"x": 0.1}, [(e, {"score": v}) for e, v in enumerate(values, 1)], **more)


def test_learning_curves_have_gaps_between_them_and_a_cross_where_one_was_cut():
    trials = [curve_of("best", [1, 3]), curve_of("cut", [1, 2], whole=False),
              curve_of("first", [0.5], whole=False), curve_of("other", [2, 2.5]),
              curve_of("another", [0.5, 2])]  # fmt: skip
    figure = drawn("Learning curves", trials)
    traces = named(figure)
    assert list(traces["best"].y) == [1, 3, None]
    assert list(traces["ran on"].x) == [1, 2, None] * 2
    assert list(traces["ran on"].y) == [2, 2.5, None, 0.5, 2, None]
    assert list(traces["cut by the scheduler"].y) == [1, 2, None, 0.5, None]
    assert (list(traces["its end"].x), list(traces["its end"].y)) == ([2, 1], [2, 0.5])
    assert {trace.mode for trace in figure.data} == {"lines", "markers"}
    assert figure.layout.xaxis.dtick == 1


def test_an_epoch_without_the_objective_is_no_point_of_a_curve():
    trial = recorded("t", {"x": 1}, [(1, {"loss": 1.0}), (2, {"score": 1}), (3, {"score": 2})])
    silent = replace(recorded("u", {"x": 1}, [(1, {"loss": 1.0})]), metrics={"score": 0.0})
    (trace,) = drawn("Learning curves", [trial, silent]).data
    assert list(trace.x) == [2, 3, None]


def test_of_many_curves_the_best_ones_are_shown_and_a_part_of_the_others():
    trials = [curve_of(f"t{place}", [-place]) for place in range(200)]
    traces = named(drawn("Learning curves", trials))
    assert traces["ran on"].mode == "markers"
    shown = [-value for value in traces["ran on"].y if value is not None]
    assert shown == [*range(1, 10), *range(10, 200, 3)]
    few = named(drawn("Learning curves", trials[:80]))["ran on"]
    assert [-value for value in few.y if value is not None] == [*range(1, 80)]


def test_a_share_of_trials_is_as_good_in_each_study_that_can_be_compared():
    study = stored([scored(f"t{place}", place) for place in range(4)], objectives=COST)
    other = stored([scored("t", 5)], objectives=COST, name="other")
    figure = distribution(study, [other])
    assert [trace.name for trace in figure.data] == ["s (4)", "other (1)"]
    assert {trace.mode for trace in figure.data} == {"lines"}
    assert list(figure.data[0].x) == [-3, -2, -1, 0]
    assert list(figure.data[0].y) == [0.25, 0.5, 0.75, 1]
    assert figure.data[0].line.width > figure.data[1].line.width
    assert figure.data[0].line.color != figure.data[1].line.color
    rising = distribution(stored([scored(f"t{place}", place) for place in range(4)]), [])
    assert list(rising.data[0].x) == [3, 2, 1, 0]


def test_studies_of_another_objective_without_a_value_or_the_same_one_are_not_compared():
    study = stored([scored("t", 1)])
    like = stored([scored("t", 2)], name="like", objectives=(("score", "max"), ("cost", "min")))
    others = [
        like, stored([scored("t", 2)], name="cost", objectives=COST), stored([], name="empty"),
        replace(stored([scored("t", 3)]), path=Path("runs") / "s"),
    ]  # fmt: skip
    assert comparable_studies(study, others) == [like]


def test_the_family_has_a_row_for_each_trial_that_took_part_or_is_among_the_best():
    trials = [curve_of(name, [base + epoch for epoch in range(4)])
              for name, base in (("a", 0), ("b", 5), ("c", 2))]  # fmt: skip
    lineage = [{"trial": "b", "donor": "a", "step": 2}, {"trial": "b", "donor": "gone", "step": 3},
               {"trial": "a", "donor": "c", "step": 1}]  # fmt: skip
    figure = drawn("Family", trials, lineage=lineage)
    traces = named(figure)
    assert list(traces["trials"].x) == [0, 4, None] * 3
    assert list(traces["trials"].y) == [0, 0, None, 1, 1, None, 2, 2, None]
    assert list(traces["took over from"].x) == [2, 2, None, 1, 1, None]
    assert list(traces["took over from"].y) == [0, 1, None, 2, 0, None]
    life = traces["the best one's life"]
    assert list(life.x) == [4, 2, 2, 1, 1, 0]
    assert list(life.y) == [1, 1, 0, 0, 2, 2]
    assert list(figure.data[-1].text) == ["3", "8", "5"]
    assert list(figure.layout.yaxis.ticktext) == ["a", "b", "c"]
