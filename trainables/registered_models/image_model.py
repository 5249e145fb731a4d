"""What a registered model takes and answers: pictures in, classes and probabilities out.

This file is stored with each model and MLflow loads it from there: it imports nothing of this
project. Training reads pictures by the same `pixels_of`.
"""

import base64
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image, ImageOps

CHANNELS = (1, 3, 4)
GREY = {"1", "L", "LA", "La"}
DEEP = ("I", "F")  # modes of 16 and 32 bits begin so
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # as PIL makes grey of colours (ITU-R 601)
SCALES = ("auto", "0..255", "0..1")
BLOCK = 256  # pictures that go through the network at a time
SERVED = "_MLFLOW_IS_IN_SERVING_ENVIRONMENT"


class UnfitPicture(ValueError):  # noqa: N818
    """A picture that is whole, but cannot be taken: what ails it, to stand after its name."""


class ImageModel:
    """A network with the names of its classes; `predict` is what MLflow calls."""

    def __init__(
        self,
        network: torch.nn.Module,
        classes: Sequence[str],
        image_shape: Sequence[int],
        brightness: float,
    ) -> None:
        """`network` takes pixels 0..255, (B, *image_shape), and gives logits (B, classes).

        `brightness` is the brightest pixel that nearly every training picture reaches.
        """
        self.network = network
        self.classes = list(classes)
        self.image_shape = (image_shape[0], image_shape[1], image_shape[2])
        self.brightness = brightness

    def predict(self, images: Any, params: Mapping[str, Any] | None = None) -> Any:
        """A DataFrame, one row a picture: `class`, `probability`, and `P(NAME)` of each class.

        `params` may hold `scale`, see `to_batch`. Raises ValueError for what cannot be taken.
        """
        import pandas as pd

        batch = to_batch(
            images, self.image_shape, (params or {}).get("scale", "auto"), self.brightness
        )
        with torch.no_grad():
            logits = [self.network(part) for part in torch.from_numpy(batch).split(BLOCK)]
        found = torch.cat(logits).double().softmax(dim=1).numpy()
        best = found.argmax(axis=1)
        columns = pd.DataFrame(found, columns=[f"P({name})" for name in self.classes])
        columns.insert(0, "class", [self.classes[index] for index in best])
        columns.insert(1, "probability", found.max(axis=1))
        return columns


def _load_pyfunc(path: str) -> ImageModel:
    """The model whose exported graph is at `path`, in the folder that MLflow calls `data`."""
    described = yaml.safe_load((Path(path).parents[1] / "MLmodel").read_text(encoding="utf-8"))
    facts = json.loads(described["metadata"]["automl.interface"])
    return ImageModel(torch.export.load(path).module(), **facts)


def to_batch(
    given: Any, image_shape: tuple[int, int, int], scale: str = "auto", brightness: float = 0
) -> np.ndarray:
    """Pixels 0..255, float32 (N, *image_shape), of pictures in any usual form.

    Arrays are one picture or several (see `_layouts`), of the scale 0..255 or 0..1. With `scale`
    "auto" the pixels tell which; ValueError where they do not, or where the brightest of all is
    less than half of `brightness`, which no training picture was.
    """
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}, but is {scale!r}.")
    channels, *size = image_shape
    pictures = _collect(given, (size[0], size[1]))
    if not pictures:
        raise ValueError("There is no picture in the input.")
    decoded = [known for _, known in pictures]
    factor = _factor([pixels for pixels, _ in pictures], decoded, scale)
    batch = np.stack([_in_channels(p.astype(np.float32) * factor, channels) for p, _ in pictures])
    highest = float(batch.max())
    if scale == "auto" and not all(decoded) and 0 < highest < brightness / 2:
        raise ValueError(
            f"The brightest pixel is {highest:.3g} on the scale 0..255; training pictures reach "
            f'{brightness:.3g}. If it is meant, say params={{"scale": "0..255"}} or "0..1".'
        )
    return batch


def pixels_of(image: Image.Image) -> np.ndarray:
    """uint8 (height, width, 1 or 3): turned as its camera says, on white where it is transparent.

    UnfitPicture if it has more than 8 bits a channel or several frames, and if nothing can be seen
    of it on white.
    """
    if image.mode.startswith(DEEP) or ";16" in str(getattr(image, "tile", "")):
        raise UnfitPicture("has more than 8 bits a channel; convert it to 8 bits")
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # photographs with a preview
        raise UnfitPicture(f"has {frames} frames; save one as a picture of its own")
    image = ImageOps.exif_transpose(image)
    grey = image.mode in GREY
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"), np.float32).transpose(2, 0, 1)
        array = np.rint(_on_white(rgba)).astype(np.uint8).transpose(1, 2, 0)
        return array[:, :, :1] if grey else array
    array = np.asarray(image.convert("L" if grey else "RGB"))
    return array[:, :, None] if grey else array


def _on_white(rgba: np.ndarray) -> np.ndarray:
    """Colours (3, H, W) of (4, H, W), pixels 0..255."""
    colours, alpha = rgba[:3], rgba[3:] / 255
    flat: np.ndarray = colours * alpha + 255 * (1 - alpha)
    if flat.min() >= 254.5 and alpha.min() < 1:
        raise UnfitPicture(
            "is transparent, and on white nothing of it is seen; put it on another ground"
        )
    return flat


def _collect(given: Any, size: tuple[int, int]) -> list[tuple[np.ndarray, bool]]:
    """Pictures (channels, *size), and of each whether it was a picture, of a known scale."""
    if isinstance(given, dict) or hasattr(given, "columns"):  # of MLflow's server, or a DataFrame
        columns = list(given)
        if len(columns) == 1:
            return _items(given[columns[0]], size)
        if isinstance(given, dict):
            raise ValueError(f"Give one column of pictures, not {len(columns)}.")
        given = given.to_numpy()  # a row of pixels for each picture
    if hasattr(given, "index") and hasattr(given, "tolist"):  # a Series
        return _items(given, size)
    if isinstance(given, str | os.PathLike | bytes | Image.Image):
        return [(_decoded(given, size), True)]
    if isinstance(given, list | tuple) and not _is_numbers(given):
        return _items(given, size)
    return [(picture, False) for picture in _layout(_array(given), size, several=True)]


def _items(given: Any, size: tuple[int, int]) -> list[tuple[np.ndarray, bool]]:
    return [picture for item in given for picture in _item(item, size)]


def _item(item: Any, size: tuple[int, int]) -> list[tuple[np.ndarray, bool]]:
    """One entry of a list, which is one picture; or several, if it has four axes."""
    if isinstance(item, str | os.PathLike | bytes | Image.Image):
        return [(_decoded(item, size), True)]
    return [(picture, False) for picture in _layout(_array(item), size, several=False)]


def _is_numbers(given: Any) -> bool:
    """Whether this is a list of lists of numbers, as JSON has arrays."""
    while isinstance(given, list | tuple):
        if not given:
            return True
        given = given[0]
    return isinstance(given, int | float | np.number)


def _array(given: Any) -> np.ndarray:
    if isinstance(given, torch.Tensor):
        given = (given.float() if given.is_floating_point() else given).detach().cpu().numpy()
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ValueError(f"The lists are of unequal lengths: {error}.") from None
    if array.dtype == object and array.size:  # pandas' way to hold numbers of a row
        array = np.asarray(array.tolist())
    if array.dtype.kind not in "iuf":
        raise ValueError(f"Pixels must be numbers, but the input is of type {array.dtype}.")
    return array


def _layouts(array: np.ndarray, size: tuple[int, int], several: bool) -> dict[str, np.ndarray]:
    """Each way to see pictures of this `size` in `array`, as (N, channels, H, W)."""
    shape, pixels, axes = array.shape, size[0] * size[1], array.ndim
    found: dict[str, np.ndarray] = {}
    if shape == size:
        found["(H, W)"] = array[None, None]
    if shape == (pixels,) or (several and axes == 2 and shape[1] == pixels):
        found["(N, pixels)"] = array.reshape(-1, 1, *size)
    if axes == 3 and shape[1:] == size and shape[0] in CHANNELS:
        found["(C, H, W)"] = array[None]
    if axes == 3 and shape[1:] == size and several:
        found["(N, H, W)"] = array[:, None]
    if axes == 3 and shape[:2] == size and shape[2] in CHANNELS:
        found["(H, W, C)"] = array.transpose(2, 0, 1)[None]
    if axes == 4 and shape[2:] == size and shape[1] in CHANNELS:
        found["(N, C, H, W)"] = array
    if axes == 4 and shape[1:3] == size and shape[3] in CHANNELS:
        found["(N, H, W, C)"] = array.transpose(0, 3, 1, 2)
    return found


def _layout(array: np.ndarray, size: tuple[int, int], several: bool) -> np.ndarray:
    """(N, channels, H, W); ValueError if `array` is none, or could be seen in two ways."""
    if not array.size:
        return np.empty((0, 1, *size), np.uint8)
    found = _layouts(array, size, several)
    if not found:
        raise ValueError(
            f"The network takes pictures {size[0]} high and {size[1]} wide; the input of shape "
            f"{array.shape} holds none. Resize them first."
        )
    first = next(iter(found.values()))
    if len(found) > 1 and not all(
        f.shape == first.shape and f.shape[1] == 1 for f in found.values()
    ):
        raise ValueError(
            f"An input of shape {array.shape} may be {' or '.join(found)}: "
            "write it with four axes, (N, C, H, W)."
        )
    return first


def _decoded(source: Any, size: tuple[int, int]) -> np.ndarray:
    """uint8 (channels, H, W) of a PIL image, a file's path, its bytes, or a data URL."""
    name = "A picture"
    if isinstance(source, str) and source.startswith("data:"):
        source = base64.b64decode(source.partition(",")[2])
    elif isinstance(source, str | os.PathLike):
        name = str(source)
        if os.environ.get(SERVED, "").lower() == "true":
            # Whoever may ask a server for answers may not have it open its files.
            raise ValueError('A server opens no paths: send "data:image/png;base64,...".')
    try:
        if isinstance(source, Image.Image):
            array = pixels_of(source)
        else:
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
                array = pixels_of(opened)
    except UnfitPicture as error:
        raise ValueError(f"{name} {error}.") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}.") from error
    except Exception as error:  # a damaged file fails in any way it likes
        raise ValueError(f"{name} is corrupted or not a picture: {error}.") from error
    if array.shape[:2] != size:
        raise ValueError(
            f"{name} is {array.shape[1]}x{array.shape[0]}, but the network takes "
            f"{size[1]}x{size[0]} (width x height). Resize it first."
        )
    return array.transpose(2, 0, 1)


def _factor(pictures: Sequence[np.ndarray], decoded: Sequence[bool], scale: str) -> float:
    """What makes 0..255 of the pixels."""
    scales = {
        "0..255" if known else _scale_of(pixels)
        for pixels, known in zip(pictures, decoded, strict=True)
    }
    highest = max(float(pixels.max()) for pixels in pictures)
    sure = scales & {"0..1", "0..255"}
    if scale == "auto":
        if len(sure) > 1:
            raise ValueError(
                "Some pictures are on the scale 0..1, others on 0..255; give them on one, or say "
                'params={"scale": "0..255"} or "0..1".'
            )
        if "unsure" in scales and not sure:
            raise ValueError(
                f"Pixels up to {highest:.3g} may be of the scale 0..1 or 0..255: "
                'say params={"scale": "0..1"} or "0..255".'
            )
        scale = next(iter(sure), "0..255")
    if scale == "0..1" and highest > 1:
        raise ValueError(f"A pixel is {highest:.3g}, which is not on the scale 0..1.")
    return 255 if scale == "0..1" else 1


def _scale_of(pixels: np.ndarray) -> str:
    """One of 0..1 and 0..255, "unsure", or "any" for a black picture."""
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 255):  # NaN too
        raise ValueError(
            f"Pixels from {low:.4g} to {high:.4g} are neither on the scale 0..255 nor 0..1; give "
            "them as they were before any normalisation."
        )
    if high == 0:
        return "any"
    if pixels.dtype.kind in "iu" or bool((pixels == np.rint(pixels)).all()):
        return "0..255" if high > 1 else "unsure"
    if high <= 1:
        return "0..1"
    return "0..255" if high > 2 else "unsure"  # resizing overshoots 1


def _in_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """(channels, H, W) of (1, 3 or 4, H, W): grey repeated, colours made grey, alpha on white."""
    if len(pixels) == channels:
        return pixels
    if channels == 4:
        raise ValueError(f"The network takes 4 channels; a picture has {len(pixels)}.")
    if len(pixels) == 4:
        try:
            pixels = _on_white(pixels)
        except UnfitPicture as error:
            raise ValueError(f"A picture {error}.") from None
    if channels == 3:
        return np.broadcast_to(pixels, (3, *pixels.shape[1:]))
    return np.tensordot(LUMA, pixels, 1)[None] if len(pixels) == 3 else pixels
