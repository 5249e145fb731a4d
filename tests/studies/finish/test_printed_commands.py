"""What a study prints at its end works when it is pasted into a fresh shell, in another folder."""

import contextlib
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request

import psutil
import pytest

from tests.helpers.studies import ONE, OWN, QUICK, typed
from tests.helpers.waiting import free_port, wait_until
from tests.studies.upkeep.test_studies_command import told

LINE = re.compile(r"^  (?=\S*(?:python|cd |[A-Z_]+=))(.+)$", re.M)


@pytest.fixture(scope="module")
def printed(storage, ray_cluster):
    """Commands at the end of a study of digits."""
    study = typed(
        "--storage", storage, "--name", "told", *QUICK, "--trials", 1, "--epochs", 1,
        "--final-seeds", 1, "--searcher", "random",
    )  # fmt: skip
    assert study.exit_code == 0, study.output
    return study.output


def pasted(line, folder, **options):
    """In a shell that knows nothing: no folder, no environment of this one but the user's key."""
    bare = {"PATH": os.defpath, "HOME": str(folder)}
    bare["AUTOML_KEY_FILE"] = os.environ["AUTOML_KEY_FILE"]
    return subprocess.Popen(
        ["sh", "-c", line], cwd=folder, env=bare, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **options,
    )  # fmt: skip


@pytest.mark.whole
def test_each_command_that_is_printed_runs(printed, storage, tmp_path):
    commands = LINE.findall(printed)
    ui = [line for line in commands if "ui.py" in line]
    model = [line for line in commands if "load_model(" in line]
    assert len(ui) == 1
    assert len(model) == 1
    assert len(commands) == 2
    done = pasted(model[0], tmp_path)
    said, _ = done.communicate(timeout=300)
    assert done.returncode == 0, said
    assert "<Model models:/hpo-digits/1: grey pictures" in said
    serves_until_it_is_killed(ui[0], tmp_path)


def serves_until_it_is_killed(line, folder):
    """All that it has started ends with it."""
    port = free_port()
    shell = pasted(f"{line} --port {port}", folder)
    said = []

    def is_up():
        said.append(shell.stdout.readline())
        return "Ctrl-C ends the server." in said[-1]

    try:
        wait_until(is_up, process=shell)
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10).close()
        began = psutil.Process(shell.pid).children(recursive=True)
        (command,) = [
            one
            for one in (psutil.Process(shell.pid), *began)  # the shell may have become it
            if one.cmdline()[1].endswith("ui.py")
        ]
        command.kill()
        shell.wait(60)
        assert len(began) > 1
        assert not psutil.wait_procs(began, timeout=60)[1]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
    assert any(f"http://127.0.0.1:{port}" in each for each in said)
    with pytest.raises((urllib.error.URLError, OSError)):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)


@pytest.mark.whole
def test_the_command_that_goes_on_is_right_in_any_folder(storage, ray_cluster, tmp_path):
    words = [*OWN, *ONE, "--trainable", "tests.helpers.crashing:Steady", "--searcher", "random",
             "--scheduler", "fifo", "--epochs", 2, "--final-seeds", 0, "--trials"]  # fmt: skip
    first = typed("--storage", storage, "--name", "steady", *words, 1)
    assert first.exit_code == 0, first.output
    (again,) = [line for line in LINE.findall(told(storage, "show", "steady")) if "hpo.py" in line]
    done = pasted(f"{again} --trials 2", tmp_path)
    said, _ = done.communicate(timeout=500)
    assert done.returncode == 0, said
    assert "2 trials: 2 " in said
