"""A Ray of one's own, whose driver is killed."""

import subprocess
import sys

import psutil
import pytest

DRIVER = """
import sys
from automl_on_ray.clusters.connect import start_ray

start_ray("local")
print("started", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_nothing_outlives_it_for_long():
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout.readline() == "started\n"
    began = psutil.Process(driver.pid).children(recursive=True)
    assert "raylet" in {process.name() for process in began}
    driver.kill()
    driver.wait()
    assert not psutil.wait_procs(began, timeout=30)[1]
