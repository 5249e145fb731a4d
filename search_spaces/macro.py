"""A macro space of stages, from a plain CNN to a small MobileNet, for images of 28 to 224 pixels.

Each stage repeats one block: a plain convolution, or an inverted bottleneck (Sandler et al. 2018,
arXiv:1801.04381) with squeeze and excitation by choice (Howard et al. 2019, arXiv:1905.02244). How
many blocks, how wide, which kernel and expansion: each stage decides by itself. The training varies
with the architecture, for the best of one depends on the other. Constants and ranges suit two CPU
cores: an epoch of 50,000 images of 28 x 28 takes a core some 5 to 60 seconds.
"""

from ray import tune
from torch import Tensor, nn

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.search_spaces.domains import (
    Condition,
    Config,
    ImageShape,
    SearchSpace,
)
from automl_on_ray.search_spaces.drawings import STAGES as BOXES
from automl_on_ray.search_spaces.graphs import Graph

STAGES = (1, 2, 3)  # at most; each begins with a stride of 2
SIDE_AFTER_STEM = 32  # pixels: larger images are halved until they have no more
MIN_SIDE_PIXELS = 8


def build(config: Config, image_shape: ImageShape, classes: int) -> nn.Module:
    """(B, C, H, W) -> logits (B, classes).

    The stem halves the image, and again while a side has more than 32 pixels. Raises UserError for
    images smaller than 8 x 8.
    """
    inputs, *sides = image_shape
    if min(sides) < MIN_SIDE_PIXELS:
        raise UserError(
            f"Images of {sides[0]} x {sides[1]} are too small for space 'macro'; they need "
            f"{MIN_SIDE_PIXELS} pixels a side."
        )
    width = config["stem_width"]
    layers = _conv_bn(inputs, width, config["stem_kernel"], stride=2)
    side = (min(sides) + 1) // 2
    while side > SIDE_AFTER_STEM:
        layers += [*_conv_bn(width, width, 3, stride=2, groups=width), nn.ReLU()]
        side = (side + 1) // 2
    layers.append(nn.ReLU())
    for stage in range(1, config["stages"] + 1):
        block, wider = config[f"stage{stage}_block"], config[f"stage{stage}_width"]
        for index in range(config[f"stage{stage}_depth"]):
            stride = 2 if index == 0 and side >= 4 and stage > 1 else 1
            side = (side + stride - 1) // stride
            layers.append(BLOCKS[block](config, stage, width, wider, stride))
            width = wider
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(config["dropout"])]
    return nn.Sequential(*layers, nn.Linear(width, classes))


class Convolution(nn.Sequential):
    """A plain convolution."""

    def __init__(self, config: Config, stage: int, inputs: int, outputs: int, stride: int) -> None:
        kernel = config[f"stage{stage}_kernel"]
        super().__init__(*_conv_bn(inputs, outputs, kernel, stride=stride), nn.ReLU())


class Bottleneck(nn.Module):
    """Wider by a factor, a depthwise convolution, narrow again; added to what came in if alike."""

    def __init__(self, config: Config, stage: int, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * config[f"stage{stage}_expansion"]
        kernel = config[f"stage{stage}_kernel"]
        layers = [*_conv_bn(inputs, hidden, 1), nn.ReLU()]
        layers += [*_conv_bn(hidden, hidden, kernel, stride=stride, groups=hidden), nn.ReLU()]
        if config[f"stage{stage}_squeeze"]:
            layers.append(SqueezeExcitation(hidden))
        self.main = nn.Sequential(*layers, *_conv_bn(hidden, outputs, 1))
        self.alike = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.main(x)
        return x + y if self.alike else y


class SqueezeExcitation(nn.Module):
    """Scales channels (B, C, H, W) by what their means say (Hu et al. 2018, arXiv:1709.01507)."""

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        narrow = max(channels // reduction, 4)
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, narrow, 1), nn.ReLU(),
            nn.Conv2d(narrow, channels, 1), nn.Hardsigmoid(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = x * self.scale(x)
        return y


BLOCKS: dict[str, type[Convolution | Bottleneck]] = {
    "convolution": Convolution,
    "bottleneck": Bottleneck,
}


def _conv_bn(
    inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]


def graph(config: Config) -> Graph:
    """A chain of the stem, the blocks and the dropout before the head."""
    labels = ["input", f"stem {config['stem_kernel']} {config['stem_width']}"]
    for stage in range(1, config["stages"] + 1):
        own = ("block", "kernel", "width", "expansion", "squeeze")
        words = [
            f"{key} {config[name]}" for key in own if (name := f"stage{stage}_{key}") in config
        ]
        labels += [f"stage {stage}: {', '.join(words)}"] * config[f"stage{stage}_depth"]
    labels += [f"dropout {config['dropout']!r}", "output"]
    return Graph(tuple(labels), tuple((i, i + 1) for i in range(len(labels) - 1)))


def _stage(stage: int) -> Config:
    name = f"stage{stage}"
    return {
        f"{name}_block": tune.choice(list(BLOCKS)),
        f"{name}_depth": tune.randint(1, 4),  # blocks, 1 to 3
        f"{name}_width": tune.choice([width * 2 ** (stage - 1) for width in (8, 12, 16, 24)]),
        f"{name}_kernel": tune.choice([3, 5]),
        f"{name}_expansion": tune.choice([2, 3, 4, 6]),
        f"{name}_squeeze": tune.choice([False, True]),
    }


def _conditions(stage: int) -> dict[str, Condition]:
    """What only a bottleneck has, and what only a network of so many stages has."""
    name, reached = f"stage{stage}", tuple(s for s in STAGES if s >= stage)
    own = {
        f"{name}_{key}": Condition(f"{name}_block", ("bottleneck",))
        for key in ("expansion", "squeeze")
    }
    always = {f"{name}_{key}": Condition("stages", reached)
              for key in ("block", "depth", "width", "kernel")}  # fmt: skip
    return {**own, **(always if stage > 1 else {})}


# Twice as wide wherever the side is halved, as in most published networks of its kind, and trained
# as is usual for them. Below 5,000 parameters on MNIST. Chosen before anything was trained.
START: Config = {
    "stem_width": 8, "stem_kernel": 3, "stages": 3, "dropout": 0.0,
    "stage1_block": "convolution", "stage1_depth": 1, "stage1_width": 8, "stage1_kernel": 3,
    "stage2_block": "bottleneck", "stage2_depth": 1, "stage2_width": 16, "stage2_kernel": 3,
    "stage2_expansion": 3, "stage2_squeeze": False,
    "stage3_block": "bottleneck", "stage3_depth": 1, "stage3_width": 32, "stage3_kernel": 3,
    "stage3_expansion": 2, "stage3_squeeze": False,
    "optimizer": "sgd", "learning_rate": 0.05, "weight_decay": 5e-4, "batch_size": 64,
    "schedule": "one_cycle", "label_smoothing": 0.0, "augmentation": 0.2,
}  # fmt: skip

SPACE = SearchSpace(
    name="macro",
    architecture={
        "stem_width": tune.choice([8, 12, 16, 24]),
        "stem_kernel": tune.choice([3, 5]),
        "stages": tune.choice(list(STAGES)),
        **{key: domain for stage in STAGES for key, domain in _stage(stage).items()},
        "dropout": tune.uniform(0.0, 0.4),
    },
    training={
        "optimizer": tune.choice(["sgd", "adamw"]),
        "learning_rate": tune.loguniform(1e-4, 3e-1),
        "momentum": 0.9,
        "weight_decay": tune.loguniform(1e-5, 1e-1),
        "batch_size": tune.choice([32, 64, 128, 256]),
        "schedule": tune.choice(["constant", "cosine", "one_cycle"]),
        "label_smoothing": tune.uniform(0.0, 0.2),
        "augmentation": tune.uniform(0.0, 1.0),
    },
    conditions={key: c for stage in STAGES for key, c in _conditions(stage).items()},
    build=build,
    form=BOXES,
    graph=graph,
    start=START,
)
