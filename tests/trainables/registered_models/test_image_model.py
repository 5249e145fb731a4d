"""What a registered model takes: the same picture in any usual form gives the same batch."""

import ast
import base64
import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from automl_on_ray.trainables.registered_models import image_model
from automl_on_ray.trainables.registered_models.image_model import ImageModel, to_batch

RNG = np.random.default_rng(0)
GREY = RNG.integers(1, 256, (5, 6, 7), dtype=np.uint8)  # N, H, W
COLOURS = RNG.integers(1, 256, (5, 3, 6, 7), dtype=np.uint8)  # N, C, H, W
SHAPES = {"grey": (1, 6, 7), "colours": (3, 6, 7)}


def png(array):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def data_url(array):
    return "data:image/png;base64," + base64.b64encode(png(array)).decode()


FORMS = {
    "bytes": lambda x: x,
    "whole floats 0..255": lambda x: x.astype(np.float64),
    "floats 0..1": lambda x: x / 255,
    "half floats 0..1": lambda x: (x / 255).astype(np.float32),
    "integers": lambda x: x.astype(np.int64),
    "a tensor": torch.from_numpy,
    "JSON": lambda x: x.tolist(),
    "JSON of floats": lambda x: (x / 255).tolist(),
    "what MLflow's server makes of named JSON": lambda x: {"images": x.tolist()},
    "a list of arrays": list,
    "a list of tensors 0..1": lambda x: [torch.from_numpy(each) / 255 for each in x],
    "a DataFrame of arrays": lambda x: pd.DataFrame({"image": list(x)}),
    "a DataFrame of lists": lambda x: pd.DataFrame({"image": [each.tolist() for each in x]}),
    "a Series": lambda x: pd.Series(list(x)),
    "pictures one after the other": lambda x: (
        [each[None] for each in x[:, None]] if x.ndim == 3 else [each[None] for each in x]
    ),
}
GREY_ONLY = {
    "PIL images": lambda x: [Image.fromarray(each) for each in x],
    "bytes of files": lambda x: [png(each) for each in x],
    "data URLs": lambda x: [data_url(each) for each in x],
    "a DataFrame of data URLs": lambda x: pd.DataFrame({"image": [data_url(each) for each in x]}),
    "(N, 1, H, W)": lambda x: x[:, None],
    "(N, H, W, 1)": lambda x: x[..., None],
    "rows of pixels": lambda x: x.reshape(5, 42),
    "a DataFrame with a column a pixel": lambda x: pd.DataFrame(x.reshape(5, 42)),
    "a DataFrame of flat lists": lambda x: pd.DataFrame({"a": x.reshape(5, 42).tolist()}),
}


@pytest.mark.parametrize("form", [*FORMS, *GREY_ONLY])
def test_a_grey_network_takes_grey_pictures_in_any_form(form):
    found = to_batch({**FORMS, **GREY_ONLY}[form](GREY), SHAPES["grey"])

    assert (found.dtype, found.shape) == (np.float32, (5, 1, 6, 7))
    assert np.allclose(found[:, 0], GREY, atol=1e-3)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("last", [True, False])
def test_a_network_of_colours_takes_coloured_pictures_in_any_form(form, last):
    given = COLOURS.transpose(0, 2, 3, 1).copy() if last else COLOURS

    assert np.allclose(to_batch(FORMS[form](given), SHAPES["colours"]), COLOURS, atol=1e-3)


def test_each_row_of_a_frame_is_one_picture():
    for rows in (list(GREY[:3]), GREY[:3].tolist()):
        for given in (pd.DataFrame({"image": rows}), pd.Series(rows), {"image": rows}):
            assert np.array_equal(to_batch(given, SHAPES["grey"])[:, 0], GREY[:3])


@pytest.mark.parametrize(
    "given",
    [
        GREY[0], GREY[0] / 255, GREY[:1], GREY[0][..., None], Image.fromarray(GREY[0]),
        png(GREY[0]), GREY[0].tolist(), [GREY[0]], GREY[0].ravel(), torch.from_numpy(GREY[:1]),
    ],
)  # fmt: skip
def test_one_picture_is_a_batch_of_one(given):
    found = to_batch(given, SHAPES["grey"])

    assert found.shape == (1, 1, 6, 7)
    assert np.allclose(found[0, 0], GREY[0], atol=1e-3)


def test_a_path_is_a_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(png(GREY[0]))

    for given in (tmp_path / "a.png", str(tmp_path / "a.png"), [str(tmp_path / "a.png")]):
        assert np.array_equal(to_batch(given, SHAPES["grey"])[0, 0], GREY[0])


def test_a_server_opens_no_paths(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(png(GREY[0]))
    monkeypatch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")  # as MLflow's server sets it

    with pytest.raises(ValueError, match="A server opens no paths"):
        to_batch([str(tmp_path / "a.png")], SHAPES["grey"])
    assert len(to_batch([data_url(GREY[0])], SHAPES["grey"])) == 1


def test_colours_become_grey_as_pil_makes_them():
    images = [Image.fromarray(each.transpose(1, 2, 0)) for each in COLOURS]
    expected = np.stack([np.asarray(image.convert("L")) for image in images])

    for given in (images, COLOURS, COLOURS / 255):
        assert np.abs(to_batch(given, SHAPES["grey"])[:, 0] - expected).max() <= 1


def test_grey_pictures_are_repeated_for_a_network_of_colours():
    for given in (GREY, [Image.fromarray(each) for each in GREY], GREY[:, None] / 255):
        found = to_batch(given, SHAPES["colours"])
        assert np.allclose(found, GREY[:, None].repeat(3, 1), atol=1e-3)


@pytest.mark.parametrize("kind", ["image", "bytes", "floats"])
def test_transparent_pictures_are_put_on_white(kind):
    rgba = np.zeros((6, 7, 4), np.uint8)
    rgba[..., 3] = GREY[0]
    given = {"image": Image.fromarray(rgba), "bytes": rgba, "floats": rgba / 255}[kind]

    found = to_batch(given, SHAPES["grey"])

    assert np.allclose(found[0, 0], 255 - GREY[0].astype(float), atol=1e-3)


def test_pixels_of_0_and_1_go_with_surer_pictures():
    mask = (GREY[0] > 127).astype(float)

    found = to_batch([mask, GREY[0] / 255], SHAPES["grey"])

    assert np.allclose(found[0, 0], mask * 255)


@pytest.mark.parametrize(("scale", "factor"), [("0..1", 255), ("0..255", 1)])
def test_the_scale_may_be_said(scale, factor):
    dark = GREY / 256

    found = to_batch(dark, SHAPES["grey"], scale, brightness=200)

    assert np.allclose(found[:, 0], dark * factor)


MISTAKES = {
    "pixels of 0 and 1 only": ((GREY > 127) * 1, r"up to 1 may be of the scale 0\.\.1 or 0\.\.255"),
    "floats of 0 and 1 only": ((GREY > 127) * 1.0, "up to 1 may be"),
    "a float above 1": (GREY / 255 * 1.2 + 0.1, "may be of the scale"),
    "two scales": ([GREY[0], GREY[1] / 255], "Some pictures are on the scale 0..1"),
    "two scales in an array": (
        np.stack([GREY[0] / 1.0, GREY[1] / 255]), "Some pictures are on the scale"),
    "darker than any picture": (GREY // 16, "brightest pixel is 15 .* pictures reach 200"),
    "dark floats": (GREY / 255 / 9, "training pictures reach 200"),
    "standardised": ((GREY - 128.0) / 60, r"neither on the scale 0\.\.255 nor 0\.\.1"),
    "sixteen bits": (GREY.astype(np.uint16) * 257, "neither on the scale"),
    "NaN": (GREY * np.nan, "Pixels from nan"),
    "another size": (np.ones((5, 28, 28)), r"6 high and 7 wide; .* \(5, 28, 28\) holds none"),
    "an image of another size": (Image.new("L", (28, 28)), "is 28x28, but the network takes 7x6"),
    "turned": (GREY.transpose(0, 2, 1), "holds none"),
    "three grey ones or one in colours": (COLOURS[0], r"may be \(C, H, W\) or \(N, H, W\)"),
    "two channels": (np.ones((5, 2, 6, 7)), "holds none"),
    "five axes": (COLOURS[None], "holds none"),
    "a number": (5, "holds none"),
    "nothing": ([], "There is no picture"),
    "an empty array": (np.empty((0, 6, 7)), "There is no picture"),
    "an empty frame": (pd.DataFrame({"image": []}), "There is no picture"),
    "None": (None, "must be numbers"),
    "words": (np.array(["a", "b"]), "must be numbers"),
    "masks": (GREY > 127, "must be numbers"),
    "complex": (GREY * 1j, "must be numbers"),
    "ragged lists": ([[1, 2], [3]], "lists are of unequal lengths"),
    "two columns": ({"a": [1], "b": [2]}, "Give one column of pictures, not 2"),
    "pixels and a label": (pd.DataFrame(np.ones((5, 43))), "holds none"),
    "no file": ("no/such.png", "no/such.png cannot be read: No such file"),
    "a damaged file": (png(GREY[0])[:60], "A picture is corrupted"),
    "a deep picture": (Image.new("I;16", (7, 6)), "has more than 8 bits"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISTAKES)
def test_what_cannot_be_told_is_refused_in_one_line(case):
    given, message = MISTAKES[case]

    with pytest.raises(ValueError, match=message) as caught:
        to_batch(given, SHAPES["grey"], brightness=200)

    assert "\n" not in str(caught.value)


def test_a_mistaken_scale_is_refused():
    with pytest.raises(ValueError, match=r"scale must be one of auto, 0\.\.255, 0\.\.1"):
        to_batch(GREY, SHAPES["grey"], "1")
    with pytest.raises(ValueError, match=r"which is not on the scale 0\.\.1"):
        to_batch(GREY, SHAPES["grey"], "0..1")


def test_it_needs_nothing_but_what_a_stored_model_asks_for():
    tree = ast.parse(Path(image_model.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    others = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)

    assert others <= {"numpy", "pandas", "torch", "yaml", "PIL"}


def test_the_answer_has_classes_and_probabilities():
    class Bright(torch.nn.Module):
        def forward(self, images):
            assert float(images.max()) > 1  # on the scale 0..255, whatever was given
            mean = images.mean(dim=(1, 2, 3))
            return torch.stack([mean * 0, (mean - 128) / 10], dim=1)

    model = ImageModel(Bright(), ["class", "bright"], (1, 6, 7), 200)
    light, dark = np.full((6, 7), 250), np.full((6, 7), 100)

    answer = model.predict([light, dark] * 300)

    assert list(answer) == ["class", "probability", "P(class)", "P(bright)"]
    assert answer["class"].tolist() == ["bright", "class"] * 300
    assert np.allclose(answer["P(class)"] + answer["P(bright)"], 1)
    assert np.allclose(answer["probability"], answer[["P(class)", "P(bright)"]].max(axis=1))
