"""Axes of parallel coordinates, and what plotly's figures become as SVG."""

import plotly.graph_objects as go
import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.studies.importance import analyse
from automl_on_ray.studies.report import figures
from automl_on_ray.studies.report.over_space import parallel_coordinates
from automl_on_ray.studies.report.svg import svg
from tests.helpers.recorded import recorded, stored


def test_a_number_that_some_trials_do_not_have_stays_a_number_with_a_dash_below():
    trials = [
        recorded(
            f"t{i}", {"rate": 0.1 * i} | ({"momentum": 0.5 + 0.1 * i} if i % 2 else {}),
            [(1, {"score": i})],
        )
        for i in range(4)
    ]  # fmt: skip
    study = stored(trials)
    (dimension,) = (
        d for d in parallel_coordinates(study, analyse(study)).data[0].dimensions
        if d.label == "momentum"
    )  # fmt: skip
    assert max(dimension.values) == 0.8
    assert min(dimension.values) == dimension.tickvals[0] < 0.6
    assert dimension.ticktext[0] == "–"
    assert dimension.ticktext[1] == "0.6"


def test_a_drawing_has_its_labels_as_text_and_no_more_digits_than_can_be_seen():
    figure = go.Figure(go.Scatter(x=[0.12345, 2], y=[3, 4], mode="lines+markers", name="a<b"))
    drawn = svg(figure.update_layout(xaxis_title="0.00012", showlegend=True))
    assert ">0.00012</text>" in drawn
    assert "a&lt;b" in drawn
    assert "0.12345" not in drawn
    assert drawn.startswith("<svg")
    assert "<metadata" not in drawn


@pytest.mark.parametrize("odd", [[], [float("nan"), 0.0]])
def test_a_value_that_only_failed_trials_have_and_one_that_is_no_number_spoil_no_figure(odd):
    good = [
        recorded(f"t{i}", {"x": i / 12, "rate": 10.0 ** -(i % 4)}, [(1, {"score": i})])
        for i in range(12)
    ]
    other = [recorded(f"o{rate}", {"x": 0.5, "rate": rate}, [(1, {"score": 5.0})]) for rate in odd]
    failed = [recorded(f"f{i}", {"x": 0.1, "drop": i / 5}, [], outcome="failed") for i in range(3)]
    trials = [*good, *(other or failed)]
    declared = SearchSpace("rates", training={"rate": tune.loguniform(0.001, 1.0)}).as_data()
    drawn = figures(stored(trials, domains=declared))
    for figure in drawn.values():
        assert "<path" in svg(figure)


def test_every_figure_of_a_study_can_be_drawn():
    trials = [
        recorded(f"t{i}", {"x": i / 30, "kind": "ab"[i % 2]}, [(1, {"score": i + i % 2 * 9})])
        for i in range(30)
    ]
    drawn = figures(stored(trials, domains={}))
    assert {"Slices", "Contour", "Rank", "Importance"} <= set(drawn)
    for figure in drawn.values():
        assert "<path" in svg(figure)
