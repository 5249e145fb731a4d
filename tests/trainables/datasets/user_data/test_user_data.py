import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings, strategies as st

from automl_on_ray.trainables.datasets.user_data import folder_or_file
from tests.trainables.datasets.user_data.writing import (
    LABELS,
    pixels,
    png,
    write_folder,
    write_parquet,
)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_folder_gives_its_pixels_and_its_folders_names(tmp_path, channels):
    images = pixels(channels=channels)
    write_folder(tmp_path / "pets", images, LABELS)
    (tmp_path / "pets" / "cat" / ".DS_Store").write_text("no picture")
    (tmp_path / "pets" / "dog" / "notes.txt").write_text("no picture")

    arrays = folder_or_file.load(tmp_path / "pets")

    assert arrays.classes == ("cat", "dog")
    assert np.array_equal(arrays.train_images, images)
    assert np.array_equal(arrays.train_labels, LABELS)
    assert len(arrays.test_images) == 0


def test_an_image_folder_may_bring_its_test_part(tmp_path):
    train, test = pixels(), pixels()
    write_folder(tmp_path / "train", train, LABELS)
    write_folder(tmp_path / "test", test, LABELS)

    arrays = folder_or_file.load(tmp_path)

    assert np.array_equal(arrays.train_images, train)
    assert np.array_equal(arrays.test_images, test)


def test_grey_pictures_among_coloured_ones_get_three_equal_channels(tmp_path):
    write_folder(tmp_path, pixels(), LABELS)
    grey = pixels(1, 1)[0]
    (tmp_path / "cat" / "000.png").write_bytes(png(grey))

    first = folder_or_file.load(tmp_path).train_images[0]

    assert np.array_equal(first, np.broadcast_to(grey, (3, 4, 4)))


def test_a_changed_file_is_read_again_and_nothing_is_written_beside_it(tmp_path):
    data = tmp_path / "data"
    write_folder(data, pixels(), LABELS)
    before = sorted(data.rglob("*"))
    folder_or_file.load(data)
    new = pixels(1)[0]
    (data / "dog" / "005.png").write_bytes(png(new))
    os.utime(data / "dog" / "005.png", (1, 1))

    assert np.array_equal(folder_or_file.load(data).train_images[5], new)
    assert sorted(data.rglob("*")) == before


def test_a_class_folder_may_be_a_link_whose_changes_are_seen(tmp_path):
    write_folder(tmp_path / "elsewhere", pixels(), LABELS)
    (tmp_path / "data").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / "data" / name).symlink_to(tmp_path / "elsewhere" / name)
    assert len(folder_or_file.load(tmp_path / "data").train_images) == 6

    (tmp_path / "elsewhere" / "cat" / "new.png").write_bytes(png(pixels(1)[0]))

    assert len(folder_or_file.load(tmp_path / "data").train_images) == 7


@settings(max_examples=30, deadline=None)
@given(
    channels=st.sampled_from([None, 1, 3]),
    last=st.booleans(),
    kind=st.sampled_from(["uint8", "int64", "float32"]),
    keys=st.sampled_from(["x_{}", "{}_images"]),
    words=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_an_npz_gives_its_pixels_whatever_its_layout(
    tmp_path_factory, channels, last, kind, keys, words, seed
):
    path = tmp_path_factory.mktemp("npz") / "data.npz"
    images = np.random.default_rng(seed).integers(0, 256, (8, channels or 1, 5, 6), dtype=np.uint8)
    labels = np.arange(8) % 2
    stored = images.astype(kind) / 255 if kind == "float32" else images.astype(kind)
    if channels is None:
        stored = stored[:, 0]
    elif last:
        stored = stored.transpose(0, 2, 3, 1)
    names = np.array(["cat", "dog"])
    answers = names[labels] if words else labels
    y = "y_{}" if keys == "x_{}" else "{}_labels"
    content = {keys.format(p): stored for p in ("train", "test")}
    np.savez(path, **content, **{y.format(p): answers for p in ("train", "test")})

    arrays = folder_or_file.load(path)

    assert np.array_equal(arrays.train_images, images)
    assert np.array_equal(arrays.test_images, images)
    assert np.array_equal(arrays.train_labels, labels)
    assert arrays.classes == (("cat", "dog") if words else ("0", "1"))


def test_parquet_of_encoded_pictures_gives_their_pixels(tmp_path):
    images = pixels()
    write_parquet(tmp_path / "own.parquet", images, LABELS)

    arrays = folder_or_file.load(tmp_path / "own.parquet")

    assert np.array_equal(arrays.train_images, images)
    assert np.array_equal(arrays.train_labels, LABELS)


@pytest.mark.parametrize("given_path", ["", "train.parquet"])
def test_parquet_may_bring_its_test_part(tmp_path, given_path):
    train, test = pixels(), pixels()
    write_parquet(tmp_path / "train.parquet", train, LABELS)
    write_parquet(tmp_path / "test.parquet", test, LABELS)

    arrays = folder_or_file.load(tmp_path / given_path)

    assert np.array_equal(arrays.train_images, train)
    assert np.array_equal(arrays.test_images, test)


def as_flat_lists(images):
    values = pa.array(images.transpose(0, 2, 3, 1).ravel())
    return pa.FixedSizeListArray.from_arrays(values, images[0].size)


def as_nested_lists(images):
    array = pa.array(images.transpose(0, 2, 3, 1).ravel())
    for size in (images.shape[1], images.shape[3], images.shape[2]):
        array = pa.FixedSizeListArray.from_arrays(array, size)
    return array


def as_tensors(images):
    # A copy: pyarrow takes the strides of an axis of length 1 at face value.
    return pa.FixedShapeTensorArray.from_numpy_ndarray(images.transpose(0, 2, 3, 1).copy(order="C"))


def as_hugging_face(images):
    return pa.array([{"bytes": png(image), "path": None} for image in images])


def as_pandas_writes(images):
    return pa.array([image.transpose(1, 2, 0).tolist() for image in images])


def as_floats(images):
    return pa.array([(image.transpose(1, 2, 0) / 255).tolist() for image in images])


WRITERS = [as_nested_lists, as_tensors, as_hugging_face, as_pandas_writes, as_floats]


@pytest.mark.parametrize(
    ("channels", "write"),
    [(1, as_flat_lists), *((channels, write) for channels in (1, 3) for write in WRITERS)],
)
@pytest.mark.parametrize("row_group", [2, 100])
def test_parquet_columns_of_each_kind_give_the_same_pixels(tmp_path, write, channels, row_group):
    images = pixels(channels=channels)
    table = pa.table({"img": write(images), "label": LABELS})
    pq.write_table(table, tmp_path / "own.parquet", row_group_size=row_group)

    assert np.array_equal(folder_or_file.load(tmp_path / "own.parquet").train_images, images)


def test_parquet_of_hugging_face_names_its_classes(tmp_path):
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"image": as_hugging_face(pixels()), "label": LABELS})
    pq.write_table(
        table.replace_schema_metadata(metadata), tmp_path / "train-00000-of-00001.parquet"
    )

    assert folder_or_file.load(tmp_path).classes == ("cat", "dog")


def test_the_parquet_of_the_readme_is_read(shared_data):
    arrays = folder_or_file.load(shared_data / "cifar10-small")

    assert arrays.train_images.shape == (10_000, 3, 32, 32)
    assert arrays.test_images.shape == (2_000, 3, 32, 32)
    assert np.bincount(arrays.train_labels).tolist() == [1000] * 10


# Mistakes: each writes something wrong and returns the path; the error is one line that names it.
