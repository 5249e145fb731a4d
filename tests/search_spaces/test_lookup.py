"""From a word on the command line to a module, in a room made for the test."""

import sys
from pathlib import Path

import pytest

import automl_on_ray
from automl_on_ray.search_spaces._errors import UserError
from automl_on_ray.search_spaces._lookup import choices, find, load_object

ROOT = Path(__file__).parents[2]


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
        ("parlour.red_chair:PRICE", "'parlour.red_chair'.*has no 'PRICE'"),
        ("parlour.red_chair", "has no ''"),
        ("parlour.broken_lamp:NAME", "failed: ValueError.*no bulb"),
    ],
)
def test_an_object_that_cannot_be_had_is_refused_with_the_reason(room, path, message):
    with pytest.raises(UserError, match=message):
        load_object(path, kind="trainable")
