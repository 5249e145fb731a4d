"""Which Ray a command joins or starts, and what it says where there is none."""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from automl_on_ray.clusters import patience
from tests.helpers.homes import ALONE, ROOT, alone, at, end_all, start_head

needs_to_be_alone = pytest.mark.skipif(
    not alone(), reason="other tests' Rays would be found: no namespaces of processes here"
)


@pytest.fixture
def home():
    """A home with Ray's note of a cluster where nothing listens; a short path, for its sockets."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "ray").mkdir()
        (Path(folder) / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
        yield Path(folder)


def join(home, address, **options):
    started = f"start_ray({address!r})"
    code = f"import ray; from automl_on_ray.clusters.connect import start_ray; {started}"
    options = {"RAY_TMPDIR": str(home), **options}
    return at(home, "-c", code + "; print(ray.is_initialized())", **options)


# A trainable's module may be none that can be imported: where no cluster is joined it need not be.
DRIVER = """
import signal
from automl_on_ray.clusters.connect import start_ray

start_ray(None, modules=["__main__"])
try:
    print("started", flush=True)
    signal.pause()
except KeyboardInterrupt:
    print("stopped as by Ctrl-C", flush=True)
signal.pause()
"""


@pytest.mark.whole
def test_a_ray_starts_beside_what_a_killed_one_left_and_ends_with_its_driver(home):
    """And SIGTERM stops the driver as Ctrl-C does; what is left when it is killed ends soon.

    That a process is ended with all that it has started, quickly: tests/clusters/test_shutdown.py,
    tests/command_line/test_tethered.py.
    """
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER], cwd=ROOT, stdout=subprocess.PIPE, text=True,
        env={**environment, "HOME": str(home), "RAY_TMPDIR": str(home)},
    )  # fmt: skip
    assert driver.stdout.readline() == "started\n"
    began = psutil.Process(driver.pid).children(recursive=True)
    assert "raylet" in {process.name() for process in began}
    driver.terminate()
    assert driver.stdout.readline() == "stopped as by Ctrl-C\n"
    driver.kill()
    driver.wait()
    assert not psutil.wait_procs(began, timeout=30)[1]


def test_a_ray_that_cannot_be_started_here_is_told_as_such(home):
    """Ray's sockets need a short path."""
    done = join(home, None, RAY_TMPDIR=str(home / ("long" * 40)))
    assert "UserError: Ray could not be started on this machine: " in done.stderr


# By Ray's note, by RAY_ADDRESS, and by neither.
NOBODY = """
import os
from pathlib import Path
from automl_on_ray.clusters.connect import start_ray
from automl_on_ray.search_spaces.core import UserError

def told():
    try:
        start_ray("auto")
    except UserError as error:
        print(error)

told()
os.environ["RAY_ADDRESS"] = "127.0.0.1:2"
told()
del os.environ["RAY_ADDRESS"]
(Path(os.environ["RAY_TMPDIR"]) / "ray" / "ray_current_cluster").unlink()
told()
"""


@needs_to_be_alone
def test_a_cluster_that_was_asked_for_and_is_gone_is_told_at_once_and_that_there_is_none(home):
    """Of `auto`, which one that was: what Ray's note or RAY_ADDRESS says."""
    done = at(home, "-c", NOBODY, under=ALONE, RAY_TMPDIR=str(home))
    noted, named, none = done.stdout.splitlines()
    assert noted.startswith("No Ray cluster at '127.0.0.1:1': Connection refused")
    assert named.startswith("No Ray cluster at '127.0.0.1:2': Connection refused")
    assert "token" not in noted + named
    assert none.startswith("No Ray runs on this machine")


def test_a_cluster_whose_token_is_missing_is_told(home):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        done = join(home, address, RAY_AUTH_MODE="token")
    assert f"UserError: No Ray cluster at '{address}'" in done.stderr
    assert "~/.ray/auth_token" in done.stderr


@pytest.mark.whole
def test_a_cluster_of_this_machine_that_asks_for_a_token_gets_it(home):
    """Ray asks for one wherever its own first study has left one in the user's home."""
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("ab" * 32)
    begun = start_head(home)
    try:
        assert begun.returncode == 0, begun.stderr
        done = join(home, "auto")
        assert done.stdout.splitlines()[-1:] == ["True"], done.stderr
    finally:
        end_all(home)


@pytest.mark.parametrize(
    ("given", "named", "joins"),
    [(None, None, False), (None, "auto", True), ("auto", None, True), (None, "local", False)],
)
def test_only_beside_a_cluster_is_a_starting_mlflow_waited_for(given, named, joins, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if named is not None:
        monkeypatch.setenv("RAY_ADDRESS", named)
    assert (patience(given) > 0) == joins
