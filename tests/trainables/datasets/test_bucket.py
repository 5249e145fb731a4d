"""Data in S3: what each node fetches, how often, and what it takes for whole."""

import io
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import quote

import numpy as np
import pytest
from moto.core.utils import utcnow

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets import _bucket, load_dataset, versioned
from automl_on_ray.trainables.datasets.downloads import idx
from automl_on_ray.trainables.datasets.user_data import folder_or_file
from tests.bucket import Bucket
from tests.trainables.datasets.user_data.writing import LABELS, pixels, write_folder, write_parquet

URI = "s3://data/mine.npz"
LOADER = """
import sys
from automl_on_ray.trainables.datasets import _bucket
from automl_on_ray.trainables.datasets.user_data import folder_or_file
print("ready", flush=True)
with _bucket.at_hand(sys.argv[1]) as path:
    print(folder_or_file.load(path).digest())
"""


@pytest.fixture
def bucket():
    with Bucket("data") as found:
        yield found


def write_npz(path, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (60, 8, 8), dtype=np.uint8)
    labels = np.arange(60) % 3
    np.savez(path, x_train=images, y_train=labels, x_test=images[:9], y_test=labels[:9])


@pytest.fixture
def mine(bucket, tmp_path):
    """mine.npz, here and in the bucket."""
    write_npz(tmp_path / "mine.npz")
    bucket.put(tmp_path)
    return tmp_path / "mine.npz"


def start(uri):
    return subprocess.Popen(
        [sys.executable, "-c", LOADER, uri], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def answer(uri):
    """The digest of what a trial loads, whatever this process remembers of it."""
    with _bucket.at_hand(uri) as path:
        return folder_or_file.load(path).digest()


def replace(bucket, seed=1):
    """By data of the same size, a second later for S3."""
    file = io.BytesIO()
    write_npz(file, seed)
    with pytest.MonkeyPatch.context() as patch:
        later = utcnow() + timedelta(seconds=1)
        patch.setattr("moto.s3.models.utcnow", lambda: later)
        bucket.client.put_object(Bucket=bucket.name, Key="mine.npz", Body=file.getvalue())


def test_processes_of_one_node_fetch_an_object_once_together(bucket, mine):
    there = versioned(URI)[0]
    bucket.gate.clear()
    processes = [start(there) for _ in range(2)]
    assert [process.stdout.readline() for process in processes] == 2 * ["ready\n"]
    assert bucket.waiting.wait(60)
    bucket.gate.set()
    digests = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert digests == {load_dataset(str(mine)).digest}
    assert list(bucket.fetched.values()) == [1]
    assert {key for key, _ in bucket.fetched} == {"mine.npz"}


def test_each_node_fetches_once_and_then_asks_for_nothing(bucket, mine, tmp_path, monkeypatch):
    there = versioned(URI)[0]
    for count, node in enumerate(("one", "two"), 1):
        monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / node))
        assert answer(there) == answer(there) == load_dataset(str(mine)).digest
        assert sum(bucket.fetched.values()) == count
    bucket.requests = 0
    answer(there)
    assert bucket.requests == 0


def test_what_a_killed_process_had_fetched_is_not_taken_for_whole(bucket, mine, cache):
    there = versioned(URI)[0]
    bucket.gate.clear()
    victim = start(there)
    assert bucket.waiting.wait(60)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    assert list(cache.glob("fetched/.*.part/copy"))  # it was in the middle
    bucket.gate.set()
    assert load_dataset(there).digest == load_dataset(str(mine)).digest
    assert not list(cache.glob("fetched/.*"))


@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_copy_that_the_disk_has_damaged_is_fetched_again(bucket, mine, cache, damage):
    there = versioned(URI)[0]
    load_dataset(there)
    (copy,) = cache.rglob("mine.npz")
    os.truncate(copy, 10) if damage == "truncated" else copy.unlink()
    assert answer(there) == load_dataset(str(mine)).digest
    assert sum(bucket.fetched.values()) == 2


def test_an_object_that_has_changed_is_refused_where_it_is_not_there_yet(
    bucket, mine, tmp_path, monkeypatch
):
    there = versioned(URI)[0]
    old = load_dataset(there).digest
    replace(bucket)
    assert answer(there) == old  # the node has it
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "late"))
    with pytest.raises(UserError, match=f"{URI} has been changed since the study looked at it"):
        load_dataset(there)
    assert sum(bucket.fetched.values()) == 1
    assert load_dataset(URI).digest != old  # another study


def test_an_object_that_changes_while_it_is_fetched_is_not_kept(bucket, mine, cache):
    there = versioned(URI)[0]
    bucket.gate.clear()
    process = start(there)
    assert bucket.waiting.wait(60)
    replace(bucket)
    bucket.gate.set()
    _, errors = process.communicate(timeout=60)
    assert "has been changed since the study looked at it" in errors
    assert not list(cache.glob("fetched/*"))


@pytest.mark.parametrize("place", ["a path", "a bucket"])
def test_data_of_another_digest_are_refused(bucket, mine, place):
    source = URI if place == "a bucket" else str(mine)
    with pytest.raises(UserError, match="are not those that the study began with"):
        load_dataset(source, digest="0" * 64)
    load_dataset(source, digest=load_dataset(str(mine)).digest)


def test_folders_and_parquet_are_what_they_are_on_disk(bucket, tmp_path):
    files = tmp_path / "files"
    write_folder(files / "own pictures#1", np.tile(pixels(), (4, 1, 1, 1)), np.tile(LABELS, 4))
    (files / "parts").mkdir()
    for part in ("train", "validation", "test"):
        write_parquet(
            files / "parts" / f"{part}.parquet", np.tile(pixels(), (4, 1, 1, 1)),
            np.tile(LABELS, 4),
        )  # fmt: skip
    bucket.put(files)
    for name in ("own pictures#1", "parts", "parts/train.parquet"):
        there = load_dataset(f"s3://data/{quote(name)}")
        here = load_dataset(str(files / name))
        assert (there.digest, there.name) == (here.digest, here.name)
    assert set(bucket.fetched.values()) == {1, 2}  # the parts were asked for in two ways


def test_of_a_data_folder_only_the_named_data_set_is_fetched(bucket, tmp_path, monkeypatch):
    raw = tmp_path / "sets" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index, name in enumerate(idx.FILES):
        shape = (60,) if index % 2 else (60, 8, 8)
        array = np.arange(60) % 10 if index % 2 else rng.integers(0, 256, shape)
        idx.write(raw / name, array.astype(np.uint8))
    (tmp_path / "sets" / "other.npz").write_bytes(b"x")
    bucket.put(tmp_path)
    monkeypatch.setenv("AUTOML_DATA_DIR", "s3://data/sets/")
    there = load_dataset("fashion-mnist")
    assert there.digest == load_dataset("fashion-mnist", data_dir=tmp_path / "sets").digest
    assert {key for key, _ in bucket.fetched} == {f"sets/FashionMNIST/raw/{n}" for n in idx.FILES}
    assert set(bucket.fetched.values()) == {1}
    bucket.requests = 0
    load_dataset("digits")  # needs no files
    assert bucket.requests == 0


def test_threads_that_load_the_same_fetch_it_once(bucket, mine):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: load_dataset(URI, seed=seed), range(4)))
    assert sum(bucket.fetched.values()) == 1


@pytest.mark.parametrize("key", ["none", "mine.npz"])
def test_a_data_folder_that_is_none_is_named(bucket, mine, key):
    with pytest.raises(UserError, match=f"There is no data folder at s3://data/{key}"):
        load_dataset("mnist", data_dir=f"s3://data/{key}")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("s3://data/none.npz", "There is nothing at s3://data/none.npz"),
        ("s3://nobody-has-made-this/x.npz", "There is nothing at s3://nobody-has-made-this/x.npz"),
        ("s3://data/bad.npz", "s3://data/bad.npz is corrupted or not an .npz"),
        ("s3://data/notes.txt", "s3://data/notes.txt is of no known format"),
        ("s3://data/my#1.npz", "write %23 for '#'"),
        ("https://example.org/mine.npz", "cannot be read from https://example.org/mine.npz"),
        ("s3://KEY:SECRET@data/mine.npz", "must not hold credentials"),
        ("s3://KEY:SEC/SECRET@data/mine.npz", "must not hold credentials"),
        ("https://data/mine.npz?X-Amz-Signature=SECRET", "must not hold credentials"),
    ],
)
def test_a_uri_that_cannot_be_read_is_named_in_one_line(bucket, source, said):
    for key in ("bad.npz", "notes.txt"):
        bucket.client.put_object(Bucket="data", Key=key, Body=b"x")
    with pytest.raises(UserError, match=said) as caught:
        load_dataset(source)
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_a_bucket_that_does_not_answer_is_named(bucket, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"s3://data/mine\.npz cannot be read"):
        load_dataset(URI)
