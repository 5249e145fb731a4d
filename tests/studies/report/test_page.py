"""The report: one page that is small, complete and of itself."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from automl_on_ray.search_spaces import darts, macro, mnist_cnn, nas_bench_201
from automl_on_ray.studies.report import figures, report_of, write_report
from automl_on_ray.studies.results import Summary
from tests.helpers.recorded import halved, recorded, stored

OF_EVERY_STUDY = ["History of the best", "Learning curves", "Timeline", "Distribution"]
OF_THE_SPACE = ["Importance", "Parallel coordinates", "Slices", "Contour", "Rank"]


class Open(HTMLParser):
    """Which elements a page leaves open, and what it asks others for."""

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.asked = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.asked += [v for k, v in attributes if k in ("src", "href") and not v.startswith("#")]
        if tag not in ("meta", "br", "img"):
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def headings(page):
    return re.findall(r"<h2>(.*?)</h2>", page)


@pytest.fixture(scope="module")
def usual():
    """A study, and its page: to draw one takes seconds."""
    study = stored(halved(0))
    return study, report_of(study).html


def test_a_page_has_every_view_needs_nothing_else_and_is_small(tmp_path):
    other = stored(halved(1), name="other")
    path = write_report(stored(halved(0, trials=100)), tmp_path / "new" / "r.html", others=[other])
    page = path.read_text()
    assert path.stat().st_size < 1_000_000
    first = ["What was found", "How sure", "What next", "The best config"]
    assert headings(page)[:4] == first
    assert set(headings(page)[4:]) == {*OF_EVERY_STUDY, *OF_THE_SPACE}
    parsed = Open(page)
    assert parsed.stack == []
    assert "script" not in parsed.tags
    assert [one for one in parsed.asked if not one.startswith("data:")] == []
    assert "other (45)" in page


def test_a_thousand_trials_of_twenty_epochs_make_no_larger_page():
    page = report_of(stored(halved(0, trials=1000, epochs=20), max_t=20)).html
    assert len(page.encode()) < 1_000_000


def test_a_page_says_what_was_believed_beforehand_and_how_far_earlier_studies_were_trusted(usual):
    believed = "x ~ normal(0.5, 0.1)"
    study = stored(halved(0, trials=3), believed=believed)
    told = replace(study, recorded=replace(study.recorded, trust={"first": 0.87}))
    page = report_of(told).html
    assert f"seed 0; priors: {believed}" in page
    assert "Trust in earlier studies: first 0.87." in page
    assert "priors" not in usual[1]
    assert "Trust" not in usual[1]


def test_equal_studies_have_equal_pages(usual):
    assert report_of(stored(halved(0))).html == usual[1]


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [recorded("t", {"x": 0.5}, [], outcome="failed", error="E: it <broke>")],
        [recorded("t", {"x": 0.5}, [(1, {"score": 0.5})])],
        [recorded("t", {}, [(1, {"score": 0.5})]), recorded("u", {}, [], outcome="running")],
        [recorded(f"t{i}", {"x": 0.5, "k": [1]}, [(1, {"score": 0.5})]) for i in range(12)],
    ],
    ids=["none", "failed", "one", "running", "all alike"],
)
def test_a_study_with_little_to_say_has_a_page_without_empty_figures(trials):
    report = report_of(stored(trials))
    assert Open(report.html).stack == []
    assert "<broke>" not in report.html
    for figure in report.figures.values():
        assert any(trace.x is not None and len(trace.x) for trace in figure.data)


def test_figures_for_python_are_those_of_the_page(usual):
    study, page = usual
    drawn = figures(study)
    assert [name for name in headings(page) if name in drawn] == list(drawn)
    (line,) = [trace for trace in drawn["History of the best"].data if trace.name == "best so far"]
    assert list(line.y) == sorted(line.y)
    assert line.y[-1] == study.best.metrics["score"]


def test_several_objectives_have_a_front_and_its_growing_area():
    values = [(0.5, 5.0), (0.9, 9.0), (0.7, 6.0), (0.6, 9.0)]
    trials = [
        recorded(f"t{i}", {"x": i}, [(1, {"score": s, "cost": c})], began=i)
        for i, (s, c) in enumerate(values)
    ]
    study = stored(trials, objectives=(("score", "max"), ("cost", "min")))
    drawn = figures(study)
    front = next(trace for trace in drawn["Pareto front"].data if trace.name == "front")
    assert list(front.x) == [0.5, 0.7, 0.9]
    area = list(drawn["Hypervolume"].data[0].y)
    assert area == pytest.approx([0, 0, 0.5 * 0.75, 0.5 * 0.75])


def test_a_population_has_its_family_with_the_life_of_the_best():
    trials = [
        recorded(name, {"x": 0.1}, [(e, {"score": base + e}) for e in range(1, 5)])
        for name, base in (("a", 0), ("b", 5))
    ]
    lineage = [{"trial": "b", "donor": "a", "step": 2}]
    drawn = figures(stored(trials, lineage=lineage))
    life = next(trace for trace in drawn["Family"].data if "best" in trace.name)
    assert list(life.x) == [4, 2, 2, 0]
    assert list(life.y) == [1, 1, 0, 0]


def test_what_the_best_trial_tuned_by_gradients_is_drawn_over_its_epochs():
    told = [
        {"score": 1.0 + e, "hyper/rate": 10.0**-e, "hyper/decay/min": 0.1, "hyper/decay/mean": 0.2,
         "hyper/decay/max": 0.3, "hyper_grad_norm/rate": 5.0}
        for e in range(1, 4)
    ]  # fmt: skip
    worse = [(1, {"score": 0.0, "hyper/rate": 7.0})]
    trials = [
        recorded("a", {"rate": 1.0}, list(enumerate(told, 1))), recorded("b", {"rate": 1.0}, worse)
    ]  # fmt: skip
    drawn = figures(stored(trials))["Tuned by gradients"]
    assert list(drawn.data[0].y) == pytest.approx([1.0, 0.1, 0.01, 0.001])
    assert list(drawn.data[0].x) == [0, 1, 2, 3]
    assert [trace.y[0] for trace in drawn.data[1:]] == [0.1, 0.2, 0.3]
    assert (drawn.layout.yaxis.type, drawn.layout.yaxis2.type) == ("log", "linear")
    assert "Tuned by gradients" in headings(report_of(stored(trials)).html)


def test_random_cells_are_marked_and_the_winner_is_drawn():
    generator = np.random.default_rng(0)
    cells = [darts.SPACE.sample(generator) for _ in range(2)]
    trials = [
        recorded(f"t{number}{seed}", {**cell, "seed": seed},
                 [(1, {"val_accuracy": 0.5 + 0.1 * number + 0.01 * seed, "parameters": 1e4})],
                 origin="random" if number == 0 else "")
        for number, cell in enumerate(cells)
        for seed in (0, 1)
    ]  # fmt: skip
    verdict = ["The best cell of the search is better than the best of 1 random cells."]
    study = stored(
        trials, objectives=(("val_accuracy", "max"),), summary=Summary("t10", verdict=verdict)
    )
    page = report_of(study).html
    assert "t10 (search)" in page or "t11 (search)" in page
    assert "(random)" in page
    assert "0.605 (mean of 2 seeds)" in page
    assert verdict[0] in page
    assert "normal cell" in page


@pytest.mark.parametrize(
    ("space", "name", "heading", "drawn"),
    [
        (macro.SPACE, "macro", "Networks", ">stem<"),
        (nas_bench_201.SPACE, "nas-bench-201", "Cells", "|nor_conv_1x1~0|"),
        (mnist_cnn.SPACE, "mnist-cnn", "Networks", ">kernel_size<"),
        (mnist_cnn.SPACE, "macro", "Networks", ">kernel_size<"),  # a user's own of that name
    ],
)
def test_the_winner_of_any_space_is_drawn_and_one_of_hyperparameters_is_not(
    space, name, heading, drawn
):
    config = dict.fromkeys(space.domains) | space.sample(np.random.default_rng(3))
    curve = [(1, {"val_accuracy": 0.5})]
    trials = [recorded(f"t{seed}", {**config, "seed": seed}, curve) for seed in (0, 1)]
    study = stored(trials, objectives=(("val_accuracy", "max"),), space=name)
    assert heading not in headings(report_of(study).html)
    page = report_of(replace(study, asked={"workflow": "nas"})).html
    assert heading in headings(page)
    assert drawn in page
