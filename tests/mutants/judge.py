"""What the tests say of mutants, one process for each.

Libraries, modules and tests are imported once, in a process that each mutant's is forked from.
There the function's code is put in the place of the original's. What is no function's code, such as
a default or a constant of a module, takes effect as the module is imported. So a mutant with such a
mistake gets a process that imports our modules anew, which takes seconds.
"""

import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import hypothesis
import psutil
import pytest

from tests.mutants.mutations import Mutant

QUIET = ["-q", "-n0", "-p", "no:cacheprovider", "-p", "no:warnings", "--hypothesis-seed=0"]
TIMES, CPU_SECONDS, SECONDS = 4, 5, 600  # what a mutant's tests may take: it may never end


@dataclass
class Case:
    """A mutant, the tests that concern it, and what these take without one.

    `told` is how a line of `equivalent.txt` names it.
    """

    module: Path
    mutant: Mutant
    tests: list[str]
    seconds: float
    told: str


def judge(cases: list[Case], copy: Path, results: Path) -> None:
    """Note of each case whether it was killed or has survived."""
    tests = sorted({test.partition("::")[0] for case in cases for test in case.tests})
    if tests:
        bench = Bench(cases, copy, results.resolve(), os.dup(1))
        forked(lambda: pytest.main([*tests, *QUIET, "-x"], plugins=[bench]), copy)
    quickly = verdicts(results)
    for case in cases:
        if case.told not in quickly:
            alone(case, copy, results)


def verdicts(results: Path) -> dict[str, dict[str, Any]]:
    """What is noted there of mutants, by how `equivalent.txt` names them."""
    lines = results.read_text().splitlines() if results.exists() else []
    return {line["told"]: line for line in map(json.loads, lines)}


def alone(case: Case, copy: Path, results: Path) -> None:
    """By a process that imports everything of ours."""
    before = plant(case, copy)
    code = forked(lambda: limited(case), copy) if case.tests else 0
    (copy / case.module).write_text(before)
    note(case, "killed" if code != 0 else "survived", results, sys.stdout.fileno())


def plant(case: Case, copy: Path) -> str:
    """Put the mistake into the module's file, which other processes import; what was there."""
    before = (copy / case.module).read_text()
    (copy / case.module).write_text(case.mutant.source)
    return before


def limited(case: Case) -> int:
    limit_cpu(case.seconds + CPU_SECONDS)  # to import
    return pytest.main([*case.tests, *QUIET, "-x"])


def note(case: Case, verdict: str, results: Path, terminal: int) -> None:
    """A line in the results, at once: a run that is stopped has done what it has done."""
    line = {"module": str(case.module), "line": case.mutant.line, "told": case.told}
    with results.open("a") as file:
        file.write(json.dumps({**line, "verdict": verdict}) + "\n")
    if verdict == "survived":
        os.write(terminal, f"line {case.mutant.line:3}  {case.told}\n".encode())


@dataclass
class Bench:
    """A plugin: in place of running the tests, pytest is forked for each case and runs its."""

    cases: list[Case]
    copy: Path
    results: Path
    terminal: int
    functions: dict[tuple[str, str, int], list[FunctionType]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def pytest_collection(self) -> None:
        """That a mutant is killed is enough: the smallest example of it is not looked for."""
        kept = hypothesis.settings.default
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", kept, phases=phases)
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        items = {item.nodeid: item for item in session.items}
        for function in (each for each in gc.get_objects() if isinstance(each, FunctionType)):
            self.functions[_place(function.__code__)].append(function)
        gc.freeze()
        for case in self.cases:
            changes = self.changes(case)
            if changes is None or not case.tests:
                continue
            before = plant(case, self.copy)
            pid = os.fork()
            if pid == 0:
                for function, code in changes:
                    function.__code__ = code
                session.items = [items[test] for test in case.tests]
                limit_cpu(case.seconds)
                return None  # pytest goes on with these
            ended = awaited(pid)
            (self.copy / case.module).write_text(before)
            note(case, "killed" if ended != 0 else "survived", self.results, self.terminal)
        return True

    def changes(self, case: Case) -> list[tuple[FunctionType, CodeType]] | None:
        """Functions and their code with the mistake; None if that is no function's code."""
        if f"automl_on_ray.{'.'.join(case.module.with_suffix('').parts)}" not in sys.modules:
            return []  # imported from its file by the first test that uses it
        file = str(self.copy / "automl_on_ray" / case.module)
        outer = case.mutant.where.partition(".<locals>")[0]
        changed = [
            (function, code)
            for code in _codes(compile(case.mutant.source, file, "exec"))
            if code.co_qualname == outer
            for function in self.functions[_place(code)]
            if function.__code__ != code
        ]
        same = all(one.__code__.co_freevars == code.co_freevars for one, code in changed)
        return changed if changed and same else None


def _place(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Of a module's functions and methods."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            if not inner.co_flags & 0x2:  # of a class
                yield from _codes(inner)


def forked(run: Callable[[], int], copy: Path, seconds: float = 36000) -> int | None:
    """What `run` returns in a process of its own; None if it takes too long."""
    pid = os.fork()
    if pid == 0:
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            os.chdir(copy)
            sys.path[:0] = [str(copy)]
            code = int(run())
        except BaseException:
            code = 99
        os._exit(code)
    return awaited(pid, seconds)


def limit_cpu(usual: float) -> None:
    """A loaded computer makes no test fail, and a loop without end does not last for long."""
    most = round(TIMES * usual) + CPU_SECONDS
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))


def awaited(pid: int, seconds: float = SECONDS) -> int | None:
    """How a process ended; None if it was stopped after this time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    for process in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    os.waitpid(pid, 0)
    return None
