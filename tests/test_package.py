"""The one import package, beside a project whose own folders have our rooms' names."""

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.docs.test_code_runs import README, before_the_study, blocks

ROOT = Path(__file__).parents[1]
ROOMS = tuple(path.name for path in (ROOT / "automl_on_ray").iterdir() if path.is_symlink())
MINE = """
from tracking.units import METRES
from trainables import NAME as trainables
from searchers import NAME as searchers
from workflows import NAME as workflows
from tests import NAME as tests

assert {trainables, searchers, workflows, tests} == {"mine"}
"""
IN_THE_FUNCTION = """
    from schedulers import NAME as schedulers
    assert schedulers == "mine"
"""

# Everything that rooms whose imports are light offer, and where they are.
EXPORTS = """
import importlib
for name in ("search_spaces", "search_spaces.core", "search_spaces.cells", "trainables.datasets"):
    room = importlib.import_module(f"automl_on_ray.{name}")
    assert room.__all__ and all(getattr(room, each) is not None for each in room.__all__), name
print(room.__file__)
"""


@pytest.fixture
def project(tmp_path):
    """A user's project with packages of our rooms' names, and the README's function in `nas.py`."""
    folder = tmp_path / "project"
    for room in (*ROOMS, "tests"):
        (folder / room).mkdir(parents=True)
        (folder / room / "__init__.py").write_text('NAME = "mine"\n')
    (folder / "tracking" / "units.py").write_text("METRES = 1000.0\n")
    (block,) = blocks(README.read_text(encoding="utf-8"))
    head, end, result = before_the_study(block).partition("    return ")
    (folder / "nas.py").write_text(f"{MINE}{head}{IN_THE_FUNCTION}{end}{result}")
    return folder


@pytest.mark.whole
def test_the_readme_s_function_is_tuned_from_the_shell_beside_packages_of_our_rooms_names(
    project, storage
):
    """With one trial, and in a file that is called as a command of ours."""
    before = {path: path.read_text() for path in project.rglob("*.py")}
    text = README.read_text(encoding="utf-8")
    (command,) = re.findall(r"python (workflows/hpo\.py --trainable mine:.*)", text)
    script, *words = command.replace("mine:", "nas:").split()
    done = subprocess.run(
        [sys.executable, ROOT / script, *words, "--trials", "1", "--searcher", "random",
         "--final-seeds", "0", "--name", "own", "--storage", storage],
        cwd=project, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(project)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 trial: " in done.stdout
    assert {path: path.read_text() for path in before} == before


def test_a_room_is_not_imported_by_its_bare_name():
    done = subprocess.run(
        [sys.executable, "-c", "import tracking"], cwd=ROOT, capture_output=True, text=True
    )
    assert "import automl_on_ray.tracking instead of tracking" in done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a build leaves files beside what it builds
    for name in ("automl_on_ray", *ROOMS):
        shutil.copytree(ROOT / name, source / name, symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(folder)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture
def environment(tmp_path):
    """The Python of an empty virtual environment."""
    venv.create(tmp_path / "environment")
    return tmp_path / "environment" / "bin" / "python"


@pytest.fixture
def theirs(tmp_path):
    """A wheel of another project that has some of our rooms' names for its own packages."""
    files = {f"{room}/__init__.py": 'NAME = "theirs"\n' for room in ROOMS}
    files |= {"nas.py": 'NAME = "theirs"\n', "workflows/nas.py": "", "tracking/store.py": ""}
    about = "theirs-1.0.dist-info"
    files[f"{about}/METADATA"] = "Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n"
    files[f"{about}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(tmp_path / "theirs-1.0-py3-none-any.whl", "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return tmp_path / "theirs-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def plain_copy(tmp_path_factory):
    """A copy of this repository without links, as an archive or a file share may leave it."""
    copy = tmp_path_factory.mktemp("copy")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "automl_on_ray", copy / "automl_on_ray", ignore=ignore)  # follows links
    shutil.copytree(ROOT / "workflows", copy / "workflows", ignore=ignore)
    return copy


def pip(*arguments, python=sys.executable):
    command = [sys.executable, "-m", "pip", "--python", python, *arguments[:1], "--quiet"]
    done = subprocess.run([*command, *arguments[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run(*command, cwd, path):
    """What a Python that finds modules in `path` prints, with our dependencies behind it."""
    libraries = [place for place in sys.path if place.endswith("-packages")]
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*path, *libraries]))},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_wheel_holds_the_one_package_whole_and_nothing_else(wheel):
    names = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
    assert {name.parts[0] for name in names} == {"automl_on_ray", "automl_on_ray-0.1.0.dist-info"}
    ours = {Path("automl_on_ray", *path.relative_to(ROOT).parts)
            for room in ROOMS for path in (ROOT / room).rglob("*.py*")
            if path.suffix in (".py", ".pyi")}  # fmt: skip
    assert ours <= names


@pytest.mark.whole
def test_our_wheel_beside_one_with_our_rooms_names_leaves_both_whole(
    wheel, theirs, environment, tmp_path
):
    (site,) = environment.parents[1].glob("lib/*/site-packages")
    zipfile.ZipFile(theirs).extractall(site)
    alone = held(site)
    pip("install", "--no-deps", "--no-index", wheel, python=environment)
    assert alone.items() <= held(site).items()
    said = run(
        environment, "-c", f"{EXPORTS}\nimport nas, tracking, workflows\n"
        "assert {nas.NAME, tracking.NAME, workflows.NAME} == {'theirs'}",
        cwd=tmp_path, path=[site],
    )  # fmt: skip
    assert Path(said.strip()).is_relative_to(site)
    pip("uninstall", "--yes", "automl-on-ray", python=environment)
    assert held(site) == alone


def test_exports_are_found_in_a_copy_without_links(plain_copy, tmp_path):
    assert not any(path.is_symlink() for path in plain_copy.rglob("*"))
    said = run(sys.executable, "-c", EXPORTS, cwd=tmp_path, path=[plain_copy])
    assert Path(said.strip()).is_relative_to(plain_copy)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["the repository", "a copy without links"])
def test_a_command_answers_from_any_folder(place, plain_copy, tmp_path):
    folder = ROOT if place == "the repository" else plain_copy
    said = run(
        sys.executable, folder / "workflows" / "nas.py", "--help", cwd=tmp_path, path=[folder]
    )
    assert "--trials" in said


def held(folder):
    """Contents by path, without what Python or pip leaves in passing."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
