"""Studies on a cluster that is joined: which code its nodes run, what they see of the storage."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import ray
from ray.cluster_utils import Cluster

from automl_on_ray.clusters.connect import OWN, check_address, shipped
from automl_on_ray.search_spaces.core import UserError
from tests.bucket import Bucket

ROOT = Path(__file__).parents[2]
MINE = """
from ray import tune
from automl_on_ray import trainables
from automl_on_ray.search_spaces._space import SearchSpace

SPACE = SearchSpace("mine", training={"x": tune.uniform(0.0, 1.0)})

class Mine(tune.Trainable):
    METRICS = {"score": "max"}

    def step(self):
        files = (__file__, trainables.__file__)
        return {"score": float(all("py_modules" in file for file in files)), "done": True}

    def save_checkpoint(self, checkpoint_dir):
        return {}

    def load_checkpoint(self, checkpoint):
        pass
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A head without CPUs, and a node with one, which has an empty disk at `hidden`."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root, and mount namespaces")
    hidden = tmp_path_factory.mktemp("hidden")
    found = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    ray = f"{sys.executable} -m ray.scripts.scripts start --block --num-cpus 1"
    inside = f"mount -t tmpfs none {hidden} && exec {ray} --address {found.address}"
    node = subprocess.Popen(
        ["unshare", "--mount", "bash", "-c", inside], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(found.global_state._live_node_ids()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    yield found.address, hidden
    node.terminate()
    node.wait(30)
    found.shutdown()


@pytest.fixture
def machines():
    """A head without CPUs, alone."""
    found = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    yield found
    found.shutdown()


def start(*arguments, code=ROOT):
    command = [sys.executable, ROOT / "workflows" / "hpo.py", "--searcher", "random",
               "--scheduler", "fifo", "--objective", "score", *arguments]  # fmt: skip
    return subprocess.Popen(
        [str(word) for word in command], cwd=code, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(code)},
    )  # fmt: skip


def hpo(address, code, storage):
    """From the folder `code`, with a trainable of the user's in it."""
    (code / "mine.py").write_text(MINE)
    process = start(
        "--address", address, "--trainable", "mine:Mine", "--space", "mine:SPACE", "--trials", 2,
        "--epochs", 1, "--name", "mine", "--storage", storage, code=code,
    )  # fmt: skip
    output, errors = process.communicate(timeout=200)
    return process.returncode, output, errors


@pytest.mark.slow
def test_the_nodes_of_a_cluster_run_the_code_that_the_driver_has(cluster, tmp_path):
    address, hidden = cluster
    code, output, errors = hpo(address, hidden, tmp_path)
    assert code == 0, output + errors
    rows = json.loads((tmp_path / "mine" / "trials.json").read_text())
    assert [row["metrics"]["score"] for row in rows] == [1.0, 1.0]


@pytest.mark.slow
def test_storage_that_a_node_does_not_see_is_refused(cluster):
    address, hidden = cluster
    code, output, errors = hpo(address, hidden, hidden / "runs")
    assert code == 2, output + errors
    assert "is not the same folder on" in errors
    assert not list((hidden / "runs").glob("mine/search"))


@pytest.mark.slow
def test_a_bucket_that_a_node_cannot_write_to_is_refused(machines, monkeypatch, tmp_path):
    with Bucket("studies") as bucket:
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            machines.add_node(num_cpus=1)
        code, output, errors = hpo(machines.address, tmp_path, "s3://studies/runs")
        assert code == 2, output + errors
        assert "--storage s3://studies/runs cannot be used by" in errors
        found = bucket.client.list_objects_v2(Bucket="studies")["Contents"]
        assert not [one["Key"] for one in found if "/search/" in one["Key"]]


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--dataset", "--data-dir"])
def test_data_that_a_node_does_not_see_are_refused(option, cluster, tmp_path):
    address, hidden = cluster
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(hidden / "mine.npz", x_train=images, y_train=np.arange(60) % 3)
    given = {"--dataset": hidden / "mine.npz", "--data-dir": hidden}
    dataset = [] if option == "--dataset" else ["--dataset", "digits"]
    process = start(
        "--address", address, "--objective", "accuracy", "--storage", tmp_path, "--name", "hidden",
        *dataset, option, given[option],
    )  # fmt: skip
    output, errors = process.communicate(timeout=200)
    assert process.returncode == 2, output + errors
    assert f"{option} {given[option]} is not the same on" in errors
    assert not (tmp_path / "hidden" / "search").exists()


@pytest.mark.slow
def test_a_trial_outlives_more_machines_than_it_may_fail(machines, tmp_path):
    """Two are lost, with --max-failures 0; it goes on from its checkpoint each time."""
    process = None
    try:
        node = machines.add_node(num_cpus=1)
        process = start(
            "--address", machines.address, "--trainable", "tests.helpers.crashing:Slow",
            "--space", "tests.helpers.crashing:SPACE", "--trials", 1, "--epochs", 16,
            "--max-failures", 0, "--name", "outlives", "--storage", tmp_path,
        )  # fmt: skip
        for seen in (3, 8):
            deadline = time.monotonic() + 120
            while len(list(tmp_path.glob("outlives/search/*/checkpoint_*"))) < 1 or (
                max(int(p.name[-6:]) for p in tmp_path.glob("outlives/search/*/checkpoint_*"))
                < seen
            ):
                assert time.monotonic() < deadline
                assert process.poll() is None, process.communicate()
                time.sleep(0.1)
            machines.remove_node(node, allow_graceful=False)
            node = machines.add_node(num_cpus=1)
        output, errors = process.communicate(timeout=200)
    finally:
        if process is not None and process.poll() is None:
            process.kill()
    assert process.returncode == 0, output + errors
    (row,) = json.loads((tmp_path / "outlives" / "trials.json").read_text())
    assert (row["outcome"], row["iterations"]) == ("completed", 16)


@pytest.mark.slow
def test_lost_machines_of_a_trial_that_several_train_are_no_failures_of_it_either(tmp_path):
    """One is lost while the trial begins, one later; it may not fail once."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.ranked", str(tmp_path)], cwd=ROOT,
        capture_output=True, text=True, timeout=200,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_ADDRESS": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["lost"] == 2
    assert (told["status"], told["steps"], told["failures"]) == ("TERMINATED", 12, 0), done.stderr
    assert told["began"] == 3  # it went on twice


def test_what_goes_along_is_the_folder_or_file_that_a_users_module_is_in(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("import helping\n")
    (tmp_path / "helping.py").touch()
    (tmp_path / "idle.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    own = shipped([])
    assert [Path(place) for place in own] == [ROOT / OWN]
    assert shipped(["automl_on_ray.trainables.image_classifier", "mnist-cnn", "typer"]) == own
    assert shipped(["mine", "docs.own_trainable"]) == [
        *own, str(tmp_path / "mine.py"), str(ROOT / "docs"),
    ]  # fmt: skip
    importlib.import_module("mine")
    assert shipped(["mine"]) == [*own, str(tmp_path / "mine.py"), str(tmp_path / "helping.py")]


def test_a_cluster_that_is_away_is_told_by_the_plan(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)  # a test before may have begun one
    with pytest.raises(UserError, match=r"No Ray cluster at '127\.0\.0\.1:9'"):
        check_address("127.0.0.1:9")


@pytest.mark.slow
def test_a_study_waits_for_the_first_workers_of_a_cluster(machines, tmp_path):
    process = None
    try:
        process = start(
            "--address", machines.address, "--trainable", "tests.helpers.crashing:Steady",
            "--space", "tests.helpers.crashing:SPACE", "--trials", 2, "--epochs", 2,
            "--final-seeds", 0, "--name", "early", "--storage", tmp_path,
        )  # fmt: skip
        assert "Waiting up to 20 min for workers" in process.stdout.readline()
        for _ in range(2):
            machines.add_node(num_cpus=1)
        output, errors = process.communicate(timeout=200)
    finally:
        if process is not None and process.poll() is None:
            process.kill()
    assert process.returncode == 0, output + errors
    assert "2 at once" in output
