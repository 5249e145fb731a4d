"""The one look at the test part says what is so."""

import json

import numpy as np
import pytest

from automl_on_ray.trainables.recommendation import FitSettings, fit, load_events
from automl_on_ray.trainables.recommendation.test_report import (
    FOUND,
    Interval,
    RecommendReport,
    bootstrap,
    lines_of,
    look_at_test,
    verdict,
)
from tests.helpers.clicks import COLUMNS, clicks

POPULARITY, EASE = {"model": "popularity"}, {"model": "ease", "ease_l2": 10.0}


def looked(tmp_path, configs, metric="ndcg"):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOML_CACHE_DIR", str(tmp_path))
        events = load_events({"dataset": "clicks", "frame": clicks(), **COLUMNS, "folds": 1})
    fitted = {name: fit(one, events.seen(None), FitSettings()) for name, one in configs.items()}
    return look_at_test(events, fitted, configs, metric=metric)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    configs = {"popularity": POPULARITY, "EASE": {**EASE, "ease_l2": 500.0}, FOUND: EASE}
    return looked(tmp_path_factory.mktemp("cache"), configs)


def test_a_report_is_read_as_it_was_written(report):
    assert RecommendReport.of(json.loads(json.dumps(report.as_dict()))) == report


def test_a_lead_is_the_difference_of_the_means_and_what_was_found_has_none(report):
    for one in report.compared[:-1]:
        difference = report.found.interval.value - one.interval.value
        assert one.lead.value == pytest.approx(difference)
        assert one.lead.low <= one.lead.value <= one.lead.high
    assert report.found.lead is None
    assert report.metrics()["test_ndcg"] == report.found.interval.value


def test_the_parts_by_activity_have_all_users_in_them_and_their_means_make_the_whole(report):
    users = [part.users for part in report.activity]
    assert sum(users) == report.users
    means = [part.means[FOUND] for part in report.activity]
    assert np.average(means, weights=users) == pytest.approx(report.found.interval.value)
    assert all(one.high < other.low for one, other in zip(report.activity, report.activity[1:],
                                                          strict=False))  # fmt: skip


def test_recommended_items_are_in_order_of_how_often(report):
    shares = [one.recommended for one in report.shown]
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[0] <= 1


def test_where_the_search_has_chosen_a_classical_method_that_is_said(tmp_path):
    report = looked(tmp_path, {"popularity": POPULARITY, FOUND: dict(POPULARITY)})
    lines = lines_of(report)
    assert report.same_as == "popularity"
    assert any("It is popularity itself" in line for line in lines)
    assert not any("better than popularity" in line for line in lines)


def test_another_metric_may_be_compared(tmp_path):
    report = looked(tmp_path, {"popularity": POPULARITY, FOUND: EASE}, metric="recall")
    assert report.found.interval.value == pytest.approx(report.found.scores["recall"])
    assert "Recall@20 with 95 % intervals" in lines_of(report)[0]


@pytest.mark.parametrize(
    ("lead", "said"),
    [
        (Interval(0.1, 0.05, 0.15), "What was found is better than popularity: "),
        (Interval(-0.1, -0.15, -0.05), "Popularity is better than what was found: "),
        (Interval(0.1, -0.05, 0.15), "What was found is not clearly better than popularity: "),
    ],
)
def test_the_verdict_is_said_either_way(lead, said, report):
    one = report.compared[0]
    assert verdict(type(one)(**{**vars(one), "lead": lead})).startswith(said)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says():
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = bootstrap(values, seed=0)
    half = 1.96 * values.std() / np.sqrt(400)
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)
    assert found == bootstrap(values, seed=0)
