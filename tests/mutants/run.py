"""Do the tests notice a mistake? python -m tests.mutants.run --room searchers

In a copy of the repository, one small mistake at a time is made in a module, and the tests that
call the function with it are run, the quickest first (see `judge.py`). A mutant that no test fails
for has survived: a test is missing, or the mutant does the same as the original. Those that do are
in `equivalent.txt`, with the reason.

First all tests of the room are run, to see which call what. `--recorded FILE` keeps that; from
then on only files of tests that have changed are run for it. Slow tests are left out. So are those
that need Ray unless `--ray` is given: its processes take most of the time.

Modules that draw are left out, unless they are named: nearly all their mutants are a length or a
size of letters, and whether that is well chosen is seen by eye.
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
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from tests.mutants.judge import QUIET, Case, forked, judge, note, verdicts
from tests.mutants.mutations import Mutant, mutants
from tests.mutants.recorder import Recorder, digest, recorded_in

ROOT = Path(__file__).parents[2]
ROOMS = ("searchers", "schedulers", "studies")
AT_WORK = ["tests/simulation", "tests/studies/hpo"]
MORE_TESTS = {"searchers": AT_WORK, "schedulers": AT_WORK}
DRAWING = ("drawing", "pictures", "svg")
OURS = {"automl_on_ray", "tests", "docs", "benchmarks"}
NOT_IMPORTED = r"/(docs|benchmarks|deploy)/|/test_\w+\.py$"
CRASHED = (None, 3, 4, 99)  # exit codes
EQUIVALENT = Path(__file__).parent / "equivalent.txt"


def main(
    room: Annotated[list[str] | None, typer.Option(help="Room; may be repeated")] = None,
    module: Annotated[list[str] | None, typer.Option(help="File; may be repeated")] = None,
    tests: Annotated[
        list[str] | None, typer.Option(help="File or folder; may be repeated. Default: the room's")
    ] = None,
    sample: Annotated[int, typer.Option(help="Mutants of each module; 0: all")] = 15,
    seed: Annotated[int, typer.Option(help="Of the sample")] = 0,
    seconds: Annotated[float, typer.Option(help="Of tests for a mutant, by their record")] = 10,
    with_ray: Annotated[bool, typer.Option("--ray", help="Tests that need Ray too")] = False,
    recorded: Annotated[Path | None, typer.Option(help="Which tests call what: kept here")] = None,
    results: Annotated[
        Path | None, typer.Option(help="A line of JSON each; what is there is not judged again")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="But its survivors are")] = False,
) -> None:
    """Survivors to the terminal; exit code 1 if any is not explained."""
    modules = [Path(each) for each in module or []] or [
        path.relative_to(ROOT)
        for each in room or ROOMS
        for path in sorted((ROOT / each).rglob("*.py"))
        if path.name != "__init__.py" and not path.stem.endswith(DRAWING)
    ]
    rooms = sorted({path.parts[0] for path in modules})
    chosen = tests or sorted({t for r in rooms for t in [f"tests/{r}", *MORE_TESTS.get(r, [])]})
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        copy = copied(Path(folder))
        named = {each: by_name(each, (copy / each).read_text()) for each in modules}
        preload([*modules, *map(Path, chosen)])
        record = (recorded or Path(folder) / "recorded.json").resolve()
        changed = changed_tests(copy, chosen, recorded_in(record)["files"])
        if changed and forked(lambda: recording(copy, changed, record, with_ray), copy) in CRASHED:
            sys.exit("The tests could not be recorded.")
        cases = chosen_cases(named, recorded_in(record), sample, seed, seconds)
        written = results or Path(folder) / "results.jsonl"
        found = checked(cases, copy, written, again)
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
    # By their contents, since a mutant is as old as the next, and may be as long. pytest compiles
    # tests itself.
    words = ["compileall", "-q", "--invalidation-mode", "checked-hash", "-x", NOT_IMPORTED, "."]
    subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, check=False, stdout=subprocess.DEVNULL
    )
    os.environ |= {
        "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }  # fmt: skip
    return folder


def preload(paths: list[Path]) -> None:
    """Import the libraries that these files, and those in these folders, do; nothing of ours."""
    found = [ROOT / path for path in paths]
    files = [f for p in found for f in (p.rglob("*.py") if p.is_dir() else [p])]
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
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # the copy's count
    gc.freeze()


def changed_tests(copy: Path, chosen: list[str], recorded: dict[str, str]) -> list[str]:
    """Files of the chosen tests that are not as they were when they were recorded."""
    paths = [copy / each for each in chosen]
    files = [f for p in paths for f in (sorted(p.rglob("test_*.py")) if p.is_dir() else [p])]
    names = {str(file.relative_to(copy)): digest(file) for file in files}
    return [name for name, told in names.items() if recorded.get(name) != told]


def recording(copy: Path, tests: list[str], record: Path, with_ray: bool) -> int:
    recorder = Recorder(copy, record, with_ray=with_ray)
    return pytest.main(
        [*tests, *QUIET, "-m", "not slow", "--continue-on-collection-errors"], plugins=[recorder]
    )


def chosen_cases(
    named: dict[Path, list[tuple[str, Mutant]]],
    record: dict[str, Any],
    sample: int,
    seed: int,
    seconds: float,
) -> list[Case]:
    if record["failed"]:
        print("Fail or are skipped without any mutant:", *record["failed"], sep="\n  ")
    cases = []
    for module, made in named.items():
        for told, mutant in drawn(made, sample, f"{seed} {module}"):
            tests = concerned(mutant, module, record, seconds)
            usual = sum(record["seconds"][test] for test in tests)
            cases.append(Case(module, mutant, tests, usual, told))
    return cases


def by_name(module: Path, source: str) -> list[tuple[str, Mutant]]:
    """All of a module by how `equivalent.txt` names them: those alike in a function by number."""
    seen: Counter[str] = Counter()
    found = []
    for mutant in mutants(source):
        told = f"{module} {mutant.where or '-'}: {mutant.old} -> {mutant.new}"
        seen[told] += 1
        found.append((f"{told} ({seen[told]})" if seen[told] > 1 else told, mutant))
    return found


def checked(cases: list[Case], copy: Path, results: Path, again: bool) -> list[dict[str, Any]]:
    """Each mutant, and what became of it; survivors that are explained by now are no survivors."""
    explained = {line.rpartition("  # ")[0] for line in EQUIVALENT.read_text().splitlines()}
    kept = {
        told: line
        for told, line in verdicts(results).items()
        if told not in explained and not (again and line["verdict"] == "survived")
    }
    results.write_text("".join(f"{json.dumps(line)}\n" for line in kept.values()))
    for case in (case for case in cases if case.told in explained):
        note(case, "explained", results, sys.stdout.fileno())
    done = explained | kept.keys()
    judge([case for case in cases if case.told not in done], copy, results)
    found = verdicts(results)
    return [found[case.told] for case in cases]


def drawn(made: list[tuple[str, Mutant]], sample: int, seed: str) -> list[tuple[str, Mutant]]:
    if not sample or len(made) <= sample:
        return made
    return [made[i] for i in sorted(random.Random(seed).sample(range(len(made)), sample))]


def concerned(mutant: Mutant, module: Path, record: dict[str, Any], limit: float) -> list[str]:
    """Tests that call the mutant's function, the quickest first, of `limit` seconds in all.

    For what is outside of functions: those that call the module's functions, and all of its folder.
    Where no test is seen to call the function: those of the module's that start other processes.
    """
    calls, took = record["calls"], record["seconds"]
    near = {t for name, ts in calls.items() if name.startswith(f"{module}::") for t in ts}
    if mutant.runs:
        near = set(calls.get(f"{module}::{mutant.where}", near.intersection(record["starting"])))
    else:
        near |= {test for test in took if test.startswith(f"tests/{module.parent}/")}
    tests: list[str] = []
    total = 0.0
    for test in sorted(near, key=took.get):
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
