"""The shell commands of the cluster files, run as Ray runs them, in a home of their own."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from mlflow.tracking import MlflowClient

from tests.clusters.files import filled
from tests.helpers.waiting import free_port, listens, wait_until

ROOT = Path(__file__).parents[3]
# Stands for the machine's Python: all it does but to install things, which it only notes.
PYTHON = """#!/bin/bash
case "$*" in
  "-m pip install"*) echo "$*" >> "$HOME/pip.log" ;;
  *) exec {python} "$@" ;;
esac
"""


@pytest.fixture
def config(tmp_path):
    values = {**filled.ONPREM, "FILL_IN_STORAGE": str(tmp_path / "nfs")}
    return filled.config("cluster-onprem.yaml", values)


@pytest.fixture
def head(tmp_path):
    return machine(tmp_path / "head")


def machine(home):
    """What `ray up` finds: the mounted repository, and a virtual environment made before."""
    scripts = home / "automl-venv" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "python").write_text(PYTHON.format(python=sys.executable))
    (scripts / "python").chmod(0o755)
    (scripts / "python3").symlink_to("python")
    (scripts / "mlflow").symlink_to(Path(sys.executable).parent / "mlflow")
    (home / "automl").mkdir()
    for name in ("constraints.txt", "pyproject.toml"):
        (home / "automl" / name).write_text((ROOT / name).read_text())
    (home / ".bashrc").write_text("")
    return home


def run(home, command):
    """As Ray's command runner has it; the repository is importable, as after an installation."""
    done = subprocess.run(
        ["bash", "--login", "-c", f"source ~/.bashrc && cd {ROOT} && ({command})"],
        env={"HOME": str(home), "PATH": os.environ["PATH"]}, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


def set_up(home, config):
    for command in config["setup_commands"] + config["head_setup_commands"]:
        run(home, command)


def test_setting_up_twice_is_setting_up_once(head, config):
    set_up(head, config)
    before = {path: path.read_text() for path in head.glob(".*") if path.is_file()}
    set_up(head, config)
    assert {path: path.read_text() for path in head.glob(".*") if path.is_file()} == before
    (installed,) = (head / "pip.log").read_text().splitlines()
    assert "--constraint constraints.txt" in installed
    assert "--editable .[cluster,export,optuna]" in installed


def test_other_versions_are_installed(head, config):
    set_up(head, config)
    with (head / "automl" / "constraints.txt").open("a") as constraints:
        constraints.write("wandb==0.19.0\n")
    set_up(head, config)
    assert len((head / "pip.log").read_text().splitlines()) == 2


def test_an_installation_that_failed_is_tried_again(head, config):
    python = head / "automl-venv" / "bin" / "python"
    usual = python.read_text()
    python.write_text(usual.replace('>> "$HOME/pip.log"', '>> "$HOME/pip.log"; exit 1'))
    with pytest.raises(AssertionError, match="pip install"):
        set_up(head, config)
    python.write_text(usual)
    set_up(head, config)
    assert len((head / "pip.log").read_text().splitlines()) == 2


def test_drivers_find_what_they_need_in_the_environment(head, config, tmp_path):
    set_up(head, config)
    assert run(head, "echo $AUTOML_STORAGE") == str(tmp_path / "nfs")
    assert run(head, "echo $MLFLOW_TRACKING_URI $RAY_ADDRESS") == "http://127.0.0.1:5000 auto"
    assert run(head, "which python") == str(head / "automl-venv" / "bin" / "python")


def test_a_token_in_the_heads_home_keeps_no_worker_out_unless_asked_to(head, config):
    set_up(head, config)
    assert run(head, "echo $RAY_AUTH_MODE") == "disabled"
    asked = "export RAY_AUTH_MODE=token"
    (head / ".bashrc").write_text(f"{asked}\n{(head / '.bashrc').read_text()}")
    assert run(head, "echo $RAY_AUTH_MODE") == "token"


def test_a_bashrc_whose_last_line_has_no_end_is_not_broken(head, config):
    with (head / ".bashrc").open("a") as file:
        file.write("export MINE=yes")
    set_up(head, config)
    assert run(head, "echo $MINE $MLFLOW_TRACKING_URI") == "yes http://127.0.0.1:5000"


def test_an_edited_storage_arrives(head, config):
    set_up(head, config)
    config["setup_commands"] = [
        one.replace("/nfs", "/elsewhere") for one in config["setup_commands"]
    ]
    set_up(head, config)
    assert run(head, "echo $AUTOML_STORAGE").endswith("/elsewhere")


def start(home, config, port):
    """What the head starts beside Ray."""
    for command in config["head_start_ray_commands"]:
        if not command.startswith("ray ") and "ray start" not in command:
            run(home, command.replace("5000", str(port)))
    try:
        wait_until(lambda: listens(port))
    except TimeoutError:
        pytest.fail((home / "mlflow" / "server.log").read_text())
    return MlflowClient(f"http://127.0.0.1:{port}")


def processes(home, words=""):
    """What was started there, and nothing else of this machine."""
    found = set()
    for process in psutil.process_iter():
        try:
            line = " ".join(process.cmdline())
            if process.environ().get("HOME") == str(home) and words in line:
                found.add(process)
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


def has_run(database, run_id):
    """A database that may not be there yet, or be taken away for a newer one at any time."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return opened.execute("SELECT 1 FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
    except sqlite3.Error:
        return False


def end(home):
    """As if the machine were switched off."""
    for process in processes(home):
        process.kill()


@pytest.mark.whole
def test_a_new_head_goes_on_with_the_runs_of_the_last_one(head, config, tmp_path):
    config["head_start_ray_commands"] = [
        one.replace("store.backup keep", "store.backup keep --seconds 0.5")
        for one in config["head_start_ray_commands"]
    ]
    port, fresh = free_port(), machine(tmp_path / "next")
    copy = tmp_path / "nfs" / "mlflow" / "mlflow.db"
    try:
        set_up(head, config)
        client = start(head, config, port)
        running = processes(head, "mlflow server")
        start(head, config, port)  # `ray up` again, while all is running
        assert processes(head, "mlflow server") == running
        # The second one looks for a first, and ends.
        wait_until(lambda: len(processes(head, "store.backup keep")) == 1)
        run_id = client.create_run(client.create_experiment("study")).info.run_id
        wait_until(lambda: has_run(copy, run_id))
        end(head)
        set_up(fresh, config)
        assert start(fresh, config, port).get_run(run_id).info.run_id == run_id
    finally:
        end(head)
        end(fresh)
