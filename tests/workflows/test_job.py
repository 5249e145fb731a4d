"""Studies that are submitted as jobs of Ray, as docs/cluster.md says."""

import json
import socket
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from tests.workflows.homes import RAY, ROOT, at, end_all, start_head
from tests.workflows.studies import SLOW, runs_of


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def job(home):
    """`ray job ...` on a head of its own."""
    free = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    port, agent = (one.getsockname()[1] for one in free)
    for one in free:
        one.close()
    # As cluster.yaml has them.
    set_up = {"RAY_AUTH_MODE": "disabled", "RAY_JOB_STOP_WAIT_TIME_S": "120"}
    dashboard = ("--include-dashboard=true", f"--dashboard-port={port}")
    # By default the agents of all Rays of a machine want the same port.
    dashboard += (f"--dashboard-agent-listen-port={agent}",)
    begun = start_head(home, "--num-cpus=2", *dashboard, **set_up)
    assert begun.returncode == 0, begun.stderr
    address = f"--address=http://127.0.0.1:{port}"
    try:
        yield lambda verb, *words: at(home, *RAY, "job", verb, address, *words, **set_up)
    finally:
        end_all(home)


def trials_of(home):
    """Processes of trials under the head's Ray."""
    found = []
    for one in psutil.process_iter():
        try:
            theirs = any(str(home) in " ".join(parent.cmdline()) for parent in one.parents())
            if theirs and one.cmdline()[:1] and one.cmdline()[0].startswith("ray::Slow"):
                found.append(one)
        except psutil.Error:
            continue
    return found


def submit(job, *words):
    """Again while Ray says so: the head's agent comes up after the head."""
    deadline = time.monotonic() + 90
    while True:
        done = job("submit", *words)
        if "No available agent" not in done.stderr or time.monotonic() > deadline:
            return done
        time.sleep(1)


@pytest.mark.slow
def test_a_stopped_job_leaves_no_trial_and_the_same_one_goes_on(job, home, tmp_path):
    study = [*SLOW, "--scheduler", "fifo", "--trials", 4, "--epochs", 15, "--final-seeds", 0,
             "--name", "job", "--storage", tmp_path]  # fmt: skip
    command = map(str, [sys.executable, "workflows/hpo.py", *study])
    submitted = ("--working-dir", ROOT, "--", *command)
    first = submit(job, "--submission-id=first", "--no-wait", *submitted)
    assert first.returncode == 0, first.stdout + first.stderr
    deadline = time.monotonic() + 90
    while not (list(tmp_path.glob("job/search/*/result.json")) and trials_of(home)):
        assert time.monotonic() < deadline, job("logs", "first").stdout
        time.sleep(0.2)
    assert job("stop", "first").returncode == 0
    told = job("logs", "first").stdout
    assert "everything is kept. To go on:" in told
    assert "--name job" in told
    assert not trials_of(home)
    assert "RUNNING" not in {t.info.status for t in runs_of(tmp_path, "job")["trial"]}
    begun = {path.name for path in tmp_path.glob("job/search/*/")}

    again = submit(job, "--submission-id=again", *submitted)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "4 trials: 4 completed" in again.stdout
    assert begun <= {path.name for path in tmp_path.glob("job/search/*/")}
    rows = json.loads((tmp_path / "job" / "trials.json").read_text())
    assert [row["iterations"] for row in rows] == [15] * 4
    assert len(runs_of(tmp_path, "job")["trial"]) == 4
