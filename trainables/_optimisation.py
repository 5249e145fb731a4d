"""Makes optimisers from configs, and learning rates from a trial's progress."""

import math
from collections.abc import Callable
from inspect import unwrap

from torch import nn, no_grad, optim
from torch.optim import Optimizer

from automl_on_ray.search_spaces import Config
from automl_on_ray.search_spaces.core import UserError

OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULED_BY = ("batch", "epoch")


class _Light(Optimizer):
    """torch's, without what torch.compile has wrapped around it.

    That would load the compiler at the first call, though nothing is compiled here: nearly two CPU
    seconds of each process.
    """

    add_param_group = unwrap(Optimizer.add_param_group)
    load_state_dict = unwrap(Optimizer.load_state_dict)
    state_dict = unwrap(Optimizer.state_dict)
    zero_grad = unwrap(Optimizer.zero_grad)


class SGD(_Light, optim.SGD):
    step = no_grad()(unwrap(optim.SGD.step))


class Adam(_Light, optim.Adam):
    step = no_grad()(unwrap(optim.Adam.step))


class AdamW(_Light, optim.AdamW):
    step = no_grad()(unwrap(optim.AdamW.step))


def make_optimizer(config: Config, network: nn.Module) -> Optimizer:
    """The optimiser that `config["optimizer"]` names; fused, one pass over each weight.

    Biases and the scales of normalisations, which are vectors, do not decay unless
    `config["decay_vectors"]`. Raises UserError for an unknown name.
    """
    matrices = [weight for weight in network.parameters() if weight.ndim > 1]
    vectors = [weight for weight in network.parameters() if weight.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config["weight_decay"]},
        {"params": vectors, "weight_decay": config["weight_decay"] * config["decay_vectors"]},
    ]
    rate, betas = config["learning_rate"], (config["beta1"], config["beta2"])
    match config["optimizer"]:
        case "sgd":
            momentum = config["momentum"]
            nesterov = config["nesterov"] and momentum > 0
            return SGD(groups, rate, momentum=momentum, nesterov=nesterov, fused=True)
        case "adam":
            return Adam(groups, rate, betas=betas, fused=True)
        case "adamw":
            return AdamW(groups, rate, betas=betas, fused=True)
    raise UserError(
        f"Unknown optimizer {config['optimizer']!r}; there are {', '.join(OPTIMIZERS)}."
    )


def restore_optimizer(optimizer: Optimizer, saved: dict[str, object]) -> None:
    """Take over what `saved` has learned of the weights, but none of its hyperparameters.

    Under population-based training the state comes from another trial, the hyperparameters from
    this one's config. In a trial that is merely resumed they are the same.
    """
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": saved["state"], "param_groups": groups})


def constant(progress: float) -> float:
    return 1.0


def cosine(progress: float) -> float:
    """From 1 to 0 along half a cosine (Loshchilov and Hutter 2017, without restarts)."""
    return (1 + math.cos(math.pi * progress)) / 2


def one_cycle(progress: float) -> float:
    """Linearly up from 0.04 to 1 in the first quarter, then down as `cosine` (Smith 2018).

    Momentum stays as it is.
    """
    warm = 0.25
    if progress < warm:
        return 0.04 + 0.96 * progress / warm
    return cosine((progress - warm) / (1 - warm))


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "one_cycle": one_cycle,
}


def progress_of(config: Config, epoch: int, share: float, epochs: int) -> float:
    """How much of `epochs` is done, 0 to 1, with `share` of the present one.

    It moves with each batch or, as published, with each epoch: `config["schedule_by"]`. Raises
    UserError for an unknown word.
    """
    by = config["schedule_by"]
    if by not in SCHEDULED_BY:
        raise UserError(f"Unknown schedule_by {by!r}; there are {', '.join(SCHEDULED_BY)}.")
    return (epoch + (share if by == "batch" else 0.0)) / epochs


def check_clip(gradient_clip: float) -> None:
    """UserError for a largest norm of the gradient that is none; 0 means any."""
    if not gradient_clip >= 0:
        raise UserError(f"gradient_clip must be 0 or more, but is {gradient_clip}.")


def set_learning_rate(optimizer: Optimizer, config: Config, progress: float) -> None:
    """The rate at `progress`, the share of the training that is done, 0 to 1.

    Nothing is remembered between calls, so a restored trial goes on where it was.
    """
    if config["schedule"] not in SCHEDULES:
        raise UserError(
            f"Unknown schedule {config['schedule']!r}; there are {', '.join(SCHEDULES)}."
        )
    rate = config["learning_rate"] * SCHEDULES[config["schedule"]](min(progress, 1.0))
    for group in optimizer.param_groups:
        group["lr"] = rate
