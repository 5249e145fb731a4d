"""The network family that the MNIST CNN spaces vary: plain convolutional stages, a linear head."""

import math

from torch import nn

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains import Config, ImageShape

# What a config that leaves a key out means.
DEFAULTS: Config = {
    "depth": 3,
    "width": 16,
    "kernel_size": 5,
    "activation": "relu",
    "normalisation": "batch",
    "dropout": 0.1,
}

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}
NORMALISATIONS = ("batch", "group", "none")
LARGE_SIDE = 20  # from here on the first convolution skips every second pixel
SMALLEST_SIDE = 3  # stages are not shrunk below this


def build(config: Config, image_shape: ImageShape, classes: int) -> nn.Module:
    """`depth` convolutions (B, C, H, W) -> logits (B, classes).

    Stage i of 1..depth has i * `width` channels. Sides halve after each, by the stride of the first
    (large images only: on one CPU core it halves the time) or by max pooling, while at least 3
    pixels remain. Raises UserError for images smaller than 3 x 3.
    """
    chosen = {**DEFAULTS, **config}
    channels, height, width = image_shape
    side = min(height, width)
    if side < SMALLEST_SIDE:
        raise UserError(
            f"Images of {height} x {width} are too small for this network; it takes "
            f"{SMALLEST_SIDE} x {SMALLEST_SIDE} and larger."
        )
    layers: list[nn.Module] = []
    for index in range(chosen["depth"]):
        features = chosen["width"] * (index + 1)
        strided = index == 0 and side >= LARGE_SIDE
        layers.append(_convolution(chosen, channels, features, stride=2 if strided else 1))
        if not strided and side // 2 >= SMALLEST_SIDE:
            layers.append(nn.MaxPool2d(2))  # before the activation: a quarter of its work
            side //= 2
        elif strided:
            side = (side + 1) // 2
        layers += [*_normalisation(chosen, features), ACTIVATIONS[chosen["activation"]]()]
        channels = features
    layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Dropout(chosen["dropout"])]
    return nn.Sequential(*layers, nn.Linear(channels, classes))


def _convolution(config: Config, inputs: int, outputs: int, *, stride: int) -> nn.Module:
    size = config["kernel_size"]
    bias = config["normalisation"] == "none"  # a normalisation brings its own
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, bias=bias)


def _normalisation(config: Config, channels: int) -> list[nn.Module]:
    match config["normalisation"]:
        case "batch":
            return [nn.BatchNorm2d(channels)]
        case "group":
            return [nn.GroupNorm(math.gcd(channels, 4), channels)]
    return []
