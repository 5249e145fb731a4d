"""How ways to use earlier tasks are run, and how runs become tables."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from automl_on_ray.search_spaces.beliefs import log_density
from automl_on_ray.searchers import SearcherSettings
from benchmarks.transfer import compare
from benchmarks.transfer._functions import function_problem
from benchmarks.transfer._methods import METHODS, run
from benchmarks.transfer._problems import GOAL
from benchmarks.transfer._report import ahead, mean_rank, over, report

SEED = 1000  # not of those that judge


@pytest.fixture(scope="module")
def problem():
    return function_problem("branin", related=True, seed=SEED)


def line(method, regrets, problem="p", seed=0):
    return {"problem": problem, "method": method, "seed": seed,
            "regrets": regrets, "cpu_seconds": 1.0}  # fmt: skip


@pytest.mark.parametrize("method", [name for name in METHODS if "random" in name])
def test_regret_never_rises_and_counts_from_the_lowest_value(method, problem):
    regrets = run(method, problem, SEED)["regrets"]
    assert len(regrets) == problem.trials
    assert regrets == sorted(regrets, reverse=True)
    assert regrets[-1] > 0


def test_best_first_begins_with_a_config_that_a_source_tried(problem):
    tried = [trial.config for source in problem.sources for trial in source.trials]
    first = run("random-best-first", problem, SEED)["regrets"][0]
    assert first in [problem.value(config) - problem.lowest for config in tried]
    assert first != run("random", problem, SEED)["regrets"][0]


def test_pooling_tells_all_trials_of_the_sources_as_the_targets(problem):
    given, _ = METHODS["pooling"]
    known = SearcherSettings(problem.space, (GOAL,), **given(problem)).known
    assert known == tuple(trial for source in problem.sources for trial in source.trials)


def test_who_is_right_believes_most_in_a_config_near_the_lowest_value(problem):
    right, wrong = (
        SearcherSettings(problem.space, (GOAL,), **METHODS[method][0](problem)).beliefs
        for method in ("prior-right", "prior-wrong")
    )
    assert log_density(right, problem.believed) == 0 > log_density(wrong, problem.believed)
    assert log_density(wrong, problem.misbelieved) == 0 > log_density(right, problem.misbelieved)


def test_a_run_beside_sources_is_the_same_again(problem):
    short = replace(problem, trials=4)
    first, second = (run("both", short, SEED) for _ in range(2))
    assert first["regrets"] == second["regrets"]
    assert len(first["regrets"]) == 4
    assert first["cpu_seconds"] > 0


def test_a_cold_start_is_run_once_for_related_and_unrelated_sources(tmp_path):
    out = tmp_path / "transfer.jsonl"
    found = {"regrets": [2.0] * 15, "cpu_seconds": 1.0}
    known = {"problem": "related-branin", "method": "cold", "seed": SEED, **found}
    out.write_text(f"{json.dumps(known)}\n")
    compare.main(out, False, ["unrelated-branin"], ["cold"], f"{SEED}-{SEED}")
    first, second = (json.loads(text) for text in out.read_text().splitlines())
    assert second == {**first, "problem": "unrelated-branin"}


def test_what_was_run_is_not_run_again(tmp_path):
    out = tmp_path / "transfer.jsonl"
    for seeds in ("1000-1000", "1000-1001"):
        compare.main(out, False, ["related-branin"], ["random"], seeds)
    lines = [json.loads(text) for text in out.read_text().splitlines()]
    assert [each["seed"] for each in lines] == [1000, 1001]
    assert lines[0]["regrets"] != lines[1]["regrets"]


def test_a_problem_and_its_methods_are_known_by_name(tmp_path):
    every = compare.problems(tmp_path, tmp_path)
    assert {"related-hartmann6", "unrelated-quadratic", "cells-cifar100", "svm-juice"} < set(every)
    assert all(set(methods) <= set(METHODS) for _, methods in every.values())


def test_ahead_is_the_share_of_seeds_with_less_regret_and_equal_ones_count_half():
    own, cold = pd.Series({0: 1.0, 1: 2.0, 2: 3.0}), pd.Series({0: 2.0, 1: 2.0, 2: 1.0, 3: 9.0})
    assert ahead(own, cold) == 0.5
    assert ahead(own.drop(2), cold) == 0.75


def test_how_far_a_median_is_over_a_cold_starts_counts_only_seeds_that_both_have():
    own, cold = pd.Series({0: 3.0, 1: 4.0, 2: 5.0}), pd.Series({0: 1.0, 1: 2.0, 2: 3.0, 3: 900.0})
    assert over(own, cold) == "+2 ± 0"
    assert over(cold, cold).startswith("+0 ± ")
    assert over(own[:1], cold) == "-"


def test_a_problems_table_has_medians_and_the_seeds_ahead():
    runs = [line(method, [first, *[first / 2] * 14], seed=seed)
            for method, firsts in {"cold": (4.0, 6.0, 8.0), "both": (2.0, 3.0, 40.0)}.items()
            for seed, first in enumerate(firsts)]  # fmt: skip
    _, _, cold, both = report(runs)
    assert cold.split()[:5] == ["cold", "6", "3", "3", "[2,"]
    assert both.split()[:3] == ["both", "3", "1.5"]
    assert both.split()[-7:-5] == ["0.67", "0.67"]
    assert both.split()[-5] == "-1.5"
    assert both.split()[-2:] == ["3", "0.07"]


def test_ranks_are_of_seeds_that_every_method_has_and_each_data_set_counts_as_one():
    runs = [line("cold", [1.0] * 20, "svm-a", seed) for seed in range(3)]
    runs += [line("both", [0.5] * 20, "svm-a", seed) for seed in range(2)]
    runs += [line("cold", [1.0] * 20, "svm-b"), line("both", [2.0] * 20, "svm-b")]
    _, _, cold, both = report(runs)
    assert cold.split()[1] == both.split()[1] == "1.50"
    assert both.split()[-2] == "3"


def test_equal_regrets_share_their_rank():
    index = pd.MultiIndex.from_tuples([("a", 0), ("b", 0)], names=["problem", "seed"])
    table = pd.DataFrame({"cold": [1.0, 1.0], "both": [1.0, 3.0]}, index=index)
    assert mean_rank(table, "cold").split()[0] == "1.25"


def test_without_runs_the_table_says_so():
    assert report([]) == ["No run is there yet."]
