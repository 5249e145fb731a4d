"""Studies on a cluster that is joined: which code its nodes run, what they see of the storage."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

ROOT = Path(__file__).parents[2]
MINE = """
from ray import tune
import trainables
from search_spaces._space import SearchSpace

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


def hpo(address, code, storage):
    (code / "mine.py").write_text(MINE)
    command = [
        sys.executable, ROOT / "workflows" / "hpo.py", "--address", address,
        "--trainable", "mine:Mine", "--space", "mine:SPACE", "--objective", "score",
        "--searcher", "random", "--scheduler", "fifo", "--trials", 2, "--epochs", 1,
        "--name", "mine", "--storage", storage,
    ]  # fmt: skip
    return subprocess.run(
        [str(word) for word in command], cwd=code, capture_output=True, text=True, timeout=200,
        env={**os.environ, "PYTHONPATH": str(code)},
    )  # fmt: skip


@pytest.mark.slow
def test_the_nodes_of_a_cluster_run_the_code_that_the_driver_has(cluster, tmp_path):
    address, hidden = cluster
    done = hpo(address, hidden, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "mine" / "trials.json").read_text())
    assert [row["metrics"]["score"] for row in rows] == [1.0, 1.0]


@pytest.mark.slow
def test_storage_that_a_node_does_not_see_is_refused(cluster):
    address, hidden = cluster
    done = hpo(address, hidden, hidden / "runs")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is not the same folder on" in done.stderr
    assert not list((hidden / "runs").glob("mine/search"))
