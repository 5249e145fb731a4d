"""CIFAR's files are not here, so tiny ones are made in their format, with digests of their own."""

import hashlib
import os
import pickle
import tarfile

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import cifar10, cifar100
from automl_on_ray.trainables.datasets.downloads import cifar

RNG = np.random.default_rng(0)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol=3))
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def tiny(tmp_path):
    """A data folder, what describes it, and the pixels in it."""
    pixels = RNG.integers(0, 256, (3, 20, 3, 32, 32), dtype=np.uint8)
    labels = [int(i) for i in np.arange(20) % 2]
    place = tmp_path / "cifar-10-batches-py"
    digests = {
        name: write(place / name, {"data": part.reshape(20, 3072), "labels": labels})
        for name, part in zip(("data_batch_1", "data_batch_2", "test_batch"), pixels, strict=True)
    }
    meta = write(place / "batches.meta", {"label_names": ["airplane", "automobile"]})
    files = cifar.CifarFiles(
        name="CIFAR10",
        folder=place.name,
        train={name: digests[name] for name in ("data_batch_1", "data_batch_2")},
        test={"test_batch": digests["test_batch"]},
        meta=("batches.meta", meta),
        labels="labels",
        label_names="label_names",
    )
    return tmp_path, files, pixels


def test_the_pickles_give_their_pixels_and_are_needed_once(tiny):
    folder, files, pixels = tiny

    arrays = cifar.load(folder, files)
    for name in files.all:
        (folder / files.folder / name).unlink()
    again = cifar.load(folder, files)

    for found in (arrays, again):
        assert np.array_equal(found.train_images, pixels[:2].reshape(40, 3, 32, 32))
        assert np.array_equal(found.test_images, pixels[2])
        assert found.train_labels.tolist() == [0, 1] * 20
        assert found.classes == ("airplane", "automobile")


def test_a_damaged_file_is_named(tiny):
    folder, files, _ = tiny
    file = folder / files.folder / "data_batch_2"
    file.write_bytes(file.read_bytes()[:-1])

    with pytest.raises(UserError, match=f"{file} is corrupted.*checksum"):
        cifar.load(folder, files)


def test_an_archive_is_downloaded_checked_and_unpacked_into_the_cache(
    tiny, tmp_path_factory, cache, monkeypatch
):
    folder, files, pixels = tiny
    archive = tmp_path_factory.mktemp("served") / "cifar.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        opened.add(folder / files.folder, arcname=files.folder)
    digest = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setattr("torchvision.datasets.CIFAR10.url", archive.as_uri())
    monkeypatch.setattr("torchvision.datasets.CIFAR10.tgz_md5", digest)

    arrays = cifar.load(tmp_path_factory.mktemp("empty"), files)

    assert np.array_equal(arrays.test_images, pixels[2])
    assert set(os.listdir(cache / files.folder)) == set(files.all)
    assert not list(cache.glob(".*"))  # nothing half is left


@pytest.mark.parametrize("module", [cifar10, cifar100])
def test_where_the_download_does_not_answer_the_error_says_where_to_put_it(
    module, tmp_path, monkeypatch
):
    monkeypatch.setattr(f"torchvision.datasets.{module.FILES.name}.url", "http://127.0.0.1:9/x")

    with pytest.raises(UserError, match=r"refused.*Put its files there") as caught:
        module.load(tmp_path)

    assert str(tmp_path / module.FILES.folder) in str(caught.value)


@pytest.mark.parametrize("module", [cifar10, cifar100])
def test_files_and_digests_are_torchvisions(module):
    from torchvision import datasets  # seconds, which no other process of the tests should need

    known = getattr(datasets, module.FILES.name)

    assert module.FILES.folder == known.base_folder
    assert module.FILES.train == dict(known.train_list)
    assert module.FILES.test == dict(known.test_list)
    assert module.FILES.meta == (known.meta["filename"], known.meta["md5"])
    assert module.FILES.label_names == known.meta["key"]
