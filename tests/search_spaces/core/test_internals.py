import inspect
import re
import subprocess
import sys
from importlib import metadata
from types import ModuleType

import pytest
import ray

from automl_on_ray.search_spaces.core import Internals, UserError


class Loop:
    kind = "loop"

    def __init__(self):
        self._queue = []

    def step(self, trial, result):
        self._hook(trial)

    def _hook(self, trial, *, timeout=1.0):
        return {"counter": 1, "total": 2}


@pytest.fixture(autouse=True)
def library(monkeypatch):
    module = ModuleType("someones")
    module.Loop = Loop
    monkeypatch.setitem(sys.modules, "someones", module)


@pytest.mark.parametrize(
    "name",
    [
        "Loop",
        "Loop.kind",
        "Loop._queue",
        "Loop.step(trial, result)",
        "Loop.step(trial, ...)".replace("trial, ", "trial, result, "),
        "Loop._hook(trial, timeout)",
        "Loop._hook(trial, ...)",
        "Loop.step -> _hook",
        "Loop._hook -> total",
    ],
)
def test_what_is_there_is_found(name):
    Internals(("ray",), (f"someones:{name}",)).check()


@pytest.mark.parametrize(
    "name",
    [
        "someones:Pool",
        "someones:Loop._other",
        "someones:Loop._other()",
        "someones:Loop.kind()",
        "someones:Loop.step(trial)",  # ours would be given one more
        "someones:Loop.step(trial, ...)",  # and this one may not be left out
        "someones:Loop.step(result, trial)",
        "someones:Loop._hook(trial)",
        "someones:Loop.step -> _other",
        "someones:Loop._other -> _hook",
        "someones.else:Loop",
        "nobodys:Loop",
    ],
)
def test_what_is_missing_is_told_with_the_version_that_is_here_and_those_that_would_do(name):
    installed = metadata.version("ray")
    with pytest.raises(UserError) as told:
        Internals(("ray",), ("someones:Loop", name)).check()
    assert str(told.value).startswith(f"ray {installed} does not fit automl-on-ray, which needs")
    assert name in str(told.value)
    assert re.search(r"Known to work: ray>=\d\S*,<\d\S*\. Install", str(told.value))
    assert "\n" not in str(told.value)


def test_a_class_that_was_made_an_actor_is_as_it_was():
    """Ray adds a parameter to its methods: as in a notebook that used Ray before it imports us."""
    module = sys.modules["someones"]
    module.Actor = type("Actor", (), {"step": lambda self, trial, result: None})
    ray.remote(module.Actor)
    assert "_ray_trace_ctx" in inspect.signature(module.Actor.step).parameters
    Internals(("ray",), ("someones:Actor.step(trial, result)",)).check()


def test_all_that_is_missing_is_counted():
    with pytest.raises(UserError, match=r"needs someones:A \(nor 2 others\)"):
        Internals(("ray",), ("someones:A", "someones:B", "someones:C", "someones:Loop")).check()


def test_it_is_told_without_versions_where_the_code_came_along_without_its_metadata(monkeypatch):
    def nothing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", nothing)
    monkeypatch.setattr(metadata, "version", nothing)
    with pytest.raises(
        UserError, match=r"^ray does not fit automl-on-ray, which needs nobodys:A\."
    ):
        Internals(("ray",), ("nobodys:A",)).check()


def test_while_modules_are_imported_it_is_one_line_and_exit_code_2_too():
    code = (
        "from automl_on_ray.search_spaces.core import Internals\n"
        "Internals(('ray',), ('json:loads',)).check_at_import()\n"
        "Internals(('ray',), ('json:boards',)).check_at_import()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("Error: ray ")
    assert ran.stderr.count("\n") == 1
