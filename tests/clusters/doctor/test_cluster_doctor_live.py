"""The doctor on a running cluster: two nodes of Ray on this machine, and answers made up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import ray
import typer
from ray.cluster_utils import Cluster
from typer.testing import CliRunner

from automl_on_ray.clusters.doctor.live import (
    absent,
    check_server,
    check_shared,
    is_nearly_full,
    judge,
    judge_clock,
    lateness,
)
from automl_on_ray.clusters.doctor.node import NodeDisk, Seen
from automl_on_ray.clusters.storage_probe import write
from automl_on_ray.workflows.doctor import doctor

ROOT = Path(__file__).parents[3]
ROOMY = NodeDisk("/tmp", 500.0, 0.5)


def node(**resources):
    return {"NodeID": "abcdef012345", "NodeManagerHostname": "w1", "Resources": resources}


def said(seen, **resources):
    return [(one.severity, one.what) for one in judge(node(**resources), seen)]


def test_a_healthy_node_yields_nothing():
    assert said(Seen(4, (ROOMY,), None), CPU=48, GPU=4) == []


def test_a_gpu_that_torch_does_not_see_is_an_error():
    ((severity, what),) = said(Seen(0, (ROOMY,), None), CPU=48, GPU=4)
    assert severity == "error"
    assert "Ray gives out 4 GPUs, torch sees 0" in what


def test_a_gpu_that_ray_does_not_give_out_is_a_warning():
    ((severity, what),) = said(Seen(4, (ROOMY,), None), CPU=48)
    assert severity == "warning"
    assert "torch sees 4 GPUs, Ray gives out 0" in what


def test_a_node_without_torch_or_storage_cannot_run_trials():
    found = said(Seen(None, (ROOMY,), "AWS Error ACCESS_DENIED"), CPU=8)
    assert [severity for severity, _ in found] == ["error", "error"]
    assert "torch cannot be imported" in found[0][1]
    assert "AWS Error ACCESS_DENIED" in found[1][1]


@pytest.mark.parametrize(
    ("disk", "full"),
    [(ROOMY, False), (NodeDisk("/tmp", 9.0, 0.5), True), (NodeDisk("/tmp", 500.0, 0.04), True)],
)
def test_a_disk_is_nearly_full_by_gigabytes_or_by_part(disk, full):
    assert is_nearly_full(disk) is full
    assert bool(said(Seen(0, (disk,), None))) is full


def test_machines_that_the_file_names_and_that_are_not_there_are_told():
    types = {"head": {}, "machine": {"min_workers": 2}}
    here = [node() | {"NodeManagerAddress": f"192.0.2.{last}"} for last in (1, 2)]
    onprem = {"provider": {"worker_ips": ["192.0.2.2", "192.0.2.3"]}, "available_node_types": types}
    (gone,) = absent(onprem, here)
    assert gone.severity == "error"
    assert gone.what.startswith("192.0.2.3 of worker_ips")
    assert (
        absent({"provider": {"worker_ips": ["192.0.2.2"]}, "available_node_types": {}}, here) == []
    )
    (fewer,) = absent({"provider": {"type": "aws"}, "available_node_types": types}, here)
    assert fewer.severity == "warning"
    assert "1 workers are there" in fewer.what


def test_a_clock_is_wrong_only_beyond_what_the_question_took(monkeypatch):
    times = iter([100.0, 130.0] * 3)
    monkeypatch.setattr("automl_on_ray.clusters.doctor.live.time.time", lambda: next(times))
    assert lateness(lambda: 115.0) == 0
    assert lateness(lambda: 135.0) == 5
    assert lateness(lambda: 96.0) == -4


def test_a_wrong_clock_is_told_with_its_direction():
    assert judge_clock(node(), 1.5) == []
    ((ahead,), (behind,)) = (judge_clock(node(), late) for late in (5.0, -4.0))
    assert "5 s ahead" in ahead.what
    assert "4 s behind" in behind.what


def test_what_a_node_wrote_must_be_seen_here_and_is_removed(tmp_path):
    probe = str(tmp_path / "probe")
    assert write(probe, "abcdef012345") is None
    assert check_shared(probe, [node()]) == []
    assert not Path(probe).exists()
    (lost,) = check_shared(probe, [node()])
    assert lost.severity == "error"
    assert "w1 (abcdef01)" in lost.what


def test_a_storage_that_cannot_be_written_is_told_by_its_error(tmp_path):
    (tmp_path / "file").write_text("")
    assert "file" in write(str(tmp_path / "file" / "probe"), "abc")


def test_a_server_that_does_not_answer_is_an_error():
    (found,) = check_server("http://127.0.0.1:9")
    assert found.severity == "error"
    assert check_server(None)[0].severity == "warning"


@pytest.fixture
def mlflow_uri(tmp_path):
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def cluster(monkeypatch):
    """A head without CPUs, as cluster.yaml has it, and a worker that claims to have 64 GPUs."""
    # Nodes import what is here, as they would the mounted repository.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    started = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "num_gpus": 0, "include_dashboard": False},
    )
    started.add_node(num_cpus=1, num_gpus=64)
    yield started
    started.shutdown()


@pytest.mark.whole
def test_every_node_of_a_cluster_is_asked(cluster, mlflow_uri, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "workflows" / "doctor.py", "--live", "--address", cluster.address,
         "--storage", tmp_path, "--tracking-uri", mlflow_uri],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=tmp_path, capture_output=True, text=True,
        timeout=200,
    )  # fmt: skip
    assert "2 nodes were asked, 2 answered." in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("Ray gives out 64 GPUs, torch sees") == 1
    assert done.stdout.count("ERROR") == 1
    assert "storage" not in done.stdout
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_an_address_where_nothing_listens_is_told_at_once(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)  # a test before may have begun one
    app = typer.Typer()
    app.command()(doctor)
    done = CliRunner().invoke(app, ["--live", "--address", "127.0.0.1:1"])
    assert done.exit_code == 2
    assert "No Ray cluster at '127.0.0.1:1': Connection refused." in done.stderr
