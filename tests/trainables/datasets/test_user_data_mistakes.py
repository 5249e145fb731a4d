import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.trainables.datasets import _user_data
from tests.trainables.datasets.writing import LABELS, pixels, png, write_folder, write_parquet


def empty_class_folder(path):
    write_folder(path, pixels(), LABELS)
    (path / "mouse").mkdir()
    return path


def no_class_folders(path):
    (path / "picture.png").write_bytes(png(pixels()[0]))
    return path


def a_broken_picture(path):
    write_folder(path, pixels(), LABELS)
    file = path / "dog" / "004.png"
    file.write_bytes(file.read_bytes()[:40])
    return path


def a_text_for_a_picture(path):
    write_folder(path, pixels(), LABELS)
    (path / "dog" / "004.png").write_text("hello")
    return path


def pictures_of_two_sizes(path):
    write_folder(path, pixels(), LABELS)
    (path / "dog" / "004.png").write_bytes(png(pixels(side=5)[0]))
    return path


def deep_pictures(path):
    write_folder(path, pixels(), LABELS)
    Image.fromarray(np.full((4, 4), 300, np.uint16)).save(path / "dog" / "004.png")
    return path


def a_class_only_in_test(path):
    write_folder(path / "train", pixels(), LABELS)
    write_folder(path / "test", pixels(), LABELS, names=("cat", "mouse"))
    return path


def a_validation_folder(path):
    write_folder(path / "train", pixels(), LABELS)
    write_folder(path / "val", pixels(), LABELS)
    return path


def npz(**arrays):
    def write(path):
        np.savez(path / "own.npz", **arrays)
        return path / "own.npz"

    return write


def a_truncated_npz(path):
    file = npz(x=pixels(), y=LABELS)(path)
    file.write_bytes(file.read_bytes()[:200])
    return file


def an_npz_with_a_flipped_byte(path):
    file = npz(x=pixels(), y=LABELS)(path)
    content = bytearray(file.read_bytes())
    content[250] ^= 255  # inside the pixels
    file.write_bytes(bytes(content))
    return file


def parquet(**columns):
    def write(path):
        pq.write_table(pa.table(columns), path / "own.parquet")
        return path / "own.parquet"

    return write


def a_truncated_parquet(path):
    write_parquet(path / "own.parquet", pixels(), LABELS)
    (path / "own.parquet").write_bytes((path / "own.parquet").read_bytes()[:100])
    return path / "own.parquet"


def an_unknown_format(path):
    (path / "data.csv").write_text("1,2")
    return path / "data.csv"


PNGS = [png(image) for image in pixels()]
MISTAKES = [
    (lambda path: path / "nothing.npz", "There is no data at"),
    (an_unknown_format, "no known format"),
    (empty_class_folder, r"class folder .*mouse is empty"),
    (no_class_folders, "0 sub-folders"),
    (a_broken_picture, r"dog/004\.png is corrupted"),
    (a_text_for_a_picture, r"dog/004\.png is corrupted or not a picture"),
    (pictures_of_two_sizes, r"different sizes: .* is 4x4, .*dog/004\.png is 5x5\. Resize"),
    (deep_pictures, r"004\.png has more than 8 bits"),
    (a_class_only_in_test, "test/mouse is a class that train/ does not have"),
    (a_validation_folder, "has val/ beside train/"),
    (npz(pictures=pixels(), y=LABELS), r"lacks keys: it has pictures, y; it needs x_train"),
    (npz(x=pixels(), y=LABELS[:5]), "6 train images, but 5 labels"),
    (npz(x=pixels(), y=LABELS - 1), r"label -1 of train image 0 is out of range"),
    (npz(x=pixels(), y=LABELS * 900), "label 900 is out of range"),
    (npz(x=pixels(), y=LABELS * 2), "class '1' has no training image"),
    (npz(x=pixels(), y=LABELS + 1), "class '0' has no training image"),
    (npz(x=pixels(), y=LABELS, classes=["cat"]), "label 1 of train image 3 is out of range"),
    (
        npz(x_train=pixels(), y_train=LABELS, x_test=pixels(), y_test=LABELS * 2),
        "label 2 of test image 3 is out of range",
    ),
    (npz(x=pixels(), y=LABELS * 0.5), "labels must be whole numbers or words"),
    (npz(x=pixels(), y=np.eye(6)), "labels must be one number or word an image"),
    (npz(x=pixels() / 3.0, y=LABELS), "pixels must be"),
    (npz(x=pixels()[:, 0, 0], y=LABELS), "images must be"),
    (npz(x=np.array([{}] * 6), y=LABELS), "corrupted or not an .npz of plain arrays"),
    (
        npz(x_train=pixels(), y_train=LABELS, x_test=pixels(side=5), y_test=LABELS),
        "make them alike",
    ),
    (a_truncated_npz, "own.npz is corrupted"),
    (an_npz_with_a_flipped_byte, "own.npz is corrupted"),
    (parquet(image=PNGS), r"has no label column \(label, .*\); it has image"),
    (parquet(label=LABELS), r"has no image column \(image, .*\); it has label"),
    (parquet(image=[*PNGS[:5], None], label=LABELS), "1 rows without image"),
    (parquet(image=[*PNGS[:5], b"hello"], label=LABELS), "row 5 is corrupted or not a picture"),
    (parquet(image=["a"] * 6, label=LABELS), "must hold encoded bytes"),
    (parquet(image=PNGS, label=LABELS * 0.5), "labels must be whole numbers or words"),
    (parquet(image=PNGS[:0], label=LABELS[:0]), "holds no rows"),
    (a_truncated_parquet, "own.parquet is corrupted or not Parquet"),
]


@pytest.mark.parametrize(("write", "message"), MISTAKES, ids=[m for _, m in MISTAKES])
def test_a_mistake_in_the_data_is_named_in_one_line(tmp_path, cache, write, message):
    with pytest.raises(UserError, match=message) as caught:
        _user_data.load(write(tmp_path))

    assert "\n" not in str(caught.value)
    assert not list(cache.glob("arrays-*"))  # nothing wrong is kept
