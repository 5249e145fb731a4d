"""Data as people have them that are not the plain case: each is read right, or told."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from automl_on_ray.trainables.datasets import load_dataset
from automl_on_ray.trainables.datasets.user_data import folder_or_file
from automl_on_ray.trainables.datasets.user_data.parts import part_of
from tests.trainables.datasets.user_data.writing import (
    LABELS,
    pixels,
    png,
    write_folder,
    write_parquet,
)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(tmp_path, content):
    """The pixels (C, H, W) of one encoded picture in a data set."""
    table = {"image": [content, content], "label": [0, 1]}
    pq.write_table(pa.table(table), tmp_path / "own.parquet")
    return folder_or_file.load(tmp_path / "own.parquet").train_images[0]


def drawing(alpha, grey=False):
    """Black on transparent ground: all that is drawn is in the alpha channel."""
    black = Image.new("L" if grey else "RGB", (4, 4))
    black.putalpha(Image.fromarray(alpha))
    return black


@pytest.mark.parametrize("grey", [True, False])
def test_a_drawing_on_transparent_ground_is_put_on_white(tmp_path, grey):
    alpha = pixels(1, 1)[0, 0]

    found = decoded(tmp_path, encoded(drawing(alpha, grey)))

    assert len(found) == (1 if grey else 3)
    assert np.array_equal(found, np.broadcast_to(255 - alpha, found.shape))


def test_a_transparent_colour_of_a_palette_is_put_on_white(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 0, 0, 0, 0, 200])
    image.putpixel((0, 0), 0)

    found = decoded(tmp_path, encoded(image, transparency=0))

    assert found[:, 0, 0].tolist() == [255, 255, 255]
    assert found[:, 1, 1].tolist() == [0, 0, 200]


def test_a_transparent_colour_of_a_grey_picture_is_put_on_white(tmp_path):
    image = Image.fromarray(np.array([[0, 7], [9, 11]], np.uint8))

    assert decoded(tmp_path, encoded(image, transparency=7)).tolist() == [[[0, 255], [9, 11]]]


def test_an_opaque_alpha_channel_changes_nothing(tmp_path):
    image = pixels(1)[0]
    opaque = np.concatenate([image, np.full((1, 4, 4), 255, np.uint8)]).transpose(1, 2, 0)

    assert np.array_equal(decoded(tmp_path, encoded(Image.fromarray(opaque))), image)


def test_a_photograph_is_turned_as_its_camera_says(tmp_path):
    image = pixels(1)[0]
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    content = encoded(Image.fromarray(image.transpose(1, 2, 0)), exif=exif)

    assert np.array_equal(decoded(tmp_path, content), np.rot90(image, -1, axes=(1, 2)))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_other_colours_become_red_green_and_blue(tmp_path, mode):
    red = Image.new("RGB", (8, 8), (250, 5, 5)).convert(mode)

    found = decoded(tmp_path, encoded(red, "JPEG" if mode == "YCbCr" else "TIFF"))

    assert np.abs(found[:, 4, 4].astype(int) - [250, 5, 5]).max() < 5


@pytest.mark.parametrize(
    "names",
    [("Train", "Test"), ("training", "testing"), ("seg_train", "seg_test"), ("TRAIN", "test2017")],
)
def test_folders_of_parts_are_known_in_any_case(tmp_path, names):
    train, test = pixels(), pixels()
    write_folder(tmp_path / names[0], train, LABELS)
    write_folder(tmp_path / names[1], test[:3], LABELS[:3])  # a test part may lack a class

    arrays = folder_or_file.load(tmp_path)

    assert arrays.classes == ("cat", "dog")
    assert np.array_equal(arrays.train_images, train)
    assert np.array_equal(arrays.test_images, test[:3])


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("val", "validation"), ("Valid", "validation"), ("dev", "validation"),
        ("trainset", "train"),
        ("train-00000-of-00002", "train"), ("validation_0", "validation"), ("Test Images", "test"),
        ("latest", None), ("contest", None), ("train_test", None), ("devil", None), ("cat", None),
    ],
)  # fmt: skip
def test_a_part_is_known_by_a_word_of_its_name(name, part):
    assert part_of(name) == part


def test_a_class_may_be_called_train(tmp_path):
    write_folder(tmp_path, pixels(), LABELS, names=("bus", "train"))

    assert folder_or_file.load(tmp_path).classes == ("bus", "train")


def test_what_systems_leave_in_folders_is_no_data(tmp_path):
    write_folder(tmp_path, pixels(), LABELS)
    for name in ("__MACOSX/cat", ".ipynb_checkpoints", "cat/.ipynb_checkpoints", "cat/@eaDir"):
        write_folder(tmp_path / name, pixels(1), [0], names=(".",))
    (tmp_path / "cat" / "._000.png").write_bytes(b"x")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"x")

    arrays = folder_or_file.load(tmp_path)

    assert arrays.classes == ("cat", "dog")
    assert len(arrays.train_images) == 6


def test_a_folder_linked_into_itself_is_read_once(tmp_path):
    images = pixels()
    write_folder(tmp_path, images, LABELS)
    (tmp_path / "cat" / "again").symlink_to(tmp_path / "cat")
    (tmp_path / "dog" / "up").symlink_to(tmp_path / "dog" / "..")
    (tmp_path / "dog" / "up").unlink()
    (tmp_path / "cat" / "copy.png").symlink_to(tmp_path / "cat" / "000.png")
    (tmp_path / "cat" / "hard.png").hardlink_to(tmp_path / "cat" / "000.png")

    assert np.array_equal(folder_or_file.load(tmp_path).train_images, images)


def distinct(count):
    """Grey pictures (N, 8, 8), each its own number."""
    return np.arange(count, dtype=np.uint8)[:, None, None].repeat(8, 1).repeat(8, 2)


def as_folders(path, parts):
    for part, (images, labels) in parts.items():
        write_folder(path / "mine" / part, images[:, None], labels)
    return path / "mine"


def as_hugging_face_names(path, parts):
    for part, (images, labels) in parts.items():
        for i, half in enumerate(np.array_split(np.arange(len(labels)), 2)):
            folder = path / "mine" / "data"
            folder.mkdir(parents=True, exist_ok=True)
            name = {"val": "validation"}.get(part, part)
            write_parquet(
                folder / f"{name}-{i:05}-of-00002.parquet", images[half][:, None], labels[half]
            )
    return path / "mine"


def as_folders_of_parquet(path, parts):
    for part, (images, labels) in parts.items():
        (path / "mine" / part).mkdir(parents=True)
        write_parquet(path / "mine" / part / "0000.parquet", images[:, None], labels)
    return path / "mine"


def as_files_beside(path, parts):
    (path / "mine").mkdir()
    for part, (images, labels) in parts.items():
        write_parquet(path / "mine" / f"{part}.parquet", images[:, None], labels)
    return path / "mine" / "train.parquet"


def as_medmnist(path, parts):
    content = {}
    for part, (images, labels) in parts.items():
        content |= {f"{part}_images": images, f"{part}_labels": labels[:, None].astype(np.uint8)}
    np.savez(path / "mine.npz", **content)
    return path / "mine.npz"


@pytest.mark.parametrize("with_test", [True, False])
@pytest.mark.parametrize(
    "write",
    [as_folders, as_hugging_face_names, as_folders_of_parquet, as_files_beside, as_medmnist],
)
def test_a_given_validation_part_is_used_as_it_is(tmp_path, write, with_test):
    images, labels = distinct(90), np.arange(90) % 2
    parts = {"train": (images[:60], labels[:60]), "val": (images[60:80], labels[60:80])}
    if with_test:
        parts["test"] = (images[80:], labels[80:])

    data = load_dataset(str(write(tmp_path, parts)), validation=0.4)

    def numbers(split):
        return sorted(split.images[:, 0, 0, 0].tolist())

    assert data.name == "mine"
    assert numbers(data.validation) == list(range(60, 80))
    if with_test:
        assert numbers(data.train) == list(range(60))
        assert numbers(data.test) == list(range(80, 90))
    else:  # a sixth of train
        assert len(data.test) == 10
        assert sorted(numbers(data.train) + numbers(data.test)) == list(range(60))
    assert len(data.joined()) == len(data.train) + 20
    assert data.remarks == ()


def test_a_subset_takes_its_share_of_a_given_validation_part(tmp_path):
    images, labels = distinct(90), np.arange(90) % 2
    parts = {"train": (images[:60], labels[:60]), "val": (images[60:], labels[60:])}
    parts["test"] = parts["val"]

    data = load_dataset(str(as_medmnist(tmp_path, parts)), size=30)

    assert (len(data.train), len(data.validation), len(data.test)) == (20, 10, 30)
    assert data.validation.images.min() >= 60
    assert data.remarks == ()


@pytest.mark.parametrize(
    "labels",
    [
        np.eye(2)[LABELS], np.eye(2, dtype=bool)[LABELS], LABELS.astype(float), LABELS[:, None],
        LABELS.astype(bool), LABELS.astype(np.uint8),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_labels_may_be_one_hot_or_floats(tmp_path, labels, kind):
    images = pixels()
    if kind == "npz":
        np.savez(tmp_path / "own.npz", x=images, y=labels)
    else:
        answers = labels[:, 0] if labels.shape[1:] == (1,) else labels
        write_parquet(tmp_path / "own.parquet", images, answers.tolist())

    arrays = folder_or_file.load(tmp_path / f"own.{kind}")

    assert arrays.train_labels.tolist() == LABELS.tolist()
    assert arrays.classes == ("0", "1")


def test_labels_of_bytes_are_text(tmp_path):
    words = ["café", "thé"]
    answers = [words[label].encode() for label in LABELS]
    np.savez(tmp_path / "own.npz", x=pixels(), y=answers)
    write_parquet(tmp_path / "own.parquet", pixels(), answers)

    for kind in ("npz", "parquet"):
        assert folder_or_file.load(tmp_path / f"own.{kind}").classes == ("café", "thé")


def test_words_are_numbered_as_the_given_classes_are(tmp_path):
    np.savez(tmp_path / "own.npz", x=pixels(), y=["b", "a"] * 3, classes=["b", "a"])

    arrays = folder_or_file.load(tmp_path / "own.npz")

    assert arrays.classes == ("b", "a")
    assert arrays.train_labels.tolist() == [0, 1] * 3


def test_rows_of_pixels_are_square_grey_pictures(tmp_path):
    images = pixels(channels=1)
    np.savez(tmp_path / "own.npz", x=images.reshape(6, 16), y=LABELS)

    assert np.array_equal(folder_or_file.load(tmp_path / "own.npz").train_images, images)


@pytest.mark.parametrize("kind", ["float32", "int16", "uint8", "bool"])
def test_the_scale_of_pixels_is_known_from_the_whole_set(tmp_path, kind):
    images = np.random.default_rng(0).integers(0, 2 if kind == "bool" else 256, (6, 8, 8))
    np.savez(tmp_path / "whole.npz", x=images.astype(kind), y=LABELS)
    np.savez(tmp_path / "binary.npz", X_train=(images > 0).astype(kind), Y_train=LABELS)

    whole = folder_or_file.load(tmp_path / "whole.npz").train_images[:, 0]
    binary = folder_or_file.load(tmp_path / "binary.npz").train_images[:, 0]

    assert np.array_equal(whole, images * 255 if kind == "bool" else images)
    assert np.array_equal(binary, (images > 0) * 255)


def test_a_grey_test_part_beside_coloured_ones_gets_three_channels(tmp_path):
    (tmp_path / "files").mkdir()
    for part, channels in (("train", 3), ("test", 1)):
        images = pixels(channels=channels)
        write_folder(tmp_path / "folders" / part, images, LABELS)
        write_parquet(tmp_path / "files" / f"{part}.parquet", images, LABELS)

    for place in ("folders", "files"):
        arrays = folder_or_file.load(tmp_path / place)
        assert arrays.test_images.shape == arrays.train_images.shape


def test_copies_of_pictures_are_told(tmp_path):
    images = pixels(8)
    np.savez(tmp_path / "a.npz", x_train=images[:6], y_train=LABELS, x_test=images[3:5],
             y_test=[1, 1])  # fmt: skip
    np.savez(tmp_path / "b.npz", x=images[[0, 1, 2, 3, 4, 0]], y=LABELS)

    for _ in range(2):  # from the cache too
        assert folder_or_file.load(tmp_path / "a.npz").remarks == (
            "2 pictures of the test part are in the train part too.",
        )
        assert folder_or_file.load(tmp_path / "b.npz").remarks == (
            "1 pictures are copies of others; some may come into both train and test.",
            "1 pictures are in more than one class.",
        )


def test_a_class_of_one_picture_stays_in_train(tmp_path):
    labels = np.array([0] * 30 + [1] * 30 + [2])
    np.savez(tmp_path / "own.npz", x=distinct(61), y=labels)

    data = load_dataset(str(tmp_path / "own.npz"))

    assert (data.train.labels == 2).sum() == 1


def test_names_of_files_may_be_in_capitals(tmp_path):
    write_folder(tmp_path / "folder", pixels(), LABELS)
    (tmp_path / "folder" / "cat" / "000.png").rename(tmp_path / "folder" / "cat" / "000.PNG")
    with (tmp_path / "own.NPZ").open("wb") as file:
        np.savez(file, x=pixels(), y=LABELS)
    table = {"Image": [png(image) for image in pixels()], "Label": LABELS}
    pq.write_table(pa.table(table), tmp_path / "own.Parquet")

    for name in ("folder", "own.NPZ", "own.Parquet"):
        assert len(folder_or_file.load(tmp_path / name).train_images) == 6
