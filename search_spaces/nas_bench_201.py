"""NAS-Bench-201's cells (Dong and Yang 2020, arXiv:2001.00326), in networks of the paper's size.

That size asks for a GPU; `space(channels=4, cells=1)` is one for CPUs, but no longer the
benchmark's.
"""

from ray import tune

from search_spaces._nas_bench_cell import KEYS, OPERATIONS
from search_spaces._nas_bench_network import DEFAULTS, build
from search_spaces._space import SearchSpace


def space(*, channels: int = DEFAULTS["channels"], cells: int = DEFAULTS["cells"]) -> SearchSpace:
    """All 15,625 cells in networks of one size; the 341 without a way through fail to build.

    Constants of training are the paper's (table 1), but for the number of epochs.
    """
    return SearchSpace(
        name="nas-bench-201",
        architecture={
            **{key: tune.choice(list(OPERATIONS)) for key in KEYS},
            "channels": channels,
            "cells": cells,
        },
        training={
            "learning_rate": tune.loguniform(1e-3, 3e-1),  # 0.1 in the paper
            "weight_decay": tune.loguniform(1e-5, 1e-2),  # 0.0005 in the paper
            "optimizer": "sgd",
            "schedule": "cosine",
            "batch_size": 256,
        },
        build=build,
    )


SPACE = space()
