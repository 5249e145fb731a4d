"""The candidates of a portfolio, how one is judged, and the portfolio that was chosen."""

import json

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import parse_objectives
from automl_on_ray.search_spaces.tables import SPACE
from automl_on_ray.searchers import SearcherSettings, varying
from automl_on_ray.studies.transfer.tables import read_source
from benchmarks.tabular import portfolio
from benchmarks.tabular._candidates import BY_HAND, FOREST, LINEAR, candidates
from benchmarks.tabular.data import JUDGING, PORTFOLIO, by_name


@pytest.fixture(scope="module")
def heating():
    return portfolio.table_of(by_name(["heating"], PORTFOLIO)[0])


@pytest.mark.parametrize("config", BY_HAND, ids=lambda each: each["model"])
def test_what_is_written_by_hand_is_a_member_and_has_no_more(config):
    SPACE.check(config)
    assert varying(SPACE, dict(config)) == config


def test_candidates_are_different_and_the_same_again():
    first, again = candidates(40), candidates(40)
    assert first == again
    assert len({json.dumps(each, sort_keys=True) for each in first}) == 40 + len(BY_HAND)
    assert first[0] == SPACE.start
    assert all(each in first for each in BY_HAND)


def test_a_candidate_is_judged_on_rows_that_it_did_not_see(heating):
    found = portfolio.evaluate(LINEAR, heating)
    shares = np.bincount(heating.answers) / len(heating.answers)
    constant = -(shares * np.log(shares)).sum()
    assert 0.5 * constant < found["loss"] < 1.1 * constant  # a weak signal, but one


def test_a_candidate_that_fails_is_a_line_too(heating):
    assert "error" in portfolio.evaluate({**LINEAR, "model": "no_such"}, heating)


def test_a_candidate_that_takes_too_long_is_ended(heating, monkeypatch):
    monkeypatch.setattr(portfolio, "SECONDS", 0.05)
    told = portfolio.evaluate({**FOREST, "forest_trees": 400}, heating)
    assert told == {"error": "TimeoutError: more than 0.05 CPU seconds"}


def test_a_candidate_counts_once_it_was_tried_on_all_data_sets():
    names = [each.name for each in PORTFOLIO]
    lines = [{"set": name, "config": {"model": "a"}, "loss": 0.5} for name in names]
    lines += [{"set": name, "config": {"model": "b"}, "loss": 0.4} for name in names[1:]]
    lines += [{"set": name, "config": {"model": "c"}, "error": "died"} for name in names]
    configs, errors = portfolio.errors_of(lines)
    assert configs == [{"model": "a"}, {"model": "c"}]
    assert errors.tolist() == [[0.0] * len(names), [1.0] * len(names)]


def test_a_portfolio_is_judged_on_a_data_set_that_it_was_not_chosen_on():
    """Only the second config is good on the last data set, and nothing else tells so."""
    errors = np.array([[0.0, 0.0, 0.0, 1.0], [0.9, 0.9, 0.9, 0.0]])
    ours, chance = portfolio.held_out(errors, 1)
    assert ours.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert chance[-1] == pytest.approx(0.5, abs=0.1)


@pytest.mark.skipif(not portfolio.CHOSEN.exists(), reason="no portfolio was chosen yet")
def test_the_portfolio_that_was_chosen_is_of_the_space_and_saw_nothing_that_judges():
    told = json.loads(portfolio.CHOSEN.read_text())
    assert len(told["configs"]) == portfolio.COUNT
    for config in told["configs"]:
        SPACE.check(config)
    assert told["data_sets"] == [each.name for each in PORTFOLIO]
    assert not set(told["data_sets"]) & {each.name for each in JUDGING}


def test_scores_of_the_portfolio_come_with_the_product_as_results_on_other_data():
    chosen = json.loads(portfolio.CHOSEN.read_text())["configs"]
    objectives = [parse_objectives(word)[0] for word in ("val_auc", "-val_rmse")]
    for objective in objectives:
        settings = SearcherSettings(SPACE, (objective,))
        source = read_source(portfolio.SCORES, settings, 50)
        assert [one.config in chosen for one in source.trials] == [True] * len(source.trials)
        worth = [objective.sign() * one.curve[1][objective.metric] for one in source.trials]
        assert len(set(worth)) > 5


def test_scores_are_mean_errors_within_the_portfolio(tmp_path, monkeypatch):
    monkeypatch.setattr(portfolio, "SCORES", tmp_path / "scores.json")
    configs = [{"model": name} for name in ("a", "b", "c")]
    lines = [
        {"set": each.name, "config": config, "loss": float(loss)}
        for each in PORTFOLIO
        for loss, config in enumerate(configs)
    ]
    portfolio.write_scores([configs[2], configs[0], configs[1]], lines)
    written = json.loads((tmp_path / "scores.json").read_text())
    assert [one["config"]["model"] for one in written] == ["c", "a", "b"]
    assert [one["metrics"]["val_rmse"] for one in written] == [1.0, 0.0, 1.0]
    assert [one["metrics"]["val_auc"] for one in written] == [0.0, 1.0, 0.0]
