"""DARTS's cells (Liu et al. 2019, arXiv:1806.09055), each trained by itself as a small network."""

from ray import tune

from automl_on_ray.search_spaces._space import Config, SearchSpace
from automl_on_ray.search_spaces.cells import build, keys, operation_set, pairs


def space(
    *,
    operations: str = "darts",
    channels: int = 8,
    layers: int = 5,
    stem_stride: int = 2,
    drop_path: float = 0.0,
    auxiliary_weight: float = 0.0,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    augmentation: float = 0.5,
    flip: bool = False,
    crop: int = 0,
    cutout: int | None = None,
    more: Config | None = None,
) -> SearchSpace:
    """Cells of `operations` (a set's name, or a list) in networks of one size.

    Learning rate and weight decay vary unless they are given. `more` are further settings of the
    training, as `trainables/image_classifier.py` names them.
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
            "learning_rate": tune.loguniform(1e-3, 1e-1)
            if learning_rate is None
            else learning_rate,
            "weight_decay": tune.loguniform(1e-5, 1e-2) if weight_decay is None else weight_decay,
            "optimizer": "sgd",
            "schedule": "cosine",
            "batch_size": 96,
            "drop_path": drop_path,
            "auxiliary_weight": auxiliary_weight,
            "augmentation": augmentation,
            "flip": flip,
            "crop": crop,
            **({} if cutout is None else {"cutout": cutout}),
            **(more or {}),
        },
        build=build,
    )


SPACE = space()
