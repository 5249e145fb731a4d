import os
import struct
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets.user_data import folder_or_file
from tests.trainables.datasets.user_data.writing import (
    LABELS,
    pixels,
    png,
    write_folder,
    write_parquet,
)


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


def folder(*names):
    """Of one picture in each of the named folders, or in a file of that name."""

    def write(path):
        for index, name in enumerate(names):
            file = path / name if name.endswith(".png") else path / name / f"{index}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(png(pixels(1)[0]))
        return path

    return write


def linked(link, target, names=("cat", "dog")):
    """A folder of these classes in which `link` leads to `target`, a file or a folder in it."""

    def write(path):
        folder(*names)(path)
        (path / link).symlink_to(path / target)
        return path

    return write


def a_hard_link_into_the_test_part(path):
    folder("train/cat", "train/dog", "test/cat", "test/dog")(path)
    (path / "test" / "cat" / "9.png").hardlink_to(path / "train" / "cat" / "0.png")
    return path


def a_name_of_other_bytes(path):
    folder("cat", "dog")(path)
    os.rename(path / "cat", os.fsencode(path) + b"/caf\xe9")
    return path


def picture(name, **options):
    """A folder of RGB pictures, one of which `make` made."""

    def write_with(make):
        def write(path):
            folder("cat", "dog")(path)
            make().save(path / "dog" / name, **options)
            return path

        return write

    return write_with


def white_on_transparent():
    rgba = np.full((4, 4, 4), 255, np.uint8)
    rgba[:2, :, 3] = 0
    return Image.fromarray(rgba)


def sixteen_bits():
    """A colour picture of 16 bits, which PIL would cut to 8 without a word."""
    rows = np.full((4, 4, 3), 300, ">u2").reshape(4, -1).view(np.uint8)
    head = struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = [(b"IHDR", head), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def a_colour_picture_of_16_bits(path):
    folder("cat", "dog")(path)
    (path / "dog" / "9.png").write_bytes(sixteen_bits())
    return path


def frames(name):
    def write(path):
        folder("cat", "dog")(path)
        first, *others = [Image.fromarray(p.transpose(1, 2, 0)) for p in pixels(3)]
        first.save(path / "dog" / name, save_all=True, append_images=others)
        return path

    return write


def an_npy_called_npz(path):
    with (path / "own.npz").open("wb") as file:
        np.save(file, pixels())
    return path / "own.npz"


def structs(change):
    """A column as Hugging Face's datasets write it, with one row of another kind."""
    rows = [{"bytes": encoded, "path": f"{i}.png"} for i, encoded in enumerate(PNGS)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    return parquet(image=pa.array(change(rows), kind), label=LABELS)


def files(**tables):
    def write(path):
        for name, columns in tables.items():
            pq.write_table(pa.table(columns), path / f"{name}.parquet")
        return path

    return write


def parquet_and_folders(path):
    files(data={"image": PNGS, "label": LABELS})(path)
    return folder("cat", "dog")(path)


def two_columns_of_a_name(path):
    table = pa.table([PNGS, LABELS, LABELS], names=["image", "label", "Label"])
    pq.write_table(table, path / "own.parquet")
    return path / "own.parquet"


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
GREYS = [image[0].tolist() for image in pixels()]
FLAT = [image.ravel().tolist() for image in pixels(channels=1)]
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
    (folder("train/cat", "train/dog", "extra/cat"), "has extra/ beside train/; move its images"),
    (folder("train/cat", "train/dog", "train2/cat"), "are both the train part; join them"),
    (folder("test/cat", "Val/cat"), "has Val/, but no train/"),
    (folder("train/cat", "train/dog", "test"), "test has no folders of classes, as train/ has"),
    (folder("Train", "Test"), "has parts, Test and Train, but no folders of classes"),
    (folder("cat/train", "cat/test", "dog/train"), r"cat holds folders of parts .* train/cat"),
    (folder("cat", "dog", "stray.png"), r"stray\.png lies beside folders of classes"),
    (folder("pets/cat", "pets/dog"), "has 1 sub-folders; .* did you mean .*/pets"),
    (folder("cat/.ipynb_checkpoints", "dog"), "class folder .*cat is empty"),
    (linked("dog/again.png", "cat/0.png"), "are one file, linked"),
    (linked("dog/cats", "cat"), "are one file, linked"),
    (linked("dog/lost.png", "nowhere.png"), r"lost\.png is a link to nothing"),
    (
        linked("test", "train", names=("train/cat", "train/dog")),
        r"train/cat/0\.png and .*test/cat/0\.png are one file, linked",
    ),
    (a_hard_link_into_the_test_part, r"test/cat/9\.png are one file, linked"),
    (a_name_of_other_bytes, r"a name that is not UTF-8: b'caf\\xe9'"),
    (picture("9.png")(white_on_transparent), r"9\.png is transparent, and on white nothing"),
    (picture("9.tif")(lambda: Image.new("F", (4, 4))), r"9\.tif has more than 8 bits"),
    (a_colour_picture_of_16_bits, r"9\.png has more than 8 bits"),
    (frames("9.gif"), r"9\.gif has 3 frames"),
    (frames("9.png"), r"9\.png has 3 frames"),
    (frames("9.tif"), r"9\.tif has 3 frames"),
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
    (npz(x=pixels(), y=np.ones((6, 2))), "must be one-hot, but those of image 0 are not"),
    (npz(x=pixels(), y=np.zeros((6, 2, 2))), "labels must be one number or word an image"),
    (npz(x=pixels(), y=[0, 0, 0, 1, 1, np.nan]), "image 5 has nan"),
    (npz(x=pixels(), y=np.array([2**63, 0, 0, 1, 1, 1], np.uint64)), "of image 0 is out of range"),
    (npz(x=pixels(), y=[b"a", b"a", b"a", b"caf\xe9", b"b", b"b"]), "of image 3 is no UTF-8 text"),
    (npz(x=pixels(), y=["a", "a", "", "b", "b", "b"]), "image 2 has '' for a label"),
    (npz(x=pixels(), y=["a", "nan"] * 3), "image 1 has 'nan' for a label"),
    (npz(x=pixels().reshape(6, -1), y=LABELS), "rows of 48 values are no square grey images"),
    (npz(x=pixels(), y=np.array(["2020-01-01"] * 6, "datetime64[D]")), "not datetime64"),
    (npz(x=pixels(), y=LABELS, classes=["cat", "cat"]), "two classes are called 'cat'"),
    (npz(x=pixels(), y=["cat", "cow"] * 3, classes=["cat", "dog"]), "'cow' is none of the classes"),
    (npz(x=pixels(), y=LABELS * 0), "holds one class only, '0'"),
    (npz(x=pixels(), y=LABELS, x_test=pixels()), "has x_test, but no y_test"),
    (npz(x=pixels(), y=LABELS, val_labels=LABELS), "has val_labels, but no val_images"),
    (npz(x=pixels(), X=pixels(), y=LABELS), "two keys that differ only by capitals"),
    (
        npz(x_train=pixels(), y_train=LABELS, x_val=pixels() % 2, y_val=LABELS),
        "pixels are 0..255, but those of .* are 0..1",
    ),
    (
        npz(x_train=pixels(), y_train=LABELS, x_test=pixels(), y_test=["a"] * 6),
        "labels are words in one part and numbers in another",
    ),
    (npz(x=pixels() * -1.0, y=LABELS), "pixels must be .* from -"),
    (npz(x=pixels() * np.nan, y=LABELS), "pixels must be .* from nan to nan"),
    (npz(x=pixels().astype(np.uint16) * 200, y=LABELS), "pixels must be .* uint16"),
    (npz(x=pixels().astype(str), y=LABELS), "pixels must be numbers"),
    (npz(x=pixels()[..., :0], y=LABELS), "must be uint8"),
    (npz(x=pixels()[:0], y=LABELS[:0]), "holds no training images"),
    (an_npy_called_npz, r"is a single array \(\.npy\): write .* numpy\.savez"),
    (npz(x=pixels() / 3.0, y=LABELS), "pixels must be"),
    (npz(x=pixels()[:, None], y=LABELS), "images must be"),
    (npz(x=np.array([{}] * 6), y=LABELS), "it holds Python objects, which are not read"),
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
    (structs(lambda rows: [{**r, "bytes": None} for r in rows]), "row 0 has no bytes .* '0.png'"),
    (structs(lambda rows: [*rows[:3], {"path": "x"}, *rows[4:]]), "row 3 has no bytes .* 'x'"),
    (structs(lambda rows: [*rows[:5], None]), "1 rows without image, the first is row 5"),
    (parquet(image=[{"path": "a"}] * 6, label=LABELS), "has no field bytes, but path"),
    (
        parquet(
            image=pa.array([[None, *FLAT[0][1:]], *FLAT[1:]], pa.list_(pa.uint8(), 16)),
            label=LABELS,
        ),
        "row 0 has an empty pixel",
    ),
    (parquet(image=[*GREYS[:4], [[1, 2], None], GREYS[5]], label=LABELS), "row 4 "),
    (parquet(image=[*GREYS[:4], GREYS[4][:3], GREYS[5]], label=LABELS), "row 4 holds a list of 3"),
    (parquet(image=[*FLAT[:5], FLAT[5][:9]], label=LABELS), "row 5 holds a list of 9 values"),
    (parquet(image=[[]] * 6, label=LABELS), "row 0 "),
    (parquet(image=[["a"] * 4] * 6, label=LABELS), "its lists hold string"),
    (parquet(image=[[-1] * 4] * 6, label=LABELS), "pixels must be .* from -1 to -1"),
    (parquet(image=[[0] * 48] * 6, label=LABELS), "rows of 48 values are no square grey images"),
    (parquet(image=PNGS, label=[*LABELS[:5], None]), "1 rows without label, the first is row 5"),
    (parquet(image=PNGS, label=[1.0, 0, 0, 1, 1, np.nan]), "image 5 has nan"),
    (parquet(image=PNGS, label=[[0, 1], [1]] * 3), "labels must be whole numbers or words"),
    (parquet(image=PNGS, label=[b"\xff"] * 6), "is no UTF-8 text"),
    (
        files(**{"train-00001-of-00003": {"image": PNGS, "label": LABELS}}),
        r"has 1 of the 3 files train-\*-of-00003; give the folder of all",
    ),
    (parquet_and_folders, r"holds Parquet files and folders of pictures, data.parquet and cat/"),
    (two_columns_of_a_name, "has 2 columns called label"),
    (files(test={"image": PNGS, "label": LABELS}), "has no train file, but test.parquet"),
    (
        files(train={"image": PNGS, "label": LABELS}, more={"image": PNGS, "label": LABELS}),
        "more.parquet lies beside train and test files",
    ),
    (
        files(a={"image": PNGS, "label": LABELS}, b={"image": PNGS, "label": ["x"] * 6}),
        "words in one file and numbers in another",
    ),
    (parquet(image=PNGS, label=LABELS * 0.5), "labels must be whole numbers or words"),
    (parquet(image=PNGS[:0], label=LABELS[:0]), "holds no rows"),
    (a_truncated_parquet, "own.parquet is corrupted or not Parquet"),
]


@pytest.mark.parametrize(("write", "message"), MISTAKES, ids=[m for _, m in MISTAKES])
def test_a_mistake_in_the_data_is_named_in_one_line(tmp_path, cache, write, message):
    with pytest.raises(UserError, match=message) as caught:
        folder_or_file.load(write(tmp_path))

    assert "\n" not in str(caught.value)
    assert not list(cache.glob("arrays-*"))  # nothing wrong is kept
