"""The comparison by hypervolume on a table: what is counted, and that it goes on where it ended."""

import itertools
import json
import os
import statistics
from pathlib import Path

import pytest

from automl_on_ray.search_spaces.nas_bench_201 import EDGES, OPERATIONS, architecture_text, key
from benchmarks.nas_bench_201 import objectives as nas_objectives

DATA = os.environ.get("AUTOML_TEST_DATA")
OURS = ("random", "evolution", "Optuna NSGA-II, population 20")


@pytest.fixture(scope="module")
def cells():
    """Accuracy: 50 % and as much as a quarter of the cost, and a tenth for each pooling."""
    found = {}
    for operations in itertools.product(OPERATIONS, repeat=len(EDGES)):
        cell = dict(zip(itertools.starmap(key, EDGES), operations, strict=True))
        cost = nas_objectives.cost(cell)
        pools = sum(operation == "avg_pool_3x3" for operation in operations)
        found[architecture_text(cell)] = (50 + cost / 4 + pools / 10, -float(cost))
    return found


def test_a_3x3_convolution_costs_nine_1x1_ones():
    assert nas_objectives.cost({"a": "nor_conv_3x3", "b": "nor_conv_1x1", "c": "none"}) == 10


@pytest.mark.parametrize("method", OURS)
def test_a_run_finds_most_of_the_hypervolume_in_as_many_cells_as_asked(method, cells):
    row = nas_objectives.run(method, cells, seed=10_000, budget=60)
    assert 0.5 < row["share"] < 1


def test_all_cells_together_have_the_whole_hypervolume(cells):
    whole = nas_objectives.hypervolume(list(cells.values()), nas_objectives.REFERENCE)
    assert nas_objectives.share(list(cells.values()), whole) == pytest.approx(1)


def test_a_comparison_goes_on_where_it_ended(cells, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(nas_objectives, "points", lambda path, dataset: cells)
    out = tmp_path / "rows.jsonl"
    asked = {"table": tmp_path, "out": out, "only": "random", "budgets": "5,100"}
    nas_objectives.main(**asked, seeds=2, first_seed=10_000)
    first = out.read_text()
    nas_objectives.main(**asked, seeds=3, first_seed=10_000)
    assert out.read_text().startswith(first)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 6
    mean = statistics.fmean(row["share"] for row in rows if row["budget"] == 100)
    assert f"{mean:.4f} ±" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.skipif(DATA is None, reason="needs AUTOML_TEST_DATA with nasbench201/")
def test_on_the_benchmark_itself_evolution_finds_more_than_random_search():
    path = Path(str(DATA)) / "nasbench201" / "nasbench201.parquet"
    table = nas_objectives.points(path, "cifar10")
    found = {
        method: statistics.fmean(
            nas_objectives.run(method, table, seed, budget=100)["share"]
            for seed in range(10_000, 10_006)
        )
        for method in ("random", "evolution")
    }
    assert 0.93 < found["random"] < found["evolution"] < 1
