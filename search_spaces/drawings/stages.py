"""A network of the macro space as text and as a picture: its stages in a row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import nn

from automl_on_ray.search_spaces.drawings.rendering import rendered
from automl_on_ray.search_spaces.macro import BLOCKS, build

COLOURS = {"convolution": "#d7e6f4", "bottleneck": "#d9efe9"}
ENDS = "#f3ead7"  # of stem and head
STEP, HEIGHT = 3.3, 1.9  # from one box to the next, and how high a box is
USUAL = (1, 28, 28)  # images, where their shape is not known


@dataclass(frozen=True)
class _Box:
    title: str
    lines: tuple[str, ...]
    colour: str
    leaves: str  # channels and sides of what it gives


def stages_text(config: Mapping[str, Any]) -> str:
    """A line a stage: `stage 1: 2 x bottleneck, width 16, kernel 3, expansion 4, squeeze`."""
    lines = [f"stem: width {config['stem_width']}, kernel {config['stem_kernel']}"]
    for stage in range(1, config["stages"] + 1):
        title, told = _of_stage(config, stage)
        lines.append(f"stage {stage}: {title}, {', '.join(told)}")
    return "\n".join([*lines, f"head: dropout {config['dropout']:.3g}"])


def draw_stages(
    config: Mapping[str, Any],
    image_shape: tuple[int, int, int] | None = None,
    format: Literal["png", "svg"] = "svg",
) -> bytes:
    """Boxes from images to classes, what passes between them above the arrows; the file's bytes."""
    boxes = list(_boxes(config, image_shape or USUAL))
    figure = Figure(figsize=(1.0 + 2.3 * len(boxes), 2.6))
    axes = figure.add_axes((0, 0, 1, 1))
    for place, box in enumerate(boxes):
        _draw(axes, STEP * place, box, last=place == len(boxes) - 1)
    shape = " x ".join(map(str, image_shape or USUAL))
    axes.text(-1.75, 0.16, shape, ha="center", fontsize=8, color="#444444")
    _arrow(axes, -2.4, -1.05)
    axes.set_xlim(-2.6, STEP * (len(boxes) - 1) + 1.3)
    axes.set_ylim(-HEIGHT / 2 - 0.4, HEIGHT / 2 + 0.4)
    axes.axis("off")
    return rendered(figure, format)


def _draw(axes: Axes, x: float, box: _Box, *, last: bool) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - 0.9, -HEIGHT / 2), 1.8, HEIGHT, boxstyle="round,pad=0.08",
            facecolor=box.colour, edgecolor="#444444",
        )
    )  # fmt: skip
    axes.text(x, HEIGHT / 2 - 0.2, box.title, ha="center", va="center", fontsize=10, weight="bold")
    for row, line in enumerate(box.lines):
        axes.text(x, HEIGHT / 2 - 0.55 - 0.3 * row, line, ha="center", va="center", fontsize=9)
    if not last:
        _arrow(axes, x + 1.02, x + STEP - 1.05)
        axes.text(x + STEP / 2, 0.16, box.leaves, ha="center", fontsize=8, color="#444444")


def _arrow(axes: Axes, start: float, end: float) -> None:
    style = {"arrowstyle": "-|>", "color": "#444444", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (end, 0), (start, 0), arrowprops=style)


def _of_stage(config: Mapping[str, Any], stage: int) -> tuple[str, list[str]]:
    name = f"stage{stage}"
    title = f"{config[f'{name}_depth']} x {config[f'{name}_block']}"
    told = [f"{key} {config[f'{name}_{key}']}" for key in ("width", "kernel")]
    if f"{name}_expansion" in config and config[f"{name}_block"] == "bottleneck":
        told.append(f"expansion {config[f'{name}_expansion']}")
        told += ["squeeze"] * bool(config[f"{name}_squeeze"])
    return title, told


def _boxes(config: Mapping[str, Any], image_shape: tuple[int, int, int]) -> Iterator[_Box]:
    stem, *blocks = _shapes(config, image_shape)
    stride = -(-image_shape[1] // stem[1])
    lines = (f"width {config['stem_width']}", f"kernel {config['stem_kernel']}", f"stride {stride}")
    yield _Box("stem", lines, ENDS, _told(stem))
    before = stem
    for stage in range(1, config["stages"] + 1):
        depth = config[f"stage{stage}_depth"]
        leaves, blocks = blocks[depth - 1], blocks[depth:]
        title, told = _of_stage(config, stage)
        if before[1] > leaves[1]:
            told.append("stride 2")
        yield _Box(title, tuple(told), COLOURS[config[f"stage{stage}_block"]], _told(leaves))
        before = leaves
    yield _Box("head", ("mean of each", "channel", f"dropout {config['dropout']:.2g}"), ENDS, "")


def _shapes(config: Mapping[str, Any], image_shape: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """(C, H, W) of what the stem gives, and each block after it: as the network itself says."""
    network = build(dict(config), image_shape, 2).eval()
    assert isinstance(network, nn.Sequential)
    x, found, stem = torch.zeros(1, *image_shape), [], True
    with torch.no_grad():
        for layer in network:
            own = isinstance(layer, tuple(BLOCKS.values()))
            if own and stem:
                found.append(tuple(x.shape[1:]))
                stem = False
            x = layer(x)
            if own:
                found.append(tuple(x.shape[1:]))
    return found


def _told(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
