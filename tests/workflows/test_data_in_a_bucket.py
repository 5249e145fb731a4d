"""Studies of data in S3, on a cluster whose nodes have a cache each."""

import json
import shutil

import numpy as np
import pytest
from ray.cluster_utils import Cluster

from automl_on_ray.search_spaces.mnist_cnn_classic import SPACE as CLASSIC
from automl_on_ray.studies.inputs import data_kwargs, load_data
from automl_on_ray.trainables.datasets import versioned
from automl_on_ray.trainables.image_classifier import ImageClassifier
from tests.bucket import SECRET, Bucket
from tests.helpers.studies import run, start

CACHES = ("driver", "other")


def write_npz(path, seed):
    images = np.random.default_rng(seed).integers(0, 256, (120, 8, 8), dtype=np.uint8)
    np.savez(path, x_train=images, y_train=np.arange(120) % 3)


STUDY = [
    "--dataset", "s3://data/mine.npz", "--space", "mnist-cnn-classic", "--searcher", "random",
    "--scheduler", "fifo", "--epochs", 1, "--cpus-per-trial", 1, "--final-seeds", 0,
]  # fmt: skip


@pytest.fixture
def cluster(tmp_path):
    """A bucket with mine.npz, and the address of a cluster: the driver's node, and one with CPUs.

    They are known by their cache folders, `CACHES` below `tmp_path`.
    """
    (tmp_path / "bucket").mkdir()
    write_npz(tmp_path / "bucket" / "mine.npz", seed=0)
    with Bucket("data") as bucket:
        bucket.put(tmp_path / "bucket")
        machines = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        try:
            cache = {"AUTOML_CACHE_DIR": str(tmp_path / CACHES[1])}
            machines.add_node(num_cpus=2, env_vars=cache)
            yield bucket, machines.address
        finally:
            machines.shutdown()


@pytest.mark.whole
def test_data_reach_each_node_once_and_a_study_stays_with_them(
    cluster, template, tmp_path, monkeypatch
):
    bucket, address = cluster
    (tmp_path / "runs").mkdir()
    shutil.copy(template, tmp_path / "runs")
    study = (tmp_path / "runs", "mine", *STUDY, "--address", address)
    process = start(*study, "--trials", 2, AUTOML_CACHE_DIR=str(tmp_path / "driver"))
    output = process.communicate(timeout=300)[0]
    assert process.returncode == 0, output
    rows = json.loads((tmp_path / "runs" / "mine" / "trials.json").read_text())
    assert [row["outcome"] for row in rows] == 2 * ["completed"]
    assert [len(list((tmp_path / name).rglob("mine.npz"))) for name in CACHES] == [1, 1]
    assert list(bucket.fetched.values()) == [2]  # whole, by each of the two, and not by each trial
    stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET.encode() in data for data in stored)
    write_npz(tmp_path / "bucket" / "mine.npz", seed=1)
    bucket.put(tmp_path / "bucket")
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "driver"))
    refused = run(*study, "--trials", 3)
    assert refused.exit_code == 2, refused.output
    assert "was begun with dataset = " in refused.stderr


def test_trials_are_held_to_the_version_and_the_digest_that_the_driver_saw(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "bucket").mkdir()
    write_npz(tmp_path / "bucket" / "mine.npz", seed=0)
    asked = {"space": CLASSIC, "subset": None, "epochs": 1, "seed": 0}
    with Bucket("data") as bucket:
        bucket.put(tmp_path / "bucket")
        for source in ("s3://data/mine.npz", str(tmp_path / "bucket" / "mine.npz")):
            data, trial_kwargs = load_data(ImageClassifier, {**asked, **data_kwargs(source, None)})
            told = {"dataset": versioned(source)[0], "data_dir": None, "digest": data.digest}
            assert trial_kwargs == {**asked, **told}
            assert ("#" in trial_kwargs["dataset"]) == source.startswith("s3")


def test_a_study_of_data_that_cannot_be_had_is_refused_before_anything_is_started(tmp_path):
    with Bucket("data"):
        refused = run(tmp_path / "runs", "mine", *STUDY)
    assert refused.exit_code == 2
    *steps, error = refused.output.splitlines()
    # Others are named where they take long.
    assert not [each for each in steps if each.startswith(("Starting", "Asking"))]
    assert error == "Error: There is nothing at s3://data/mine.npz."
    assert not (tmp_path / "runs" / "mine").exists()
    assert not list(tmp_path.glob("runs/*"))
