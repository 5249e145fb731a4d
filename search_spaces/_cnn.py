"""The family of networks that the MNIST CNN spaces vary: convolutions and a linear head."""

from torch import nn

from search_spaces._errors import UserError
from search_spaces._space import Config, ImageShape

# What a config that leaves a key out means.
DEFAULTS: Config = {
    "depth": 3,
    "width": 16,
    "kernel_size": 3,
    "activation": "relu",
    "normalisation": "batch",
    "dropout": 0.1,
}

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}
SMALLEST_SIDE = 4


def build(config: Config, image_shape: ImageShape, classes: int) -> nn.Module:
    """`depth` convolutions: (B, channels, height, width) -> logits (B, classes).

    The first has `width` channels; as long as sides stay at 4 or more, each convolution halves
    them and the next has twice the channels. Raises UserError for an image that is too small.
    """
    chosen = {**DEFAULTS, **config}
    channels, height, width = image_shape
    side = min(height, width)
    if side < SMALLEST_SIDE:
        raise UserError(
            f"Images of {height} x {width} pixels are too small; {SMALLEST_SIDE} is the least."
        )
    layers: list[nn.Module] = []
    features = chosen["width"]
    for _ in range(chosen["depth"]):
        # Pooling comes first: normalisation and activation then cost a quarter.
        halve = side // 2 >= SMALLEST_SIDE
        layers += _stage(chosen, channels, features, halve=halve)
        channels = features
        if halve:
            side //= 2
            features *= 2
    layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(chosen["dropout"])]
    return nn.Sequential(*layers, nn.Linear(channels, classes))


def _stage(config: Config, inputs: int, outputs: int, *, halve: bool) -> list[nn.Module]:
    size = config["kernel_size"]
    normalised = config["normalisation"] != "none"
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=not normalised)
    ]
    if halve:
        layers.append(nn.MaxPool2d(2))
    if config["normalisation"] == "batch":
        layers.append(nn.BatchNorm2d(outputs))
    elif config["normalisation"] == "group":
        layers.append(nn.GroupNorm(4, outputs))
    return [*layers, ACTIVATIONS[config["activation"]]()]
