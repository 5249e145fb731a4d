"""Optimisers and learning-rate schedules by a config's words."""

import math

import torch
from torch import nn

from search_spaces._space import Config

DEFAULTS: Config = {
    "learning_rate": 3e-3,
    "weight_decay": 1e-3,
    "batch_size": 128,
    "optimizer": "adamw",
    "momentum": 0.9,
    "nesterov": True,
    "beta1": 0.9,
    "beta2": 0.999,
    "schedule": "one_cycle",
    "label_smoothing": 0.0,
    "augmentation": 0.0,
}
WARM_UP = 0.25


def optimizer(network: nn.Module, config: Config) -> torch.optim.Optimizer:
    """SGD with momentum, Adam or AdamW; biases and normalisation are not decayed."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": config["weight_decay"]},
        {"params": others, "weight_decay": 0.0},
    ]
    rate = config["learning_rate"]
    if config["optimizer"] == "sgd":
        return torch.optim.SGD(
            groups, rate, momentum=config["momentum"], nesterov=config["nesterov"], fused=True
        )
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config["optimizer"]]
    return kind(groups, rate, betas=(config["beta1"], config["beta2"]), fused=True)


def rate_factor(schedule: str, progress: float) -> float:
    """What the learning rate is multiplied with; `progress` goes from 0 to 1 over the training."""
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    if progress < WARM_UP:
        return 0.04 + 0.96 * progress / WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)))
