"""From a word on the command line to a module, in a room made for the test."""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import automl_on_ray
from automl_on_ray.search_spaces.core import UserError, choices, find, give, load_object

ROOT = Path(__file__).parents[3]


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A room with two choices and machinery. Its name, and the current folder has it too."""
    folder = tmp_path / "parlour"
    folder.mkdir()
    for name in ("__init__", "_machinery", "red_chair", "random_search"):
        (folder / f"{name}.py").write_text(f"NAME = {name!r}\n")
    (folder / "broken_lamp.py").write_text("raise ValueError('no bulb')\n")
    (folder / "_drawer").mkdir()
    monkeypatch.setattr(automl_on_ray, "__path__", [*automl_on_ray.__path__, str(tmp_path)])
    monkeypatch.chdir(tmp_path)
    yield "parlour"
    for module in [m for m in sys.modules if "parlour" in m.split(".")]:
        del sys.modules[module]


def test_public_modules_are_the_choices(room):
    assert choices(room) == {
        "broken-lamp": "automl_on_ray.parlour.broken_lamp",
        "random": "automl_on_ray.parlour.random_search",
        "red-chair": "automl_on_ray.parlour.red_chair",
    }


def test_a_module_is_imported_only_when_it_is_chosen(room):
    choices(room)
    assert "automl_on_ray.parlour.red_chair" not in sys.modules
    assert find(room, "red-chair", kind="chair").NAME == "red_chair"
    assert "automl_on_ray.parlour.random_search" not in sys.modules


def test_underscores_may_be_written_for_dashes(room):
    assert find(room, "red_chair", kind="chair") is find(room, "red-chair", kind="chair")


def test_an_unknown_word_is_answered_with_the_nearest_and_the_list(room):
    with pytest.raises(UserError) as caught:
        find(room, "red-chiar", kind="chair")
    message = str(caught.value)
    assert "Unknown chair 'red-chiar'. Did you mean 'red-chair'?" in message
    assert "There are: broken-lamp, random, red-chair." in message
    assert "put a file into parlour/" in message
    assert "\n" not in message


def test_machinery_is_no_choice(room):
    with pytest.raises(UserError, match="Unknown chair"):
        find(room, "_machinery", kind="chair")


def test_the_spaces_of_this_project_are_found():
    assert {"mnist-cnn", "mnist-cnn-classic"} <= set(choices("search_spaces"))
    for name in choices("search_spaces"):
        assert find("search_spaces", name, kind="space").SPACE.name == name


def test_an_object_of_the_users_is_loaded_from_the_current_folder(room):
    assert load_object("parlour.red_chair:NAME", kind="trainable") == "red_chair"


def test_an_object_in_the_repositorys_root_is_loaded_from_any_folder(room, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if Path(p).resolve() != ROOT])
    monkeypatch.delitem(sys.modules, "docs", raising=False)
    monkeypatch.delitem(sys.modules, "docs.own_trainable", raising=False)
    assert load_object("docs.own_trainable:SPACE", kind="space").name == "quadratic"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.at_all:NAME", "cannot be imported.*package.module:NAME"),
        ("parlour.red_chair:PRICE", "'parlour.red_chair' has no 'PRICE'"),
        ("parlour.red_chair", "not written as package.module:NAME"),
        ("parlour.red_chair:", "not written as package.module:NAME"),
        ("", "not written as package.module:NAME"),
        ("..parlour:NAME", "not written as package.module:NAME"),
        ("parlour/red_chair.py:NAME", "write parlour.red_chair:NAME"),
        ("parlour.broken_lamp:NAME", r"failed: ValueError: no bulb \(.*broken_lamp.py, line 1\)"),
    ],
)
def test_an_object_that_cannot_be_had_is_refused_with_the_reason(room, path, message):
    with pytest.raises(UserError, match=message):
        load_object(path, kind="trainable")


PARSES = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.parse_args()
"""
RUNS_WHEN_IMPORTED = {
    "parses": (PARSES, "parses.*it ended the program"),
    "exits": ("import sys; sys.exit(0)", "exits.*it ended the program"),
    "exits_with_words": ("raise SystemExit('bye')", "exits_with_words.*it ended the program"),
    "interrupts": ("raise KeyboardInterrupt", "interrupts.*KeyboardInterrupt"),
    "is_base": ("raise BaseException('odd')", "is_base.*BaseException: odd"),
    "unreadable": ("x = (", "unreadable.*SyntaxError: .*line 1"),
    "needing": ("import nowhere_at_all", "needs 'nowhere_at_all', which is not installed"),
}


@pytest.mark.parametrize("module", RUNS_WHEN_IMPORTED)
def test_whatever_a_module_does_when_it_is_imported_is_one_line(
    module, room, tmp_path, monkeypatch
):
    source, said = RUNS_WHEN_IMPORTED[module]
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.setattr(sys, "argv", ["hpo.py", "--epochs", "3"])
    with pytest.raises(UserError, match=said) as caught:
        load_object(f"{module}:T", kind="trainable")
    assert "\n" not in str(caught.value)


PRINTING = """
import sys
from automl_on_ray.search_spaces.core.errors import UserError
from automl_on_ray.search_spaces.core.lookup import load_object
for name in sys.argv[1:]:
    try:
        load_object(f"{name}:T", kind="trainable")
    except UserError as error:
        print(error, file=sys.stderr)
"""


def test_what_a_module_prints_is_shown_only_if_it_can_be_imported(tmp_path):
    for module, (source, _) in RUNS_WHEN_IMPORTED.items():
        (tmp_path / f"{module}.py").write_text(f"print('not to be seen')\n{source}")
    (tmp_path / "fine.py").write_text("import os\nos.system('echo seen')\nT = 1\n")
    done = subprocess.run(
        [sys.executable, "-c", PRINTING, *RUNS_WHEN_IMPORTED, "fine"], cwd=tmp_path, text=True,
        capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == ""
    *lines, last = done.stderr.splitlines()
    assert [line.split("'")[1] for line in lines] == [f"{name}:T" for name in RUNS_WHEN_IMPORTED]
    assert last == "seen"


def test_what_a_module_changes_for_all_of_the_program_is_put_back(room, tmp_path):
    (tmp_path / "meddling.py").write_text(
        "import os, signal, sys\nos.chdir('/')\nARGUMENTS = sys.argv[1:]\n"
        "sys.argv = []\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    )
    before = sys.argv, signal.getsignal(signal.SIGINT)
    assert load_object("meddling:ARGUMENTS", kind="trainable") != before[0][1:]
    assert (sys.argv, signal.getsignal(signal.SIGINT)) == before
    assert Path.cwd() == tmp_path


def test_a_ctrl_c_while_a_module_is_imported_is_no_mistake_of_the_module(room, tmp_path):
    (tmp_path / "pressed.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    with pytest.raises(KeyboardInterrupt):
        load_object("pressed:T", kind="trainable")


def test_a_module_hidden_by_another_of_its_name_is_told_with_both_places(room, tmp_path):
    (tmp_path / "random.py").write_text("class Mine: pass\n")
    with pytest.raises(UserError, match=r"'random' is .*random.py and not .*random.py: rename it"):
        load_object("random:Mine", kind="trainable")


def test_what_a_program_has_at_hand_is_found_by_the_path_that_a_command_would_be_given():
    assert give(load_object) == f"{load_object.__module__}:load_object"
    one, other = (lambda config: config["x"]), (lambda config: config["x"] + 1)
    low, high = functools.partial(max, 1), functools.partial(max, 2)
    paths = [give(thing) for thing in (one, other, low, high)]
    assert len(set(paths)) == 4
    assert [load_object(path, kind="trainable") for path in paths] == [one, other, low, high]
    assert give(lambda config: config["x"]) == paths[0], "in another process it is the same"
