"""The one import package, beside a project whose own folders have our rooms' names."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = tuple(path.name for path in (ROOT / "automl_on_ray").iterdir() if path.is_symlink())
MINE = """
from ray import tune
from automl_on_ray.search_spaces import SearchSpace
from tracking.units import METRES
from trainables import NAME as trainables
from searchers import NAME as searchers
from workflows import NAME as workflows
from tests import NAME as tests

SPACE = SearchSpace("mine", training={"x": tune.uniform(0.0, 1.0)})

class Mine(tune.Trainable):
    def step(self):
        from schedulers import NAME as schedulers
        assert {trainables, searchers, workflows, tests, schedulers} == {"mine"}
        return {"score": self.config["x"] * METRES, "done": True}

    def save_checkpoint(self, folder):
        pass

    def load_checkpoint(self, folder):
        pass
"""


@pytest.fixture
def project(tmp_path):
    """A user's project with packages of our rooms' names, and a trainable in `nas.py`."""
    folder = tmp_path / "project"
    for room in (*ROOMS, "tests"):
        (folder / room).mkdir(parents=True)
        (folder / room / "__init__.py").write_text('NAME = "mine"\n')
    (folder / "tracking" / "units.py").write_text("METRES = 1000.0\n")
    (folder / "nas.py").write_text(MINE)
    return folder


@pytest.mark.slow
def test_a_project_with_packages_of_our_rooms_names_is_tuned_unharmed(project, storage):
    before = {path: path.read_text() for path in project.rglob("*.py")}
    done = subprocess.run(
        [sys.executable, ROOT / "workflows" / "hpo.py", "--trainable", "nas:Mine",
         "--space", "nas:SPACE", "--objective", "score", "--searcher", "random", "--trials", "2",
         "--epochs", "1", "--final-seeds", "0", "--name", "own", "--storage", storage],
        cwd=project, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(project)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert {path: path.read_text() for path in before} == before


def test_a_room_is_not_imported_by_its_bare_name():
    done = subprocess.run(
        [sys.executable, "-c", "import tracking"], cwd=ROOT, capture_output=True, text=True
    )
    assert "import automl_on_ray.tracking instead of tracking" in done.stderr


def test_a_wheel_holds_the_one_package_whole_and_nothing_else(tmp_path):
    source = tmp_path / "source"  # a build leaves files beside what it builds
    for name in ("automl_on_ray", *ROOMS):
        shutil.copytree(ROOT / name, source / name, symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", tmp_path, source],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
    assert {name.parts[0] for name in names} == {"automl_on_ray", "automl_on_ray-0.1.0.dist-info"}
    ours = {Path("automl_on_ray", *path.relative_to(ROOT).parts)
            for room in ROOMS for path in (ROOT / room).rglob("*.py*")
            if path.suffix in (".py", ".pyi")}  # fmt: skip
    assert ours <= names
