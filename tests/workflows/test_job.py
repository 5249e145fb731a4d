"""Studies that are submitted as jobs of Ray, as docs/cluster.md says."""

import json
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from automl_on_ray.clusters.connect import OWN
from tests.helpers.homes import RAY, ROOT, at, end_all, start_head
from tests.helpers.studies import ONE, runs_of
from tests.helpers.waiting import listens, wait_until


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
        wait_until(lambda: listens(agent))  # it comes up after the head, and starts jobs
        yield lambda verb, *words: at(home, *RAY, "job", verb, address, *words, **set_up)
    finally:
        end_all(home)


def trials_of(home):
    """Processes of trials under the head's Ray."""
    found = []
    for one in psutil.process_iter():
        try:
            theirs = any(str(home) in " ".join(parent.cmdline()) for parent in one.parents())
            if theirs and one.cmdline()[:1] and one.cmdline()[0].startswith("ray::Told"):
                found.append(one)
        except psutil.Error:
            continue
    return found


STUDY = ("--trainable", "tests.hosts.told:Told", "--space", "tests.hosts.told:SPACE",
         "--objective", "score", "--searcher", "random")  # fmt: skip


def copied(folder):
    """The repository, edited since it was installed."""
    code = folder / "code"
    unneeded = shutil.ignore_patterns("__pycache__")
    for name in (
        OWN,
        *(room.name for room in (ROOT / OWN).iterdir() if room.is_symlink()),
        "tests",
    ):
        shutil.copytree(ROOT / name, code / name, symlinks=True, ignore=unneeded)
    with (code / "trainables" / "__init__.py").open("a") as edited:
        edited.write("EDITION = 2\n")
    return code


def submit(job, *words):
    """Again while Ray says so: the head's agent is known to it a moment after it listens."""
    done = []

    def taken():
        done.append(job("submit", *words))
        return "No available agent" not in done[-1].stderr

    wait_until(taken, pause=1.0)
    return done[-1]


@pytest.mark.whole
def test_a_stopped_job_leaves_no_trial_and_the_same_one_goes_on(job, home, storage, tmp_path):
    code, runs = copied(tmp_path), storage
    study = [*STUDY, *ONE, "--scheduler", "fifo", "--trials", 2, "--epochs", 15, "--final-seeds", 0,
             "--name", "job", "--storage", runs]  # fmt: skip
    command = map(str, [sys.executable, "workflows/hpo.py", *study])
    submitted = ("--working-dir", code, "--", *command)
    first = submit(job, "--submission-id=first", "--no-wait", *submitted)
    assert first.returncode == 0, first.stdout + first.stderr
    wait_until(lambda: list(runs.glob("job/search/*/result.json")) and trials_of(home))
    assert job("stop", "first").returncode == 0
    told = (home / "ray" / "session_latest" / "logs" / "job-driver-first.log").read_text()
    assert "everything is kept. To go on:" in told
    assert "--name job" in told
    assert not trials_of(home)
    assert "RUNNING" not in {t.info.status for t in runs_of(runs, "job")["trial"]}
    begun = {path.name for path in runs.glob("job/search/*/")}

    again = submit(job, "--submission-id=again", *submitted)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "2 trials: 2 completed" in again.stdout
    assert begun <= {path.name for path in runs.glob("job/search/*/")}
    rows = json.loads((runs / "job" / "trials.json").read_text())
    assert [row["iterations"] for row in rows] == [15] * 2
    assert len(runs_of(runs, "job")["trial"]) == 2
    told = [
        json.loads(line) for file in runs.glob("job/search/*/result.json") for line in file.open()
    ]
    assert {report["edition"] for report in told} == {2}
