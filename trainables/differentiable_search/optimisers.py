"""The two optimisers of a differentiable search, and the settings of both."""

import torch

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.darts_second_order import PUBLISHED
from automl_on_ray.search_spaces.supernet import Supernet
from automl_on_ray.trainables._optimisation import SGD, Adam, cosine
from automl_on_ray.trainables.differentiable_search.architecture import Architecture

# What a config that leaves a key out means: as published, but for what follows.
DEFAULTS: Config = {
    **PUBLISHED,
    "hypergradient": "first_order",
    "partial": 1,
    "edge_weights": False,
    "zero_one_weight": 0.0,
    "flatness_weight": 0.0,
    "augmentation": 0.0,
    "flip": False,
    "crop": 0,
    "cutout": None,
    "seed": None,  # None: the study's
    # As published: True, "black", "epoch", True, True and True.
    "even_cutout": False,
    "crop_border": "mirror",
    "schedule_by": "batch",
    "last_batch": False,
    "redraw_alpha_batches": False,  # each from all images anew, not one after the other
    "search_on_all": False,  # no images are held out: judged on those that alpha learns from
}
ALPHA_BETAS = (0.5, 0.999)


def weights_optimizer(network: Supernet, used: Config) -> SGD:
    optimizer = SGD(
        network.parameters(), used["learning_rate"], used["momentum"],
        weight_decay=used["weight_decay"], fused=True,
    )  # fmt: skip
    # Where paths are drawn some weights wait for their first step, and fused SGD takes buffers
    # of all or none. Zeros are what it would begin with.
    for weight in network.parameters():
        optimizer.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
    return optimizer


def alpha_optimizer(architecture: Architecture, used: Config) -> Adam:
    return Adam(
        architecture.parameters, used["alpha_learning_rate"], ALPHA_BETAS,
        weight_decay=used["alpha_weight_decay"], fused=True,
    )  # fmt: skip


def set_weights_rate(optimizer: SGD, used: Config, progress: float) -> None:
    """Half a cosine down to the lowest, as published."""
    low, high = used["lowest_learning_rate"], used["learning_rate"]
    for group in optimizer.param_groups:
        group["lr"] = low + (high - low) * cosine(min(progress, 1.0))
