"""What is searched: functions, cells and tables, and the earlier tasks beside them."""

import itertools

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyarrow import table
from scipy.stats import spearmanr

from automl_on_ray.search_spaces.nas_bench_201 import EDGES, OPERATIONS, architecture_text, key
from benchmarks.transfer import svm_table
from benchmarks.transfer._cells import cells_problem
from benchmarks.transfer._functions import FUNCTIONS, KNOWN, cube, function_problem
from benchmarks.transfer._problems import GOAL
from benchmarks.transfer._tables import CONFIGS, SOURCES, TARGETS, tables_problem
from benchmarks.transfer.svm_table import DATA_SETS, FOLDS, MEMBERS, SPACE, errors, rows_of

SEEDS = range(1000, 1006)  # not those that judge
every_function = pytest.mark.parametrize("name", FUNCTIONS)


def values(source):
    return np.array([trial.curve[1][GOAL.metric] for trial in source.trials])


def likeness(name, related):
    """The mean rank correlation of sources with the target, at the sources' points."""
    found = []
    for seed in SEEDS:
        problem = function_problem(name, related=related, seed=seed)
        for source in problem.sources:
            target = [problem.value(trial.config) for trial in source.trials]
            found.append(spearmanr(target, values(source)).statistic)
    return np.mean(found)


@every_function
@pytest.mark.parametrize("seed", SEEDS[:2])
def test_no_point_of_a_function_is_below_its_lowest_value(name, seed):
    problem = function_problem(name, related=True, seed=seed)
    generator = np.random.default_rng(seed)
    for _ in range(300):
        assert problem.value(problem.space.sample(generator)) > problem.lowest


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_function_has_its_lowest_value_where_it_says(name):
    task = KNOWN[name]
    assert task.function(task.where) == pytest.approx(task.lowest, abs=1e-6)


@every_function
def test_related_tasks_rank_points_more_like_the_target_than_unrelated_ones(name):
    assert likeness(name, True) > 0.5 > likeness(name, False) + 0.1


@every_function
def test_the_target_is_the_same_with_related_and_unrelated_tasks(name):
    related, unrelated = (function_problem(name, related=r, seed=1000) for r in (True, False))
    point = related.space.sample(np.random.default_rng(0))
    assert related.value(point) == unrelated.value(point)
    assert not np.allclose(values(related.sources[0]), values(unrelated.sources[0]))


@every_function
def test_a_seed_gives_the_same_problem_again(name):
    first, second = (function_problem(name, related=True, seed=1000) for _ in range(2))
    assert first.sources == second.sources
    assert first.believed == second.believed


@every_function
def test_who_knows_the_task_believes_in_a_better_config_than_who_is_wrong(name):
    for seed in SEEDS:
        problem = function_problem(name, related=True, seed=seed)
        problem.space.check(problem.believed)
        problem.space.check(problem.misbelieved)
        assert problem.value(problem.believed) < problem.value(problem.misbelieved)


def test_there_are_as_many_sources_and_points_as_asked():
    problem = function_problem("branin", related=True, seed=1000, sources=5, points=50)
    assert [len(source.trials) for source in problem.sources] == [50] * 5
    assert list(cube(2).domains) == list(problem.space.domains)


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """A file like NAS-Bench-201's: accuracy by the count of 3x3 convolutions, of cells at random.

    CIFAR-100 has half of CIFAR-10's, and ImageNet16-120 a tenth.
    """
    every = [
        architecture_text(dict(zip(itertools.starmap(key, EDGES), operations, strict=True)))
        for operations in itertools.product(OPERATIONS, repeat=len(EDGES))
    ]
    accuracy = np.array([10.0 * text.count("3x3~") for text in every])
    columns = {"architecture": every}
    for name, share in {"cifar10": 1, "cifar100": 0.5, "imagenet16_120": 0.1}.items():
        columns[f"{name}_valid_accuracy_12"] = accuracy * share
    path = tmp_path_factory.mktemp("cells") / "cells.parquet"
    pq.write_table(table(columns), path)
    return path


def test_two_data_sets_of_cells_are_the_sources_of_the_third(cells):
    problem = cells_problem(cells, "cifar100", seed=1000)
    assert [source.name for source in problem.sources] == ["cifar10", "imagenet16_120"]
    assert problem.lowest == 100 - 30
    for source, share in zip(problem.sources, (2, 0.2), strict=True):
        for trial in source.trials:
            here = 100 - problem.value(trial.config)
            assert 100 - trial.curve[1][GOAL.metric] == pytest.approx(share * here)


def test_sources_have_cells_of_their_own(cells):
    first, second = cells_problem(cells, "cifar10", seed=1000).sources
    assert [t.config for t in first.trials] != [t.config for t in second.trials]


@pytest.fixture(scope="module")
def svm(tmp_path_factory):
    """A file like that of `svm_table.py`: an error is C / 1000, and more for later data sets."""
    rows = [
        {**member, "data_set": name, "error": member["C"] / 2000 + place / 100}
        for place, name in enumerate(TARGETS)
        for member in MEMBERS
    ]
    path = tmp_path_factory.mktemp("svm") / "svm.parquet"
    pd.DataFrame(rows).to_parquet(path)
    return path


@pytest.mark.parametrize("target", [TARGETS[0], TARGETS[-1]])
def test_a_table_is_left_out_and_others_are_its_sources(svm, target):
    problem = tables_problem(svm, target, seed=1000)
    names = [source.name for source in problem.sources]
    assert target not in names
    assert len(set(names)) == SOURCES
    assert problem.lowest == pytest.approx(TARGETS.index(target) / 100 + 0.01 / 2000)
    assert problem.value(dict(MEMBERS[0])) == problem.lowest


def test_each_source_of_a_table_has_its_own_errors(svm):
    problem = tables_problem(svm, TARGETS[0], seed=1000)
    for source in problem.sources:
        assert len({str(trial.config) for trial in source.trials}) == CONFIGS
        for trial in source.trials:
            expected = trial.config["C"] / 2000 + TARGETS.index(source.name) / 100
            assert trial.curve[1][GOAL.metric] == pytest.approx(expected)


def test_there_are_at_least_ten_tables():
    assert len(DATA_SETS) >= 10


def test_the_grid_has_each_member_of_the_space_once():
    assert len({str(member) for member in MEMBERS}) == len(MEMBERS) == 6 * 6 * 2 * 2 * 2
    for member in MEMBERS:
        SPACE.check(member)


def test_a_support_vector_machine_learns_a_table_with_words_and_gaps(monkeypatch):
    """Nearly always `word` says the class; `number` has a gap and says nothing."""
    some = MEMBERS[::7]
    monkeypatch.setattr(svm_table, "MEMBERS", some)
    generator = np.random.default_rng(0)
    word = generator.choice(["left", "right"], 60)
    frame = pd.DataFrame({"number": generator.normal(size=60), "word": word})
    frame.loc[5, "number"] = np.nan
    found = pd.DataFrame(errors(frame, pd.Series(np.append(word[:-3], ["left"] * 3))))
    assert len(found) == len(some)
    assert found.error.min() < 0.1
    assert found.error.max() <= 0.7


def test_rows_of_a_large_table_keep_the_shares_of_classes():
    caravan = next(each for each in DATA_SETS if each.name == "caravan")
    features, target = rows_of(caravan)
    assert len(features) == len(target) == 300
    assert 0.05 < (target == "Yes").mean() < 0.07
    assert target.value_counts().min() >= FOLDS
