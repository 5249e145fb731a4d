"""What a command line says of errors that are nobody's bug."""

import errno
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ray.tune import TuneError

from automl_on_ray.command_line import errors_and_exit_codes, user_errors_to_exit_codes
from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.workflows import export

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UserError("It is\nwrong."), 2, "Error: It is wrong."),
        (UserError("No \x1b[2J" + "x" * 5000), 2, r"Error: No \x1b[2Jxxxx"),
        (FULL, 3, "free some, and the same command goes on"),
        (TuneError(f"Traceback ...\n{FULL}"), 3, "free some, and the same command goes on"),
        (KeyboardInterrupt(), 130, "Stopped; nothing was lost."),
    ],
)
def test_it_is_one_line_and_an_exit_code(error, code, said, capsys):
    with pytest.raises(SystemExit) as ended, user_errors_to_exit_codes():
        raise error
    assert ended.value.code == code
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert len(line) < 400


def test_other_errors_keep_their_traceback():
    with pytest.raises(ZeroDivisionError), user_errors_to_exit_codes():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("edit", "home", "refused"),
    [("", ".", False), ("# Edited since.\n", ".", True), ("# The user's own.\n", "..", False)],
)
def test_a_script_that_was_sent_alone_must_be_of_the_code_that_it_imports(
    edit, home, refused, tmp_path
):
    """As `ray submit` does, into the head's home."""
    sent = tmp_path / "export.py"
    sent.write_text((Path(export.__file__)).read_text() + edit)
    done = subprocess.run(
        [sys.executable, sent, "models:/none/1", "--out", sent],
        text=True, capture_output=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(export.__file__).parents[1]),
             "HOME": str((tmp_path / home).resolve())},
    )  # fmt: skip
    assert done.returncode == 2
    assert ("ray rsync-up" if refused else "is a file; give a folder") in done.stderr


def test_the_command_that_goes_on_can_be_pasted_into_any_shell(tmp_path, monkeypatch):
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / "hpo.py").write_text(
        "import os, sys\nprint(sys.argv, os.getcwd(), os.environ.get('AUTOML_STORAGE'), "
        "os.environ.get('MLFLOW_TRACKING_TOKEN'), sys.executable)"
    )
    monkeypatch.setattr(errors_and_exit_codes, "_FOLDER", str(folder))
    settings = {"AUTOML_STORAGE": "s p a", "MLFLOW_TRACKING_TOKEN": "secret", "PYTHONPATH": ""}
    monkeypatch.setattr(errors_and_exit_codes, "_ENVIRONMENT", settings)
    monkeypatch.setattr(sys, "argv", ["hpo.py", "--storage", "50% of $HOME"])
    done = subprocess.run(
        ["bash", "-c", errors_and_exit_codes.command_line()],
        cwd="/",
        env={},
        capture_output=True,
        text=True,
    )
    argv = ["hpo.py", "--storage", "50% of $HOME"]
    assert done.stdout.strip() == f"{argv} {folder} s p a None {sys.executable}", done.stderr


@pytest.mark.parametrize(
    ("typed", "goes_on"),
    [
        ([], ["--name", "mine"]),
        (["--fresh", "--name", "mine"], ["--name", "mine"]),
        (["--name=mine", "--seed", "2"], ["--name=mine", "--seed", "2"]),
        (["--config", "a.yaml"], ["--config", "a.yaml", "--no-fresh", "--name", "mine"]),
    ],
)
def test_the_command_that_goes_on_has_the_name_and_begins_nothing_anew(typed, goes_on, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hpo.py", *typed])
    monkeypatch.setattr(errors_and_exit_codes, "_ENVIRONMENT", {})
    command = errors_and_exit_codes.same_command("mine")
    assert command.endswith(" && " + shlex.join([sys.executable, "hpo.py", *goes_on]))


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        (["--try-first", "a.json", "--seed", "2"], ["--seed", "2"]),
        (["--seed", "2", "--try-first=a.json"], ["--seed", "2"]),
        (["--synchronous", "--seed", "2"], ["--seed", "2"]),
        (["--limit", "a <= 1", "--seed", "2", "--limit", "b <= 1"], ["--seed", "2"]),
        (["--try-firstly", "a"], ["--try-firstly", "a"]),
    ],
)
def test_a_command_can_be_told_without_some_of_its_options(typed, left, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hpo.py", *typed, "--name", "mine"])
    monkeypatch.setattr(errors_and_exit_codes, "_ENVIRONMENT", {})
    without = ["try_first", "synchronous", "limit"]
    command = errors_and_exit_codes.same_command("mine", without=without)
    expected = shlex.join([sys.executable, "hpo.py", *left, "--name", "mine"])
    assert command.endswith(f" && {expected}")


@pytest.mark.parametrize("name", ["mine", "a+b=c, (@ä), name='x'"])
def test_python_is_told_to_leave_options_out(name, monkeypatch):
    monkeypatch.setattr(sys, "argv", [""])
    with errors_and_exit_codes.python_call():
        command = errors_and_exit_codes.same_command(name, without=["try_first"])
        again = errors_and_exit_codes.with_options(command, name="other", replay="s.json")
    assert command == f"the same call in Python, with try_first=None, name={name!r}"
    assert again == "the same call in Python, with try_first=None, name='other', replay='s.json'"
