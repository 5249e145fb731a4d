"""Real tables: one data set is searched, others are earlier tasks. `svm_table.py` made the file."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from automl_on_ray.search_spaces import Config
from benchmarks.transfer._problems import Problem, Value, tried
from benchmarks.transfer.svm_table import DATA_SETS, KEYS, MEMBERS, SPACE

TARGETS = tuple(each.name for each in DATA_SETS)
CONFIGS, TRIALS = 30, 20  # of a source, and of the target
SOURCES = 5


def tables_problem(file: Path, target: str, seed: int) -> Problem:
    """The error of a support vector machine; each source has configs of its own."""
    generator = np.random.default_rng(seed)
    others = generator.permutation([name for name in TARGETS if name != target])[:SOURCES]
    return Problem(
        SPACE,
        _value(file, target),
        float(_table(file)[target].min()),
        tuple(
            tried(
                str(name),
                [MEMBERS[i] for i in generator.choice(len(MEMBERS), CONFIGS, replace=False)],
                _value(file, str(name)),
            )
            for name in others
        ),
        TRIALS,
    )  # fmt: skip


@cache
def _table(file: Path) -> pd.DataFrame:
    """Errors: a row for each config, by its values in the order of KEYS; a column a data set."""
    return pd.read_parquet(file).pivot(index=list(KEYS), columns="data_set", values="error")


def _value(file: Path, data_set: str) -> Value:
    errors = _table(file)[data_set].to_dict()

    def value(config: Config) -> float:
        return float(errors[tuple(config[key] for key in KEYS)])

    return value
