"""Figures of a study of a recommender: each says what the report says."""

from dataclasses import replace

from automl_on_ray.studies.report.kinds.recommended import CAPTIONS, recommender_figures
from automl_on_ray.studies.report.svg import svg
from automl_on_ray.trainables.recommendation.test_report import (
    Activity,
    Compared,
    Interval,
    RecommendReport,
    Shown,
)

LEAD = Interval(0.05, 0.01, 0.09)


def compared(name, value, coverage, lead=LEAD):
    scores = {"ndcg": value, "recall": value + 0.1, "coverage": coverage}
    interval = Interval(value, value - 0.05, value + 0.05)
    return Compared(name, {"model": name}, scores, interval, lead, 0.1)


REPORT = RecommendReport(
    metric="ndcg",
    split="time",
    users=80,
    items=500,
    compared=(compared("popularity", 0.15, 0.05), compared("EASE", 0.20, 0.21),
              compared("found", 0.25, 0.12, None)),
    same_as=None,
    activity=(Activity(1, 9, 40, {"popularity": 0.1, "EASE": 0.2, "found": 0.3}),
              Activity(10, 80, 40, {"popularity": 0.2, "EASE": 0.2, "found": 0.2})),
    shown=(Shown("a film with a name that is much longer than forty letters", 0.9, 0.4),
           Shown("another", 0.5, 0.1)),
)  # fmt: skip


def test_a_report_has_all_figures_and_each_can_be_drawn():
    drawn = recommender_figures(REPORT)
    assert set(drawn) == set(CAPTIONS)
    for figure in drawn.values():
        assert "<path" in svg(figure)


def test_what_was_found_is_at_the_bottom_with_its_interval():
    figure = recommender_figures(REPORT)["Recommenders compared"]
    assert list(figure.layout.yaxis.ticktext) == ["found", "EASE", "popularity"]
    assert tuple(figure.data[0].x) == (0.20, 0.30)
    assert "NDCG@10 (higher is better)" in svg(figure)


def test_users_by_activity_are_of_what_was_found_and_the_best_of_the_others():
    figure = recommender_figures(REPORT)["By how active a user is"]
    assert {trace.name: tuple(trace.y) for trace in figure.data} == {
        "EASE": (0.2, 0.2), "found": (0.3, 0.2),
    }  # fmt: skip
    assert list(figure.layout.xaxis.ticktext) == ["1-9 (40 users)", "10-80 (40 users)"]


def test_the_most_recommended_item_is_on_top():
    figure = recommender_figures(REPORT)["Most recommended items"]
    assert (
        list(figure.layout.yaxis.ticktext)[-1]
        == ("a film with a name that is much longer than forty letters"[:40])
    )
    assert tuple(figure.data[0].x) == (0.5, 0.9)


def test_without_parts_or_items_their_figures_are_left_out():
    bare = replace(REPORT, activity=REPORT.activity[:1], shown=())
    assert set(recommender_figures(bare)) == {"Recommenders compared", "Coverage and accuracy"}
