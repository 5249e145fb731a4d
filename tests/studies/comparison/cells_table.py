"""A table in NAS-Bench-201's form, whose accuracies follow from the cell."""

import itertools

import pyarrow as pa
import pyarrow.parquet as pq

from automl_on_ray.search_spaces.nas_bench_201 import EDGES, OPERATIONS, architecture_text, key


def every_cell():
    values = itertools.product(OPERATIONS, repeat=len(EDGES))
    return [dict(zip(itertools.starmap(key, EDGES), one, strict=True)) for one in values]


def columns():
    """Validation accuracy: 3x3 convolutions. The tests of the others are better."""
    cells = every_cell()
    counts = [float(sum(v == "nor_conv_3x3" for v in cell.values())) for cell in cells]
    return {
        "architecture": list(map(architecture_text, cells)),
        "cifar10_valid_accuracy_12": counts,
        "cifar10_test_accuracy_200": [90.0 - count for count in counts],
    }


def write_table(path, of=None):
    pq.write_table(pa.table(of or columns()), path)
    return path
