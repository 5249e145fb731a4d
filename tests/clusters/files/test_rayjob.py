"""deploy/rayjob.yaml against what it refers to; no Kubernetes is asked."""

import os
import re
import subprocess
import sys

import pytest
import yaml

from automl_on_ray.clusters.doctor.versions import pinned
from tests.clusters.files.filled import ROOT


@pytest.fixture(scope="module")
def job():
    return yaml.safe_load((ROOT / "deploy" / "rayjob.yaml").read_text())["spec"]


def test_its_ray_is_the_tested_one(job):
    tested = pinned((ROOT / "constraints.txt").read_text())["ray"]
    assert job["rayClusterSpec"]["rayVersion"] == tested
    assert f"rayproject/ray:{tested}-" in (ROOT / "deploy" / "rayjob.yaml").read_text()


def test_the_head_has_no_trials_and_workers_come_when_needed(job):
    cluster = job["rayClusterSpec"]
    start = cluster["headGroupSpec"]["rayStartParams"]
    assert (start["num-cpus"], start["num-gpus"]) == ("0", "0")
    (workers,) = cluster["workerGroupSpecs"]
    assert workers["minReplicas"] == 0
    assert cluster["enableInTreeAutoscaling"]
    (container,) = workers["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 4


def test_what_it_runs_takes_these_options(job):
    helped = subprocess.run(
        [sys.executable, ROOT / "workflows" / "nas.py", "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}, capture_output=True,
        text=True, timeout=120,
    ).stdout  # fmt: skip
    options = re.findall(r"--[a-z-]+", job["entrypoint"])
    assert options
    assert not [option for option in options if option not in helped]
