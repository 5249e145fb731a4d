"""A trained network of images as the model that a study registers: an exported graph, no pickle."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from automl_on_ray.search_spaces import Config, SearchSpace, is_json
from automl_on_ray.search_spaces.data_kinds import ArrayInput, FinalModel
from automl_on_ray.search_spaces.proxies import count_flops, count_parameters
from automl_on_ray.trainables.datasets import Dataset
from automl_on_ray.trainables.registered_models import image_model
from automl_on_ray.trainables.registered_models.latency import latency_seconds
from automl_on_ray.trainables.registered_models.predictors import Predictor
from automl_on_ray.trainables.registered_models.rebuilt_network import example_images

PAGE = """A picture classifier: {classes}.

`mlflow.pyfunc.load_model("models:/{name}/{version}").predict(images)` answers a DataFrame, one \
row a picture: `class`, `probability`, and `P(NAME)` of each class.

It takes pictures {width} wide and {height} high, {channels}; others are refused, not resized.

- PIL images, paths, bytes of image files, `"data:image/png;base64,..."`; on a server no paths.
- Arrays and tensors of one picture, (H, W), (H, W, C) or (C, H, W), or of several, (N, H, W), \
(N, H, W, C) or (N, C, H, W); what may be read in two ways is refused.
- Lists of these, or a DataFrame: one column of them, or one column a pixel for grey pictures.
- Grey and coloured pictures, made what the network takes; transparent ones are put on white.

Pixels are 0..255 or floats 0..1, told apart by their values: whole numbers above 1 and floats \
above 2 are 0..255, other floats up to 1 are 0..1. What may be either, is on both scales in one \
call, or is darker than any training picture is refused: say `params={{"scale": "0..1"}}` or \
`"0..255"`. Pixels below 0, above 255 or NaN are refused.

To a server (`mlflow models serve`), send JSON `{{"inputs": [...]}}`.
"""


def final_image_model(
    network: nn.Module, config: Config, space: SearchSpace, data: Dataset
) -> FinalModel:
    """The trained network of a member of `space`, measured. It goes with its normalisation."""
    predictor = Predictor(network, data.mean, data.std).eval()
    costs = {
        "parameters": float(count_parameters(network)),
        "flops": float(count_flops(network, data.image_shape)),
        "latency_seconds": latency_seconds(network, data.image_shape),
    }
    return picture_model(
        predictor, data.test.images[:2].float(), data.classes, brightness_of(data),
        metrics=costs,
        remarks=(
            f"{costs['parameters']:,.0f} parameters, {costs['flops'] / 1e6:.3g} million operations "
            f"and {1000 * costs['latency_seconds']:.3g} ms an image (one at a time, CPU, "
            f"{torch.get_num_threads()} threads).",
        ),
        chance=chance_of(data.test.labels),
        recipe=recipe_of(space, config, data, predictor),
    )  # fmt: skip


def picture_model(
    network: nn.Module,
    example: Tensor,
    classes: Sequence[str],
    brightness: float = 0,
    **told: Any,
) -> FinalModel:
    """A network of pixels 0..255 as floats, (N, channels, height, width), that gives logits.

    `example` is a batch of such with any N > 0. `brightness` is the brightest pixel that nearly
    every training picture has. `told` is what else a `FinalModel` may tell of itself.
    """
    batch = example.detach().cpu()
    if len(batch) == 1:  # the export would take a batch of one for the only size there is
        batch = batch.repeat(2, *[1] * (batch.dim() - 1))
    shape = tuple(batch.shape[1:])
    return FinalModel(
        write=partial(_export, network, batch),
        code=(Path(image_model.__file__),),
        inputs=ArrayInput("uint8", (-1, *shape)),
        outputs=(
            ("class", "string"),
            ("probability", "double"),
            *((f"P({name})", "double") for name in classes),
        ),
        params={"scale": "auto"},
        example=batch.round().to(torch.uint8).numpy(),
        requirements=("torch", "numpy", "pandas", "pillow"),
        facts={"classes": list(classes), "image_shape": list(shape), "brightness": brightness},
        page=_page(shape, classes),
        **told,
    )


def chance_of(labels: Tensor) -> float:
    """The accuracy that always the commonest class may have on other data of the kind.

    Its share of the test set, and two standard errors.
    """
    share = float(labels.bincount().max()) / len(labels)
    return share + 2 * (share * (1 - share) / len(labels)) ** 0.5


def brightness_of(data: Dataset) -> float:
    """The brightest pixel that 99 of 100 training pictures reach."""
    brightest = data.train.images.flatten(1).amax(dim=1).float()
    return float(brightest.kthvalue(max(len(brightest) // 100, 1)).values)


def recipe_of(
    space: SearchSpace, config: Config, data: Dataset, predictor: Callable[[Tensor], Tensor]
) -> Mapping[str, Any] | None:
    """How to build the network again, without this study, and what it then must answer.

    None where the space cannot say, and for values that JSON does not have.
    """
    build = space.build
    member = space.as_declared(space.active(space.plain(config)))
    own = {key: member[key] for key in space.architecture if key in member}
    chosen = {k: v.item() if isinstance(v, np.generic) else v for k, v in own.items()}
    if build is None or not is_json(chosen):
        return None
    with torch.no_grad():
        answers = predictor(example_images(data.image_shape))
    return {
        "build": f"{build.__module__}:{build.__qualname__}",
        "config": chosen,
        "image_shape": list(data.image_shape),
        "classes": list(data.classes),
        "mean": list(data.mean),
        "std": list(data.std),
        "answers": answers.tolist(),
    }


def _export(network: nn.Module, batch: Tensor, folder: Path) -> Path:
    model = copy.deepcopy(network).cpu().eval()
    program = torch.export.export(model, (batch,), dynamic_shapes=({0: torch.export.Dim.AUTO},))
    path = folder / "model.pt2"
    torch.export.save(program, path)
    return path


def _page(image_shape: tuple[int, ...], classes: Sequence[str]) -> str:
    channels, height, width = image_shape
    return PAGE.format(
        name="{name}",
        version="{version}",
        height=height,
        width=width,
        channels={1: "grey", 3: "in colours"}.get(channels, f"of {channels} channels"),
        classes=", ".join(classes),
    )
