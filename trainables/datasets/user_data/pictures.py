"""Decodes pictures (PNG, JPEG, ...) to one array."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.registered_models import UnfitPicture, pixels_of


def decode(pictures: Sequence[tuple[str, Path | bytes]]) -> np.ndarray:
    """uint8 (N, channels, height, width): one channel if all are grey, else three.

    Transparent pictures are put on white, and photographs turned as their camera says. Each
    picture comes with the name to blame. UserError if one cannot be decoded, has more than 8 bits
    a channel or several frames, and if they are of different sizes.
    """
    with ThreadPoolExecutor() as pool:  # decoding lets the other threads run
        arrays = list(pool.map(_one, pictures))
    first = arrays[0].shape[:2]
    for (name, _), array in zip(pictures, arrays, strict=True):
        if array.shape[:2] != first:
            raise UserError(
                f"Images of different sizes: {pictures[0][0]} is {first[1]}x{first[0]}, {name} is "
                f"{array.shape[1]}x{array.shape[0]}. Resize them to one size first, for example "
                f"with ImageMagick: mogrify -resize {first[1]}x{first[0]}! and the files."
            )
    channels = max(array.shape[2] for array in arrays)
    images = np.empty((len(arrays), channels, *first), np.uint8)
    for image, array in zip(images, arrays, strict=True):
        image[:] = array.transpose(2, 0, 1)  # a grey one among coloured ones fills all three
    return images


def _one(picture: tuple[str, Path | bytes]) -> np.ndarray:
    """uint8 (height, width, 1 or 3)."""
    name, source = picture
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
            return pixels_of(opened)
    except UnfitPicture as error:
        raise UserError(f"{name} {error}.") from error
    except UnidentifiedImageError as error:
        raise UserError(f"{name} is corrupted or not a picture.") from error
    except Exception as error:  # a damaged file fails in any way it likes
        first = " ".join(str(error).split()).rstrip(".")
        raise UserError(f"{name} is corrupted or not a picture: {first}.") from error
