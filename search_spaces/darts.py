"""DARTS's cells (Liu et al. 2019, arXiv:1806.09055), each trained by itself as a small network."""

from typing import Any

from ray import tune

from automl_on_ray.search_spaces.cells import build, graph, keys, operation_set, pairs
from automl_on_ray.search_spaces.domains import SearchSpace
from automl_on_ray.search_spaces.drawings import DARTS_CELLS


def space(
    *,
    operations: str = "darts",
    channels: int = 8,
    layers: int = 5,
    stem_stride: int = 2,
    **training: Any,
) -> SearchSpace:
    """Cells of `operations` (a set's name, or a list) in networks of one size.

    `training` are settings as `trainables/image_classifier.py` names them, in place of those here:
    learning rate and weight decay vary unless they are given.
    Raises UserError for unknown operations. Sets that differ from edge to edge (S1) are taken whole
    here: a config says what a cell is, not where it came from.
    """
    choices = list(operation_set(operations).derivable)
    return SearchSpace(
        name="darts",
        architecture={
            **{key: tune.choice(choices if node is None else pairs(node)) for key, node in keys()},
            "channels": channels,
            "layers": layers,
            "stem_stride": stem_stride,
        },
        training={
            "learning_rate": tune.loguniform(1e-3, 1e-1),
            "weight_decay": tune.loguniform(1e-5, 1e-2),
            "optimizer": "sgd",
            "schedule": "cosine",
            "batch_size": 96,
            "drop_path": 0.0,
            "auxiliary_weight": 0.0,
            "augmentation": 0.5,
            "flip": False,
            "crop": 0,
            **training,
        },
        build=build,
        form=DARTS_CELLS,
        graph=graph,
    )


SPACE = space()
