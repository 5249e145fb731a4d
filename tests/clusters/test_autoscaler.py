"""Clusters of which an autoscaler has not started all machines, or none."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from automl_on_ray.clusters.autoscaler import Machine, most_of

ROOT = Path(__file__).parents[2]
GROWS = """
import os
import sys
import time
from pathlib import Path
from threading import Thread
from ray._raylet import GcsClient
from ray.autoscaler.v2.sdk import get_cluster_resource_state
from ray.cluster_utils import Cluster
from automl_on_ray.clusters.slots import assign_resources, wait_for_workers

head = {"num_cpus": 0, "include_dashboard": False}
cluster = Cluster(initialize_head=True, head_node_args=head, connect=True)


def asked():
    # What the autoscaler is told to find room for, while the study waits.
    seen, gcs = set(), GcsClient(address=cluster.address)
    while waits:
        for each in get_cluster_resource_state(gcs).pending_resource_requests:
            seen.add(str(dict(each.request.resources_bundle)))
        time.sleep(0.1)
    print("asked for:", *seen)


waits = [True]
thread = Thread(target=asked)
thread.start()
wait_for_workers(cluster.address, minutes=0.05)
waits.clear()
thread.join()
try:
    assign_resources(slots=None, cpus=None, gpus=None)
except Exception as error:
    print("refused:", error)
os.environ["HOME"] = sys.argv[2]  # not before: Ray has its token in the other one
Path("~/ray_bootstrap_config.yaml").expanduser().write_text(sys.argv[1])
print(assign_resources(slots=None, cpus=None, gpus=None))
"""


@pytest.mark.whole
def test_machines_that_an_autoscaler_may_start_are_shared_out_before_they_are_there(tmp_path):
    """As `ray up` leaves its file on the head: with what the machines have, told by AWS."""
    config = yaml.safe_load((ROOT / "cluster.yaml").read_text())
    for name in ("gpu_spot", "gpu_on_demand"):
        config["available_node_types"][name]["resources"] = {"CPU": 48, "GPU": 4}
    done = subprocess.run(
        [sys.executable, "-c", GROWS, yaml.safe_dump(config), str(tmp_path)], cwd=ROOT,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.count("Waiting up to 0.05 min for workers") == 1, done.stderr
    assert "asked for: {'CPU': 1.0}" in done.stdout, done.stderr
    assert "refused: The cluster has no CPU for trials" in done.stdout, done.stderr
    # 4 machines in all, of whichever type.
    assert "Resources(slots=16, cpus=12.0, gpus=1.0)" in done.stdout, done.stderr


def test_the_largest_machines_that_a_cluster_may_have_are_counted():
    config = {
        "max_workers": 3, "head_node_type": "head",
        "available_node_types": {
            "head": {"resources": {"CPU": 8}, "max_workers": 0},
            "small": {"resources": {"CPU": 64}, "max_workers": 9},
            "large": {"resources": {"CPU": 8, "GPU": 2}, "max_workers": 2},
        },
    }  # fmt: skip
    small, large = Machine(64.0, 0.0), Machine(8.0, 2.0)
    assert most_of(config) == [small] * 3
    assert most_of(config, gpus=0.5) == [large] * 2
    assert most_of(config, cpus=65.0) == most_of(config, cpus=9.0, gpus=1.0) == []
    assert most_of({"provider": {"type": "local"}}) == []
