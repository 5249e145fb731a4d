"""NAS-Bench-201's recorded cells: what a table must have, what is counted, and in which studies."""

import os
from pathlib import Path

import pytest

from automl_on_ray.schedulers import SchedulerSettings, create_scheduler
from automl_on_ray.search_spaces import nas_bench_201
from automl_on_ray.search_spaces.core import Objective, UserError
from automl_on_ray.search_spaces.nas_bench_201 import CELLS, parse_architecture
from automl_on_ray.searchers import SearcherSettings, create_searcher
from automl_on_ray.simulation import Simulation
from automl_on_ray.trainables.recorded_cells import (
    RecordedCells,
    estimated_seconds,
    flops,
    parameters,
)
from tests.studies.comparison.cells_table import columns, write_table

DATA = os.environ.get("AUTOML_TEST_DATA")
# Of the benchmark's own records 0, 11 and 284: parameters, MFLOPs, training seconds of 12 epochs.
RECORDS = {
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|":
        (129_306, 15.647, 86.7),
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|avg_pool_3x3~0|avg_pool_3x3~1|none~2|":
        (802_426, 113.951, 149.5),
    "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|skip_connect~0|skip_connect~1|none~2|":
        (101_306, 11.715, 58.5),
}  # fmt: skip


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return RecordedCells(write_table(tmp_path_factory.mktemp("table") / "cells.parquet"))


@pytest.mark.parametrize("text", RECORDS)
def test_counts_are_those_of_the_benchmarks_records_and_of_our_network(text):
    config = parse_architecture(text)
    own_parameters, own_flops, seconds = RECORDS[text]
    assert parameters(config) == own_parameters
    assert flops(config) / 1e6 == pytest.approx(own_flops, abs=1e-3)
    assert estimated_seconds(config) == pytest.approx(seconds + 4, abs=1)
    for dataset, classes in (("cifar10", 10), ("cifar100", 100), ("imagenet16_120", 120)):
        network = nas_bench_201.build(config, (3, 32, 32), classes)
        assert parameters(config, dataset) == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda of: of.pop("cifar10_valid_accuracy_12"), "no column 'cifar10_valid_accuracy_12'"),
        (lambda of: of.update(architecture=["x"] * 15_625), "1 cells that differ"),
        (
            lambda of: of["cifar10_test_accuracy_200"].__setitem__(3, None),
            "no accuracies in percent",
        ),
        (lambda of: of["cifar10_test_accuracy_200"].__setitem__(3, 101.0), "no accuracies"),
    ],
)
def test_a_table_of_something_else_is_refused_in_a_line(change, said, tmp_path):
    of = columns()
    change(of)
    with pytest.raises(UserError, match=said):
        RecordedCells(write_table(tmp_path / "odd.parquet", of))


def test_what_is_no_table_and_no_data_set_is_refused_in_a_line(tmp_path):
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(UserError, match="cannot be read as a Parquet table"):
        RecordedCells(tmp_path / "text.parquet")
    with pytest.raises(UserError, match="cannot be read as a Parquet table"):
        RecordedCells(tmp_path / "missing.parquet")
    with pytest.raises(UserError, match="Did you mean 'cifar100'"):
        RecordedCells(tmp_path / "missing.parquet", "cifar1000")


def test_the_simulator_charges_the_estimated_seconds_of_each_cell(cells):
    goal = (Objective("val_accuracy"),)
    searcher = create_searcher("random", SearcherSettings(CELLS, goal, seed=3, samples=6))
    judging = SchedulerSettings(CELLS, goal[0], 1, 6, 3)
    study = Simulation(
        cells, searcher, create_scheduler("fifo", judging), samples=6, slots=1, max_t=1
    )
    trials = study.run()
    assert study.clock == sum(estimated_seconds(trial.config) for trial in trials)
    for trial in trials:
        assert trial.last_result["val_accuracy"] == cells.validation(trial.config)


@pytest.mark.skipif(DATA is None, reason="needs AUTOML_TEST_DATA with nasbench201/")
@pytest.mark.parametrize(
    ("dataset", "best"), [("cifar10", 94.373), ("cifar100", 73.513), ("imagenet16_120", 47.311)]
)
def test_the_benchmark_itself_has_its_published_optimum(dataset, best):
    own = RecordedCells(Path(str(DATA)) / "nasbench201" / "nasbench201.parquet", dataset)
    assert max(test for _, test in own.rows.values()) == pytest.approx(best, abs=1e-3)
