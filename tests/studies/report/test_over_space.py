"""Axes of parallel coordinates, and what plotly's figures become as SVG."""

from dataclasses import replace

import plotly.graph_objects as go
import pytest
from ray import tune

from automl_on_ray.search_spaces import SearchSpace
from automl_on_ray.search_spaces.core import Objective
from automl_on_ray.studies.importance import Analysis, analyse, declared_of, parameters_of
from automl_on_ray.studies.report import figures
from automl_on_ray.studies.report.over_space import (
    MOST_AXES,
    MOST_BARS,
    contour,
    importance_bars,
    parallel_coordinates,
    ranks,
    slices,
)
from automl_on_ray.studies.report.svg import svg
from tests.helpers.recorded import halved, recorded, stored


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


def axes_of(trials, importance=(), **facts):
    """Without a model of what mattered, which takes a while."""
    study = stored(trials, **facts)
    configs = [trial.config for trial in trials]
    known = tuple(parameters_of(configs, declared_of(study.recorded.facts)))
    (trace,) = parallel_coordinates(study, Analysis("", dict(importance), known)).data
    return {one.label: one for one in trace.dimensions}, trace.line


def test_words_are_side_by_side_on_an_axis_with_a_dash_for_none():
    trials = [recorded(f"t{i}", {"kind": kind, "x": i / 3}, [(1, {"score": -i})])
              for i, kind in enumerate(["b", "a", None, "b"])]  # fmt: skip
    axes, _ = axes_of(trials)
    assert list(axes["kind"].ticktext) == ["–", "a", "b"]
    assert list(axes["kind"].values) == [2, 1, 0, 2]
    assert tuple(axes["kind"].range) == (0, 2)
    axes, _ = axes_of(trials[:2])
    assert list(axes["kind"].ticktext) == ["a", "b"]
    assert tuple(axes["kind"].range) == (0, 1)


def test_a_log_scale_is_told_in_its_numbers():
    declared = SearchSpace("r", training={"rate": tune.loguniform(1e-4, 1.0)}).as_data()
    trials = [recorded(f"t{i}", {"rate": rate}, [(1, {"score": -i})])
              for i, rate in enumerate([0.01, 1.0, 0.0, 0.0001])]  # fmt: skip
    axes, _ = axes_of(trials, domains=declared)
    rate = axes["rate"]
    assert list(rate.values) == pytest.approx([-2, 0, -5, -4])
    assert list(rate.tickvals) == pytest.approx([-5, -4, -3, -2, -1, 0])
    assert list(rate.ticktext) == ["–", "0.0001", "0.001", "0.01", "0.1", "1"]
    assert tuple(rate.range) == pytest.approx((-5, 0))


@pytest.mark.parametrize(("mode", "order", "reverse"), [("max", [2, 1, 0], False),
                                                        ("min", [0, 1, 2], True)])  # fmt: skip
def test_lines_are_coloured_by_the_first_objective_and_the_objectives_are_the_last_axes(
    mode, order, reverse
):
    trials = [recorded(f"t{i}", {"x": i / 2}, [(1, {"score": i, "cost": 9 - i})]) for i in range(3)]
    axes, line = axes_of(trials, objectives=(("score", mode), ("cost", "min")))
    assert list(axes) == ["x", "score", "cost"]
    assert list(axes["x"].values) == [i / 2 for i in order]
    assert list(axes["score"].values) == list(line.color) == order
    assert list(axes["cost"].values) == [9 - i for i in order]
    assert line.reversescale == reverse


def test_the_most_important_axis_is_next_to_the_objectives_and_only_some_are_drawn():
    names = [f"p{number:02}" for number in range(20)]
    trials = [
        recorded(f"t{i}", {name: (i * 7 + n * 5) % 30 / 30 for n, name in enumerate(names)},
                 [(1, {"score": (i * 7 + 15) % 30 / 30})])
        for i in range(30)
    ]  # fmt: skip
    axes, _ = axes_of(trials, importance={"p07": 0.5, "p03": 0.3}, domains={})
    assert list(axes)[-3:] == ["p03", "p07", "score"]
    assert len(axes) == MOST_AXES + 1


def test_bars_have_the_greatest_share_on_top():
    (bars,) = (figure := importance_bars({"x": 0.7, "y": 0.2, "z": 0.1})).data
    assert (list(bars.x), list(bars.y)) == ([0.1, 0.2, 0.7], [0, 1, 2])
    assert list(bars.text) == ["10%", "20%", "70%"]
    assert list(figure.layout.yaxis.ticktext) == ["z", "y", "x"]
    (many,) = importance_bars({f"p{number}": 1 / (number + 1) for number in range(20)}).data
    assert len(many.x) == MOST_BARS
    assert many.x[-1] == 1


@pytest.fixture(scope="module")
def explained():
    study = stored(halved(0))
    return study, analyse(study)


def test_slices_show_the_trials_and_the_model_with_all_else_as_in_the_best(explained):
    study, analysis = explained
    figure = slices(analysis, analysis.model, study.objectives[0], study.best.config)
    first, second = list(analysis.importance)[:2]
    model, seen = figure.data[:2]
    assert (model.name, seen.name) == ("model", "trials")
    assert list(seen.x) == [config[first] for config in analysis.data.configs]
    assert list(seen.y) == list(analysis.data.values)
    configs = [{**study.best.config, first: at} for at in model.x]
    assert (model.x[0], model.x[-1]) == (0, 1)
    assert list(model.y) == pytest.approx(analysis.model.predict(configs))
    assert list(model.error_y.array) == pytest.approx(2 * analysis.model.spread(configs))
    assert (figure.layout.xaxis.title.text, figure.layout.xaxis2.title.text) == (first, second)
    assert figure.layout.yaxis.title.text == "score"
    assert figure.layout.yaxis2.title.text is None
    low, high = figure.layout.yaxis.range
    values = [value for trace in figure.data for value in trace.y]
    assert low < min(values)
    assert max(values) < high


def test_a_parameter_that_some_trials_lack_has_its_slice_too(explained):
    study, analysis = explained
    first, *others = analysis.data.trials
    name = next(iter(analysis.importance))
    less = {key: value for key, value in first.config.items() if key != name}
    trials = (replace(first, config=less), *others)
    some = replace(analysis, data=replace(analysis.data, trials=trials))
    figure = slices(some, None, study.objectives[0], study.best.config)
    assert figure.layout.xaxis.title.text == name
    assert list(figure.data[0].y) == list(analysis.data.values)[1:]


def test_a_contour_is_what_the_model_foretells_with_the_best_trial_as_a_star(explained):
    study, analysis = explained
    best = study.best.config
    figure = contour(analysis, analysis.model, study.objectives[0], best)
    surface, dots, star = figure.data
    x, y = figure.layout.xaxis.title.text, figure.layout.yaxis.title.text
    assert {x, y} == set(list(analysis.importance)[:2])
    point = {**best, x: surface.x[3], y: surface.y[20]}
    assert surface.z[20][3] == pytest.approx(analysis.model.predict([point])[0])
    assert not surface.reversescale
    assert (list(star.x), list(star.y)) == ([best[x]], [best[y]])
    assert list(dots.x) == [config[x] for config in analysis.data.configs]
    assert list(dots.y) == [config[y] for config in analysis.data.configs]
    low = contour(analysis, analysis.model, Objective("score", "min"), best)
    assert low.data[0].reversescale


@pytest.mark.parametrize("mode", ["max", "min"])
def test_ranks_are_from_the_best_to_the_worst(mode, explained):
    _, analysis = explained
    (dots,) = ranks(analysis, Objective("score", mode)).data
    colours, values = list(dots.marker.color), list(analysis.data.values)
    assert (min(colours), max(colours)) == (0, 1)
    best, worst = (max, min) if mode == "max" else (min, max)
    assert values[colours.index(0)] == best(values)
    assert values[colours.index(1)] == worst(values)


def test_of_one_parameter_there_is_no_contour_and_no_ranks(explained):
    study, analysis = explained
    one = replace(analysis, parameters=analysis.parameters[:1], importance={"x": 1.0})
    assert contour(one, analysis.model, study.objectives[0], study.best.config) is None
    assert ranks(one, study.objectives[0]) is None


def test_of_many_rows_the_first_of_each_so_many_are_drawn():
    trials = [recorded(f"t{i}", {"x": i / 999}, [(1, {"score": -i})]) for i in range(500)]
    axes, _ = axes_of(trials, domains={})
    assert list(axes["score"].values) == [-3 * i for i in range(167)]
