"""Do the tests notice a mistake? python -m tests.mutants.run --room searchers

In a copy of the repository, one small mistake at a time is made in a module, and the tests that
call the function with it are run, the quickest first, in a process forked from this one, which has
imported the libraries. A mutant that no test fails for has survived: a test is missing, or the
mutant does the same as the original. Those that do are in `equivalent.txt`, with the reason.

First all tests of the room are run, to see which call what; `--recorded FILE` keeps that. Slow ones
are left out, and those that need Ray unless `--ray` is given: its processes take most of the time.
"""

import ast
import contextlib
import gc
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import psutil
import pytest
import typer

from tests.mutants.mutations import Mutant, mutants
from tests.mutants.recorder import Recorder

ROOT = Path(__file__).parents[2]
ROOMS = ("searchers", "schedulers", "studies")
AT_WORK = ["tests/simulation", "tests/studies/hpo"]
MORE_TESTS = {"searchers": AT_WORK, "schedulers": AT_WORK}
OURS = {"automl_on_ray", "tests", "docs", "benchmarks"}
EQUIVALENT = Path(__file__).parent / "equivalent.txt"
QUIET = ["-q", "-n0", "-p", "no:cacheprovider", "-p", "no:warnings", "--hypothesis-seed=0"]


def main(
    room: Annotated[list[str] | None, typer.Option(help="Room; may be repeated")] = None,
    module: Annotated[list[str] | None, typer.Option(help="File; may be repeated")] = None,
    tests: Annotated[
        list[str] | None, typer.Option(help="Of the room; may be repeated. Default: all")
    ] = None,
    sample: Annotated[int, typer.Option(help="Mutants of each module; 0: all")] = 15,
    seed: Annotated[int, typer.Option(help="Of the sample")] = 0,
    seconds: Annotated[float, typer.Option(help="Of tests for a mutant, by their record")] = 30,
    with_ray: Annotated[bool, typer.Option("--ray", help="Tests that need Ray too")] = False,
    recorded: Annotated[Path | None, typer.Option(help="Which tests call what: kept here")] = None,
    results: Annotated[Path | None, typer.Option(help="JSON to write")] = None,
) -> None:
    """Survivors to the terminal; exit code 1 if any is not explained."""
    modules = [Path(each) for each in module or []] or [
        path.relative_to(ROOT)
        for each in room or ROOMS
        for path in sorted((ROOT / each).rglob("*.py"))
        if path.name != "__init__.py"
    ]
    rooms = sorted({path.parts[0] for path in modules})
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        copy = copied(Path(folder))
        preload(rooms)
        record = recorded or Path(folder) / "recorded.json"
        if not record.exists():
            usual = {t for each in rooms for t in [f"tests/{each}", *MORE_TESTS.get(each, [])]}
            chosen = tests or sorted(usual)
            forked(lambda: recording(copy, chosen, record, with_ray), copy, 3600)
        found = checked(modules, copy, json.loads(record.read_text()), sample, seed, seconds)
    if results:
        results.write_text(json.dumps(found, indent=1))
    summarize(found)
    sys.exit(any(each["verdict"] == "survived" for each in found))


def copied(folder: Path) -> Path:
    """A copy of the repository that every process of a test imports from."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_symlink() or (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    # By their contents, since a mutant is as old as the next, and may be as long.
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "."],
        cwd=folder, check=False, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.environ |= {
        "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }  # fmt: skip
    return folder


def preload(rooms: list[str]) -> None:
    """Import the libraries that the rooms and their tests import, and nothing of ours."""
    files = [
        f for room in rooms for top in (room, f"tests/{room}") for f in (ROOT / top).rglob("*.py")
    ]
    names = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    for name in sorted(name for name in names if name.partition(".")[0] not in OURS):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    assert not [name for name in sys.modules if name.partition(".")[0] == "automl_on_ray"]
    gc.freeze()


def forked(run: Callable[[], int], copy: Path, limit: float) -> int | None:
    """What `run` returns in a process of its own; None if it takes more than `limit` seconds."""
    pid = os.fork()
    if pid == 0:
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            os.chdir(copy)
            sys.path[:0] = [str(copy)]
            for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
                del sys.modules[name]
            code = int(run())
        except BaseException:
            code = 99
        os._exit(code)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    os.waitpid(pid, 0)
    return None


def recording(copy: Path, tests: list[str], record: Path, with_ray: bool) -> int:
    recorder = Recorder(copy, with_ray=with_ray)
    code = pytest.main(
        [*tests, *QUIET, "-m", "not slow", "--continue-on-collection-errors"], plugins=[recorder]
    )
    recorder.write(record)
    return code


def checked(
    modules: list[Path], copy: Path, record: dict[str, Any], sample: int, seed: int, seconds: float
) -> list[dict[str, Any]]:
    """Each mutant, and what became of it."""
    if record["failed"]:
        print("Fail or are skipped without any mutant:", *record["failed"], sep="\n  ")
    explained = {line.rpartition("  # ")[0] for line in EQUIVALENT.read_text().splitlines()}
    found = []
    for module in modules:
        source = (ROOT / module).read_text()
        made = mutants(source)
        if sample and len(made) > sample:
            chosen = random.Random(f"{seed} {module}").sample(range(len(made)), sample)
            made = [made[index] for index in sorted(chosen)]
        for mutant in made:
            verdict = "explained"
            if told(module, mutant) not in explained:
                verdict = judged(mutant, module, copy, record, seconds)
            if verdict == "survived":
                print(f"line {mutant.line:3}  {told(module, mutant)}", flush=True)
            about = {key: value for key, value in asdict(mutant).items() if key != "source"}
            found.append({"module": str(module), **about, "verdict": verdict})
        (copy / module).write_text(source)
    return found


def told(module: Path, mutant: Mutant) -> str:
    """As a line of `equivalent.txt` begins."""
    return f"{module} {mutant.where or '-'}: {mutant.old} -> {mutant.new}"


def judged(mutant: Mutant, module: Path, copy: Path, record: dict[str, Any], limit: float) -> str:
    tests = concerned(mutant, module, record, limit)
    if not tests:
        return "survived"
    (copy / module).write_text(mutant.source)
    usual = sum(record["seconds"][test] for test in tests)
    code = forked(lambda: pytest.main([*tests, *QUIET, "-x"]), copy, 60 + 3 * usual)
    return "survived" if code == 0 else "killed"


def concerned(mutant: Mutant, module: Path, record: dict[str, Any], limit: float) -> list[str]:
    """Tests that call the mutant's function, the quickest first, of `limit` seconds in all.

    For what is outside of functions, or runs in other processes: those that call the module's
    functions, or all of its folder.
    """
    calls, took = record["calls"], record["seconds"]
    near = {t for name, ts in calls.items() if name.startswith(f"{module}::") for t in ts}
    folder = {test for test in took if test.startswith(f"tests/{module.parent}/")}
    tests, total = [], 0.0
    for test in sorted(calls.get(f"{module}::{mutant.where}") or near or folder, key=took.get):
        total += took[test]
        if tests and total > limit:
            break
        tests.append(test)
    return tests


def summarize(found: list[dict[str, Any]]) -> None:
    for room in sorted({each["module"].partition("/")[0] for each in found}):
        ours = [each["verdict"] for each in found if each["module"].startswith(f"{room}/")]
        verdicts = ("killed", "explained", "survived")
        counts = ", ".join(f"{ours.count(verdict)} {verdict}" for verdict in verdicts)
        print(f"{room}: {len(ours)} mutants, {counts}")


if __name__ == "__main__":
    typer.run(main)
