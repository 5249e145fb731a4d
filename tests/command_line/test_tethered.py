"""Commands that end with the process that started them."""

import subprocess
import sys

import psutil
import pytest

from automl_on_ray.command_line import start_tethered

# It starts a process of its own, says so, and does not care for SIGTERM.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("started", flush=True)
time.sleep(600)
"""
STARTER = """
import subprocess, sys, time
from automl_on_ray.command_line import tethered
started = tethered.start_tethered([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE)
started.stdout.readline()
print("started", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_all_that_a_killed_process_has_started_ends(how):
    obedient = STUBBORN.replace("SIG_IGN", "SIG_DFL")
    starter = subprocess.Popen([sys.executable, "-c", STARTER, obedient], stdout=subprocess.PIPE)
    assert starter.stdout.readline()
    children = psutil.Process(starter.pid).children(recursive=True)
    getattr(starter, how)()
    starter.communicate()
    assert len(children) == 3
    assert not psutil.wait_procs(children, timeout=30)[1]


def test_what_does_not_end_when_told_is_killed():
    started = start_tethered([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE)
    started.stdout.readline()
    children = psutil.Process(started.pid).children(recursive=True)
    started.stdin.close()
    assert len(children) == 2
    assert not psutil.wait_procs([*children, started], timeout=30)[1]
    started.stdout.close()


def test_its_code_is_the_commands():
    assert start_tethered([sys.executable, "-c", "raise SystemExit(7)"]).wait(30) == 7
