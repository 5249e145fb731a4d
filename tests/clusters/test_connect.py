"""Studies on a cluster that is joined: which code its nodes run, what they see of the storage."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import ray
from ray.cluster_utils import Cluster

from automl_on_ray.clusters import connect, find_storage
from automl_on_ray.clusters.connect import OWN, check_address, shipped
from automl_on_ray.search_spaces.core import UserError
from tests.bucket import Bucket
from tests.helpers.crashing import GATE
from tests.helpers.studies import wait_for
from tests.helpers.waiting import wait_until

ROOT = Path(__file__).parents[2]
MINE = """
from ray import tune
from automl_on_ray import trainables
from automl_on_ray.search_spaces.domains.search_space import SearchSpace

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


# Several commands one after another: to import and to join takes longer than each of them.
DRIVER = """
import json
import sys
from typer import Typer
from typer.testing import CliRunner
from automl_on_ray.workflows.hpo import hpo

app = Typer()
app.command()(hpo)
done = {name: CliRunner().invoke(app, words) for name, words in json.loads(sys.argv[1]).items()}
print(json.dumps({name: (one.exit_code, one.stdout, one.stderr) for name, one in done.items()}))
"""


@pytest.fixture(scope="module")
def bucket():
    with Bucket("studies") as found:
        yield found


@pytest.fixture(scope="module")
def cluster(bucket, tmp_path_factory):
    """A head without CPUs, a node that has an empty disk at `hidden`, one that sees no bucket."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root, and mount namespaces")
    hidden = tmp_path_factory.mktemp("hidden")
    found = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    ray = f"{sys.executable} -m ray.scripts.scripts start --block --num-cpus 1"
    inside = f"mount -t tmpfs none {hidden} && exec {ray} --address {found.address}"
    found.add_node(num_cpus=0, env_vars={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    node = _joined(found, ["unshare", "--mount", "bash", "-c", inside], nodes=3)
    yield found.address, hidden
    node.terminate()
    node.wait(30)
    found.shutdown()


def _joined(cluster, command, *, nodes, tries=3):
    """The process of a node that is up. `ray start` gives up after 30 s, too soon on a busy one."""
    node = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: len(cluster.global_state._live_node_ids()) == nodes, process=node)
    except AssertionError:
        if tries == 1:
            raise
        return _joined(cluster, command, nodes=nodes, tries=tries - 1)
    return node


@pytest.fixture(scope="module")
def told(cluster, storage):
    """What commands say on that cluster: exit code, output, errors. And the folder of studies.

    They run in the folder `hidden`, where a trainable of the user's and data are.
    """
    (address, code), runs = cluster, storage
    (code / "mine.py").write_text(MINE)
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    np.savez(code / "mine.npz", x_train=images, y_train=np.arange(60) % 3)
    mine = ["--trainable", "mine:Mine", "--space", "mine:SPACE", "--objective", "score"]
    asked = {
        "seen": (runs, *mine),
        "hidden storage": (code / "runs", *mine),
        "data file": (runs, "--objective", "accuracy", "--dataset", code / "mine.npz"),
        "data folder": (runs, "--objective", "accuracy", "--dataset", "digits", "--data-dir", code),
        "bucket": ("s3://studies/runs", *mine),
    }
    every = ["--address", address, "--searcher", "random", "--scheduler", "fifo", "--trials", "1",
             "--epochs", "1", "--final-seeds", "0"]  # fmt: skip
    commands = {
        name: [*every, "--name", name, "--storage", *map(str, words)]
        for name, words in asked.items()
    }
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, json.dumps(commands)], cwd=code, text=True, timeout=300,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(code)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1]), runs


@pytest.mark.whole
def test_the_nodes_of_a_cluster_run_the_code_that_the_driver_has(told):
    said, runs = told
    assert said["seen"][0] == 0, said["seen"]
    rows = json.loads((runs / "seen" / "trials.json").read_text())
    assert [row["metrics"]["score"] for row in rows] == [1.0]


@pytest.mark.whole
def test_storage_that_a_node_does_not_see_is_refused(told, cluster):
    code, _, errors = told[0]["hidden storage"]
    assert code == 2, errors
    assert "is not the same folder on" in errors
    assert not list((cluster[1] / "runs").glob("*/search"))


@pytest.mark.whole
def test_a_bucket_that_a_node_cannot_write_to_is_refused(told, bucket):
    code, _, errors = told[0]["bucket"]
    assert code == 2, errors
    assert "--storage s3://studies/runs cannot be used by" in errors
    found = bucket.client.list_objects_v2(Bucket="studies")["Contents"]
    assert not [one["Key"] for one in found if "/search/" in one["Key"]]


@pytest.mark.whole
@pytest.mark.parametrize(
    ("name", "option", "place"),
    [("data file", "--dataset", "mine.npz"), ("data folder", "--data-dir", "")],
)
def test_data_that_a_node_does_not_see_are_refused(name, option, place, told, cluster):
    said, runs = told
    code, _, errors = said[name]
    assert code == 2, errors
    assert f"{option} {cluster[1] / place} is not the same on" in errors
    assert not (runs / name / "search").exists()


@pytest.fixture(scope="module")
def lasting(storage):
    """A study that began before its cluster had workers, and lost them all.

    Its trial may not fail. What it said, first and then, and where it is.
    """
    machines = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    runs, gate = storage, storage / "lost"

    def machine():
        return machines.add_node(num_cpus=1, env_vars={GATE: str(gate)})

    command = [
        sys.executable, ROOT / "workflows" / "hpo.py", "--searcher", "random", "--scheduler",
        "fifo", "--objective", "score", "--address", machines.address, "--trainable",
        "tests.helpers.crashing:Gated", "--space", "tests.helpers.crashing:SPACE",
        "--trials", 1, "--epochs", 4, "--max-failures", 0, "--final-seeds", 0, "--name", "lasting",
        "--storage", runs,
    ]  # fmt: skip
    process = subprocess.Popen(
        [str(word) for word in command], cwd=ROOT, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        first = ""  # on a busy machine it says what takes long before
        while "Waiting" not in first and process.poll() is None:
            first += process.stdout.readline()
        nodes = [machine() for _ in range(2)]
        wait_for("lasting/search/*/checkpoint_000001", runs, process)
        for node in nodes:
            machines.remove_node(node, allow_graceful=False)
        gate.touch()
        machine()
        output, errors = process.communicate(timeout=200)
    finally:
        process.kill()
        machines.shutdown()
    assert process.returncode == 0, output + errors
    return first, output, runs


@pytest.mark.whole
def test_a_study_waits_for_the_first_workers_of_a_cluster(lasting):
    first, output, _ = lasting
    assert "Waiting up to 20 min for workers" in first
    assert "2 at once" in output


@pytest.mark.whole
def test_a_trial_outlives_more_machines_than_it_may_fail(lasting):
    """One is lost, with --max-failures 0; it goes on from its checkpoint."""
    rows = json.loads((lasting[2] / "lasting" / "trials.json").read_text())
    assert [(row["outcome"], row["iterations"]) for row in rows] == [("completed", 4)]


@pytest.mark.whole
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
    assert (told["status"], told["steps"], told["failures"]) == ("TERMINATED", 5, 0), done.stderr
    assert told["began"] == 3  # it went on twice


def test_a_folder_that_another_node_sees_otherwise_is_refused(tmp_path, monkeypatch):
    """What nodes answer is made up; those of `cluster` are asked in truth."""
    monkeypatch.setattr(connect, "_nodes", lambda: [{}, {}])
    monkeypatch.setattr(connect, "_ask_nodes", lambda function, path: [("192.0.2.9", "nothing")])
    with pytest.raises(UserError, match=r"is not the same folder on 192\.0\.2\.9 as here"):
        connect.check_shared(find_storage(str(tmp_path)))
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match=r"--data-dir .* is not the same on 192\.0\.2\.9 as here"):
        connect.check_data({"dataset": "digits", "data_dir": str(tmp_path)})
    monkeypatch.setattr(connect, "_ask_nodes", lambda function, path: [("here", function(path))])
    connect.check_shared(find_storage(str(tmp_path)))
    connect.check_data({"dataset": "digits", "data_dir": str(tmp_path)})


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


def test_of_a_script_that_runs_go_along_its_file_and_what_it_imported_from_beside(
    tmp_path, monkeypatch
):
    (tmp_path / "beside.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("beside")
    script = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", script)
    assert shipped(["__main__"]) == shipped([])  # a notebook
    script.__file__ = str(tmp_path / "script.py")
    assert shipped(["__main__"]) == [
        *shipped([]), str(tmp_path / "script.py"), str(tmp_path / "beside.py"),
    ]  # fmt: skip


def test_a_cluster_that_is_away_is_told_by_the_plan(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)  # a test before may have begun one
    with pytest.raises(UserError, match=r"No Ray cluster at '127\.0\.0\.1:9'"):
        check_address("127.0.0.1:9")
