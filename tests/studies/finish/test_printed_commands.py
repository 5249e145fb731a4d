"""What a study prints at its end works when it is pasted into a fresh shell, in another folder."""

import os
import re
import signal
import subprocess

import pytest

from tests.helpers.studies import QUICK, start
from tests.helpers.waiting import free_port, wait_until

LINE = re.compile(r"^  (?=\S*(?:python|cd |[A-Z_]+=))(.+)$", re.M)


@pytest.fixture(scope="module")
def printed(storage):
    """Commands at the end of a study of digits, and of `studies.py show`."""
    study = start(
        storage, "told", *QUICK, "--trials", 2, "--epochs", 1, "--final-seeds", 1, "--searcher",
        "random",
    )  # fmt: skip
    said, _ = study.communicate(timeout=500)
    assert study.returncode == 0, said
    return said


def pasted(line, folder, **options):
    """In a shell that knows nothing: no folder, no environment of this one."""
    bare = {"PATH": os.defpath, "HOME": str(folder)}
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
    answers(f"{ui[0]} --port {free_port()}", tmp_path)


def answers(line, folder):
    """Whether the server has said that it is there; it is ended then."""
    server = pasted(line, folder)
    said = []

    def is_up():
        said.append(server.stdout.readline())
        return "Ctrl-C ends the server." in said[-1]

    try:
        wait_until(is_up, process=server)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
    assert any("http://127.0.0.1" in each for each in said)


@pytest.mark.whole
def test_the_command_that_goes_on_is_right_in_any_folder(printed, storage, tmp_path):
    (ui,) = [line for line in LINE.findall(printed) if "ui.py" in line]
    root = ui.replace("ui.py", "studies.py show told")
    shown = pasted(root, tmp_path)
    said, _ = shown.communicate(timeout=200)
    assert shown.returncode == 0, said
    (again,) = [line for line in LINE.findall(said) if "hpo.py" in line]
    done = pasted(f"{again} --trials 3", tmp_path)
    said, _ = done.communicate(timeout=500)
    assert done.returncode == 0, said
    assert "3 trials: 3 " in said
